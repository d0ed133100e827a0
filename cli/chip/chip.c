// SPDX-License-Identifier: Apache-2.0
// `limpet chip`: which of its commands is meant.
#include "limpet/cmd_chip.h"

#include "common.h"
#include "limpet/group.h"

static const lp_group_command_t commands[] = {
    {"new", lp_chip_new, "make a factory-new virtual chip"},
    {"serve", lp_chip_serve, "put virtual chips on an I2C bus that boards and tests can reach"},
    {"show", lp_chip_show, "what is in a virtual chip and what its configuration means, in words"},
    {"cert", lp_chip_cert, "the certificates of an emulated Trust&GO or TrustFLEX part"},
    {"decode", lp_chip_decode, "say what bytes of the bus mean"},
    {"diff", lp_chip_diff, "how two virtual chips differ"},
    {"part", lp_chip_part, "play a part on a serial line"},
    {"trace", lp_chip_trace, "a decoded trace of a bus: live, from a log or a logic analyser"},
};

static const lp_group_t group = {
    .name = "chip",
    .intro = "limpet chip - virtual ATECC508A and ATECC608 chips, exact to the bit\n\n"
             "  limpet chip serve --model atecc508a --state chip.state --listen unix:chip.sock\n"
             "  limpet chip show --state chip.state\n\n",
    .outro = "\nlimpet chip COMMAND --help tells more. All take --json.\n"
             "Exit codes: 0 it worked, 1 failed, 2 usage, 9 conflict, 11 a file of this computer\n",
    .is_command_due = true,
    .commands = commands,
    .n = sizeof commands / sizeof commands[0],
};

int lp_cmd_chip(int argc, char **argv)
{
    return lp_group_run(&group, argc, argv);
}
