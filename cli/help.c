// SPDX-License-Identifier: Apache-2.0
// help, version, completion: what the tool says about itself.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "cli_private.h"
#include "limpet/opt.h"
#include "limpet/ui.h"

static void print_overview(void)
{
    for (const lp_command_t *c = lp_commands; lp_ui.json && c->name != NULL; c++) {
        if (!c->is_hidden) {
            cJSON *line = cJSON_CreateObject();
            cJSON_AddStringToObject(line, "command", c->name);
            cJSON_AddStringToObject(line, "summary", c->summary);
            lp_ui_json_tree(line);
        }
    }
    if (lp_ui.json) {
        return;
    }
    printf("limpet: from a bare board and a crypto chip to a proven cloud connection\n\n"
           "Usage\n  limpet COMMAND [flags]\n\nExamples\n  limpet aws-iot-setup\n"
           "  limpet console\n\nCommands\n");
    for (const lp_command_t *c = lp_commands; c->name != NULL; c++) {
        if (!c->is_hidden) {
            printf("  %-16s %s\n", c->name, c->summary);
        }
    }
    printf("\nlimpet help COMMAND says more about each; limpet help exit-codes lists the exit "
           "codes.\n");
}

static void print_exit_codes(void)
{
    lp_ui_out("Exit codes, the same for every command");
    for (int code = 0; code < 256; code++) {
        if (lp_exit_text(code) != NULL) {
            lp_ui_out("  %3d  %s", code, lp_exit_text(code));
            cJSON *line = cJSON_CreateObject();
            cJSON_AddNumberToObject(line, "exit", code);
            cJSON_AddStringToObject(line, "meaning", lp_exit_text(code));
            lp_ui_json_tree(line);
        }
    }
}

int lp_cmd_help(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_overview();
        return LP_EXIT_OK;
    }
    if (strcmp(argv[1], "exit-codes") == 0) {
        print_exit_codes();
        return LP_EXIT_OK;
    }
    const lp_command_t *command = lp_command_find(argv[1]);
    if (command == NULL) {
        char what[128];
        snprintf(what, sizeof what, "there is no help about \"%.60s\"", argv[1]);
        return lp_ui_fail(LP_EXIT_USAGE, "usage", what, NULL, "limpet help");
    }
    if (command->run == lp_cmd_help) {
        print_overview();
        return LP_EXIT_OK;
    }
    // "help cloud gateway": a group knows its own commands; the others stop at --help.
    char flag[] = "--help";
    char *args[] = {argv[1], argc > 2 ? argv[2] : flag, flag, NULL};
    return command->run(argc > 2 ? 3 : 2, args);
}

int lp_cmd_version(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "version",
        .args = "",
        .summary = "Prints the version of this tool.",
        .examples = {"limpet version", "limpet version --json", NULL},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, NULL, 0, argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    lp_ui_out("limpet %s", LP_VERSION);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "version", LP_VERSION);
    lp_ui_json_tree(object);
    return LP_EXIT_OK;
}
