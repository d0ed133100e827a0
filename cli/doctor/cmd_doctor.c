// SPDX-License-Identifier: Apache-2.0
// limpet doctor: the computer, the board, the chip, the cloud; what is wrong, and what to do.
#include "doctor.h"
#include "limpet/board_cmd.h"
#include "limpet/cmd.h"

static int run(const lp_board_options_t *options)
{
    doctor_t d = {0};
    lp_interrupt_catch();
    doctor_look_at_computer(&d);
    doctor_look_at_board(&d, options);
    doctor_look_at_network(&d);
    if (lp_interrupt_seen()) {
        lp_fault_t fault = {0};
        (void)lp_fault_interrupted(&fault);
        return lp_fault_print(&fault);
    }
    if (d.bad > 0) {
        lp_ui_info("%u thing%s to mend", d.bad, d.bad == 1 ? "" : "s");
        return LP_EXIT_FINDINGS;
    }
    lp_ui_info("nothing to mend%s", d.notes > 0 ? "; the notes are worth a look" : "");
    return LP_EXIT_OK;
}

int lp_cmd_doctor(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_FINDINGS, LP_EXIT_INTERRUPTED, 0};
    static const lp_help_t help = {
        .name = "doctor",
        .args = "",
        .summary =
            "Looks at this computer, the board, its chip and its cloud, and says what to mend.",
        .examples = {"limpet doctor", "limpet doctor --json | jq 'select(.verdict==\"bad\")'",
                     NULL},
        .notes = "Only looks: nothing is changed.",
        .exit_codes = exits,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS(options),
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    return rc == LP_OPT_GO_ON ? run(&options) : rc;
}
