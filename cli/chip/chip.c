// SPDX-License-Identifier: Apache-2.0
// `limpet chip`: which of its commands is meant.
#include "limpet/cmd_chip.h"

#include <string.h>

#include "common.h"

static const struct {
    const char *name;
    chip_command_fn *run;
    const char *summary;
} COMMANDS[] = {
    {"new", lp_chip_new, "make a factory-new virtual chip"},
    {"serve", lp_chip_serve, "put virtual chips on an I2C bus that boards and tests can reach"},
    {"show", lp_chip_show, "what is in a virtual chip and what its configuration means, in words"},
    {"cert", lp_chip_cert, "the certificates of an emulated Trust&GO or TrustFLEX part"},
    {"decode", lp_chip_decode, "say what bytes of the bus mean"},
    {"diff", lp_chip_diff, "how two virtual chips differ"},
    {"part", lp_chip_part, "play a part on a serial line"},
    {"trace", lp_chip_trace, "a decoded trace of a bus: live, from a log or a logic analyser"},
};

enum { COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0] };

static void print_help(void)
{
    printf("limpet chip: virtual ATECC508A and ATECC608 chips, exact to the bit\n\n"
           "  limpet chip serve --model atecc508a --state chip.state --listen unix:chip.sock\n"
           "  limpet chip show --state chip.state\n\n"
           "Commands\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        printf("  %-8s %s\n", COMMANDS[i].name, COMMANDS[i].summary);
    }
    printf("\nlimpet chip COMMAND --help tells more. All take --json.\n"
           "Exit codes: 0 it worked, 1 failed, 2 usage, 9 conflict, 11 a file of this computer\n");
}

static int fail_unknown(const char *name)
{
    const char *names[COMMAND_COUNT + 1] = {NULL};
    char what[128];
    char why[128];
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = COMMANDS[i].name;
    }
    const char *near = lp_opt_nearest(name, names);
    snprintf(what, sizeof what, "there is no command \"chip %.60s\"", name);
    snprintf(why, sizeof why, "did you mean \"chip %s\"?", near != NULL ? near : "");
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, near != NULL ? why : NULL,
                      "limpet chip --help");
}

int lp_cmd_chip(int argc, char **argv)
{
    if (lp_opt_is_listing && argc < 2) {
        for (size_t i = 0; i < COMMAND_COUNT; i++) {
            lp_opt_list_command(COMMANDS[i].name, COMMANDS[i].summary);
        }
        return LP_EXIT_OK;
    }
    if (argc < 2) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "limpet chip needs one of its commands",
                          "new, serve, show, cert, decode, diff, part or trace",
                          "limpet chip --help");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help();
        return LP_EXIT_OK;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], COMMANDS[i].name) == 0) {
            return COMMANDS[i].run(argc - 1, argv + 1);
        }
    }
    return fail_unknown(argv[1]);
}
