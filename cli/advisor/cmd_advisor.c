// SPDX-License-Identifier: Apache-2.0
// limpet advisor: finds the subcommand; `list`.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "advisor.h"
#include "limpet/cmd.h"
#include "limpet/opt.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} commands[] = {
    {"run", advisor_cmd_run, "play test cases against a device"},
    {"list", advisor_cmd_list, "the test cases, what they look at, their parameters"},
};

enum { COUNT = sizeof commands / sizeof commands[0] };

static int print_help(void)
{
    printf("limpet advisor - the test cases of AWS IoT Device Advisor, on this computer\n\n"
           "  limpet advisor run --port auto\n"
           "  limpet advisor run --device-command ./my-device --junit advisor.xml\n\n");
    for (size_t i = 0; i < COUNT; i++) {
        printf("  limpet advisor %-8s %s\n", commands[i].name, commands[i].about);
    }
    printf("\nlimpet advisor COMMAND --help tells more.\n");
    return LP_EXIT_OK;
}

int lp_cmd_advisor(int argc, char **argv)
{
    if (lp_opt_is_listing && argc < 2) {
        for (size_t i = 0; i < COUNT; i++) {
            lp_opt_list_command(commands[i].name, commands[i].about);
        }
        return LP_EXIT_OK;
    }
    if (argc < 2 && lp_ui.json) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "limpet advisor needs one of its commands", NULL,
                          "limpet advisor --help");
    }
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        return print_help();
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(commands[i].name, argv[1]) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    char what[100];
    snprintf(what, sizeof what, "limpet advisor has no command \"%.40s\"", argv[1]);
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, NULL, "limpet advisor --help");
}

static void list_json(const lp_advisor_case_t *c)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "id", c->id);
    cJSON_AddStringToObject(o, "group", c->group);
    cJSON_AddStringToObject(o, "summary", c->summary);
    cJSON_AddStringToObject(o, "parameters", c->parameters);
    cJSON_AddNumberToObject(o, "timeout_s", (double)c->timeout_s);
    cJSON_AddBoolToObject(o, "qualification", c->is_qualification);
    lp_ui_json_tree(o);
}

int advisor_cmd_list(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "advisor list",
        .args = "",
        .summary = "Lists the test cases. A * marks those that qualification asks for.",
        .examples = {"limpet advisor list", NULL},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, NULL, 0, argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    size_t count = 0;
    const lp_advisor_case_t *cases = lp_advisor_cases(&count);
    const char *group = "";
    for (size_t i = 0; i < count; i++) {
        const lp_advisor_case_t *c = &cases[i];
        if (strcmp(group, c->group) != 0) {
            group = c->group;
            lp_ui_out("%s", group);
        }
        lp_ui_out("  %c %-54s %s", c->is_qualification ? '*' : ' ', c->id, c->summary);
        if (c->parameters[0] != '\0') {
            lp_ui_out("    %-54s %s", "", c->parameters);
        }
        list_json(c);
    }
    return LP_EXIT_OK;
}
