// SPDX-License-Identifier: Apache-2.0
// limpet aws-iot-rotate: the command line of it.
#include <stdlib.h>

#include "aws_opts.h"
#include "limpet/cmd.h"
#include "limpet/opt.h"
#include "rotate.h"

static int run(const lp_setup_options_t *options)
{
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_rotation_t *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return lp_ui_fail(LP_EXIT_LOCAL, "no-memory", "out of memory", NULL, NULL);
    }
    lp_interrupt_catch();
    r->setup.options = options;
    lp_exit_t rc = lp_rotate_run(r, &fault);
    lp_setup_deinit(&r->setup);
    free(r);
    if (rc == LP_EXIT_OK || fault.exit == LP_EXIT_OK) {
        return (int)rc;
    }
    if (fault.next[0] == '\0') {
        lp_fault_next(&fault, "run the same command again; it goes on where it stopped");
    }
    return lp_fault_print(&fault);
}

int lp_cmd_aws_iot_rotate(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_NO_BOARD,    LP_EXIT_CHIP,        LP_EXIT_CLOUD,
                                LP_EXIT_CREDENTIALS, LP_EXIT_NETWORK,     LP_EXIT_DECLINED,
                                LP_EXIT_CONFLICT,    LP_EXIT_UNPROVEN,    LP_EXIT_LOCAL,
                                LP_EXIT_BOARD,       LP_EXIT_INTERRUPTED, 0};
    static const lp_help_t help = {
        .name = "aws-iot-rotate",
        .args = "",
        .summary = "Moves a device to a new key and certificate; the old one works until the new "
                   "one was proven.",
        .examples = {"limpet aws-iot-rotate --dry-run", "limpet aws-iot-rotate", NULL},
        .notes = "If the board does not connect with the new certificate in time, it is sent back "
                 "to the old one;\n"
                 "without this computer it goes back by itself, after 10 minutes or a restart.\n"
                 "Run again after an interruption, it goes on where it stopped.",
        .exit_codes = exits,
    };
    lp_setup_options_t o = {.port = "auto", .use_slot = -1, .connect_s = 60};
    const lp_opt_t opts[] = {
        {"port", LP_OPT_STR, &o.port, "PORT", "auto, a device, a board's id, tcp:host:port"},
        {"dry-run", LP_OPT_BOOL, &o.is_dry_run, NULL, "show the plan and change nothing"},
        {"yes", LP_OPT_BOOL, &o.is_yes, NULL, "do not ask"},
        LP_AWS_OPTS(o.aws),
        {"connect-s", LP_OPT_INT, &o.connect_s, "S", "how long to wait for the connection (60)"},
        {"baud", LP_OPT_INT, &o.baud, "RATE", "speed of a real serial port (115200)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (o.connect_s < 1 || o.connect_s > 3600) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--connect-s is between 1 and 3600", NULL, NULL);
    }
    return run(&o);
}
