// SPDX-License-Identifier: Apache-2.0
// `limpet air`: which of its commands is meant.
#include <stdio.h>

#include "air_private.h"
#include "limpet/cmd.h"
#include "limpet/group.h"

static const lp_group_command_t commands[] = {
    {"serve", air_cmd_serve, "put Wi-Fi networks on an air that virtual boards have radios on"},
    {"tell", air_cmd_tell, "change what is on it, or list it"},
    {"join", air_cmd_join, "join a network there, and reach what is behind it"},
};

static const lp_group_t group = {
    .name = "air",
    .intro = "limpet air - emulated Wi-Fi networks, for virtual boards\n\n"
             "  limpet air serve networks.air --socket air.sock\n"
             "  limpet-board --air air.sock ...\n"
             "  limpet air tell --socket air.sock set home power=off\n\n",
    .outro =
        "\nlimpet air COMMAND --help tells more. All take --json.\n"
        "Exit codes: 0 it worked, 1 failed, 2 usage, 6 wrong password, 7 not reached, 11 a file "
        "of this computer\n",
    .is_command_due = true,
    .commands = commands,
    .n = sizeof commands / sizeof commands[0],
};

volatile sig_atomic_t air_is_over;

static void on_signal(int number)
{
    (void)number;
    air_is_over = 1;
}

void air_catch_signals(void)
{
    const struct sigaction stop = {.sa_handler = on_signal};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
}

int air_reach(const char *socket)
{
    const int fd = air_dial(socket);
    if (fd < 0) {
        char what[256];
        snprintf(what, sizeof what, "there is no air at %.200s", socket);
        (void)lp_ui_fail(LP_EXIT_LOCAL, "air-gone", what, "nobody listens on this socket",
                         "limpet air serve FILE --socket PATH");
    }
    return fd;
}

int lp_cmd_air(int argc, char **argv)
{
    return lp_group_run(&group, argc, argv);
}
