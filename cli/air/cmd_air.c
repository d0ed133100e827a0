// SPDX-License-Identifier: Apache-2.0
// `limpet air`: which of its commands is meant.
#include <stdio.h>
#include <string.h>

#include "air_private.h"
#include "limpet/cmd.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"serve", air_cmd_serve, "put Wi-Fi networks on an air that virtual boards have radios on"},
    {"tell", air_cmd_tell, "change what is on it, or list it"},
    {"join", air_cmd_join, "join a network there, and reach what is behind it"},
};

enum { COUNT = sizeof commands / sizeof commands[0] };

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

static void print_help(void)
{
    printf("limpet air: emulated Wi-Fi networks, for virtual boards\n\n"
           "  limpet air serve networks.air --socket air.sock\n"
           "  limpet-board --air air.sock ...\n"
           "  limpet air tell --socket air.sock set home power=off\n\n"
           "Commands\n");
    for (size_t i = 0; i < COUNT; i++) {
        printf("  %-8s %s\n", commands[i].name, commands[i].summary);
    }
    printf("\nlimpet air COMMAND --help tells more. All take --json.\n"
           "Exit codes: 0 it worked, 1 failed, 2 usage, 6 wrong password, 7 not reached, 11 a file "
           "of this computer\n");
}

int lp_cmd_air(int argc, char **argv)
{
    if (lp_opt_is_listing && argc < 2) {
        for (size_t i = 0; i < COUNT; i++) {
            printf("%s\t\t%s\n", commands[i].name, commands[i].summary);
        }
        return LP_EXIT_OK;
    }
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        print_help();
        return LP_EXIT_OK;
    }
    for (size_t i = 0; argc > 1 && i < COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    return lp_ui_fail(LP_EXIT_USAGE, "usage", "limpet air needs one of its commands",
                      "serve, tell or join", "limpet air --help");
}
