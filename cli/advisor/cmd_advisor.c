// SPDX-License-Identifier: Apache-2.0
// limpet advisor: finds the subcommand; `list`.
#include <cjson/cJSON.h>
#include <string.h>

#include "advisor.h"
#include "limpet/cmd.h"
#include "limpet/group.h"
#include "limpet/opt.h"

static const lp_group_command_t commands[] = {
    {"run", advisor_cmd_run, "play test cases against a device"},
    {"list", advisor_cmd_list, "the test cases, what they look at, their parameters"},
};

static const lp_group_t group = {
    .name = "advisor",
    .intro = "limpet advisor - the test cases of AWS IoT Device Advisor, on this computer\n\n"
             "  limpet advisor run --port auto\n"
             "  limpet advisor run --device-command ./my-device --junit advisor.xml\n\n",
    .outro = "\nlimpet advisor COMMAND --help tells more.\n",
    .commands = commands,
    .n = sizeof commands / sizeof commands[0],
};

int lp_cmd_advisor(int argc, char **argv)
{
    return lp_group_run(&group, argc, argv);
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
    const char *current = "";
    for (size_t i = 0; i < count; i++) {
        const lp_advisor_case_t *c = &cases[i];
        if (strcmp(current, c->group) != 0) {
            current = c->group;
            lp_ui_out("%s", current);
        }
        lp_ui_out("  %c %-54s %s", c->is_qualification ? '*' : ' ', c->id, c->summary);
        if (c->parameters[0] != '\0') {
            lp_ui_out("    %-54s %s", "", c->parameters);
        }
        list_json(c);
    }
    return LP_EXIT_OK;
}
