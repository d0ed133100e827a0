// SPDX-License-Identifier: Apache-2.0
// limpet cloud: finds the subcommand.
#include "limpet/cmd_cloud.h"

#include <stdio.h>
#include <string.h>

#include "commands.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} commands[] = {
    {"up", cloud_cmd_up, "start the cloud (makes it the first time)"},
    {"down", cloud_cmd_down, "stop it; what it knows stays"},
    {"status", cloud_cmd_status, "is it up, where does it listen"},
    {"watch", cloud_cmd_watch, "follow what happens: connects, refusals with the reason, messages"},
    {"env", cloud_cmd_env, "print what a shell must set for the AWS tools"},
    {"account", cloud_cmd_account, "further accounts, each with a profile"},
    {"export", cloud_cmd_export, "all it knows into a file, keys included"},
    {"import", cloud_cmd_import, "a cloud from such a file"},
    {"reset", cloud_cmd_reset, "stop it and forget everything"},
    {"gateway", cloud_cmd_gateway, "a further way in, over a NATS cluster"},
    {"front", cloud_cmd_front, NULL}, // a part of a running cloud, not for people
};

enum { COUNT = sizeof commands / sizeof commands[0] };

static int print_help(void)
{
    printf("limpet cloud - an AWS IoT Core work-alike on this computer\n\n"
           "  limpet cloud up\n"
           "  eval \"$(limpet cloud env)\"\n\n");
    for (size_t i = 0; i < COUNT; i++) {
        if (commands[i].about != NULL) {
            printf("  limpet cloud %-8s %s\n", commands[i].name, commands[i].about);
        }
    }
    printf("\nlimpet cloud COMMAND --help tells more. --dir keeps several clouds apart.\n");
    return LP_EXIT_OK;
}

static int fail_unknown(const char *name)
{
    const char *names[COUNT + 1] = {0};
    char what[100];
    char next[100];
    for (size_t i = 0; i < COUNT; i++) {
        names[i] = commands[i].about != NULL ? commands[i].name : "";
    }
    const char *near = lp_opt_nearest(name, names);
    snprintf(what, sizeof what, "limpet cloud has no command \"%.40s\"", name);
    snprintf(next, sizeof next, "limpet cloud %s", near != NULL ? near : "--help");
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, NULL, next);
}

int lp_cmd_cloud(int argc, char **argv)
{
    if (lp_opt_is_listing && argc < 2) {
        for (size_t i = 0; i < COUNT; i++) {
            if (commands[i].about != NULL) {
                lp_opt_list_command(commands[i].name, commands[i].about);
            }
        }
        return LP_EXIT_OK;
    }
    if (argc < 2 && lp_ui.json) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "limpet cloud needs one of its commands", NULL,
                          "limpet cloud --help");
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
    return fail_unknown(argv[1]);
}

int cloud_find_place(const char *dir, cloud_place_t *place)
{
    char why[WHY_SIZE];
    if (cloud_place(dir, place, why, sizeof why)) {
        return LP_OPT_GO_ON;
    }
    return lp_ui_fail(LP_EXIT_USAGE, "cloud-dir", "the cloud's folder cannot be used", why,
                      "name one with --dir");
}
