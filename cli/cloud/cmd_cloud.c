// SPDX-License-Identifier: Apache-2.0
// limpet cloud: finds the subcommand.
#include "limpet/cmd_cloud.h"

#include "commands.h"
#include "limpet/group.h"

static const lp_group_command_t commands[] = {
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

static const lp_group_t group = {
    .name = "cloud",
    .intro = "limpet cloud - an AWS IoT Core work-alike on this computer\n\n"
             "  limpet cloud up\n"
             "  eval \"$(limpet cloud env)\"\n\n",
    .outro = "\nlimpet cloud COMMAND --help tells more. --dir keeps several clouds apart.\n",
    .commands = commands,
    .n = sizeof commands / sizeof commands[0],
};

int lp_cmd_cloud(int argc, char **argv)
{
    return lp_group_run(&group, argc, argv);
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
