// SPDX-License-Identifier: Apache-2.0
// limpet aws-iot-setup: the command line of it.
#include <stdlib.h>

#include "aws_opts.h"
#include "limpet/cmd.h"
#include "limpet/opt.h"
#include "setup.h"

static int run(const lp_setup_options_t *options)
{
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_setup_t *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return lp_ui_fail(LP_EXIT_LOCAL, "no-memory", "out of memory", NULL, NULL);
    }
    lp_interrupt_catch();
    s->options = options;
    lp_exit_t rc = lp_setup_run(s, &fault);
    lp_setup_deinit(s);
    free(s);
    if (rc != LP_EXIT_OK && fault.exit != LP_EXIT_OK) {
        if (fault.exit == LP_EXIT_INTERRUPTED && fault.next[0] == '\0') {
            lp_fault_next(&fault, "run the same command again; it goes on where it stopped");
        }
        return lp_fault_print(&fault);
    }
    return (int)rc;
}

static const char *bad_names(const lp_setup_options_t *o)
{
    if ((o->thing_type != NULL && !lp_iot_is_thing_name(o->thing_type)) ||
        (o->group != NULL && !lp_iot_is_thing_name(o->group))) {
        return "--thing-type and --group are 1 to 128 letters, digits, ':', '_' and '-'";
    }
    if (o->attributes != NULL && !lp_iot_is_attributes(o->attributes)) {
        return "--attributes is name=value,name=value of letters, digits and _.:/@#-";
    }
    return NULL;
}

int lp_cmd_aws_iot_setup(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_NO_BOARD,    LP_EXIT_CHIP,        LP_EXIT_CLOUD,
                                LP_EXIT_CREDENTIALS, LP_EXIT_NETWORK,     LP_EXIT_DECLINED,
                                LP_EXIT_CONFLICT,    LP_EXIT_UNPROVEN,    LP_EXIT_LOCAL,
                                LP_EXIT_BOARD,       LP_EXIT_INTERRUPTED, 0};
    static const lp_help_t help = {
        .name = "aws-iot-setup",
        .args = "",
        .summary = "Takes a bare board with a blank crypto chip to a proven connection to AWS IoT.",
        .examples = {"limpet aws-iot-setup",
                     "limpet aws-iot-setup --port /dev/ttyUSB0 --aws-region eu-central-1 --dry-run",
                     NULL},
        .notes =
            "Finds board and chip by itself, shows a plan, asks, and is done only when it has "
            "seen\n"
            "the board connect with its new certificate. Run again, it repairs what is missing.\n"
            "Credentials: environment, profile files, credential_process; never asked for.",
        .exit_codes = exits,
    };
    lp_setup_options_t o = {.port = "auto", .use_slot = -1, .connect_s = 60};
    const lp_opt_t opts[] = {
        {"port", LP_OPT_STR, &o.port, "PORT", "auto, a device, a board's id, tcp:host:port"},
        {"dry-run", LP_OPT_BOOL, &o.is_dry_run, NULL, "show the plan and change nothing"},
        {"yes", LP_OPT_BOOL, &o.is_yes, NULL, "do not ask, not even before locking the chip"},
        LP_AWS_OPTS(o.aws),
        {"broker-ca", LP_OPT_STR, &o.broker_ca, "FILE",
         "CA that the board trusts (Amazon's roots)"},
        {"thing", LP_OPT_STR, &o.thing, "NAME", "name of the thing (the board's id)"},
        {"thing-type", LP_OPT_STR, &o.thing_type, "NAME", "type of a thing that is made"},
        {"attributes", LP_OPT_STR, &o.attributes, "K=V,...", "attributes of a thing that is made"},
        {"group", LP_OPT_STR, &o.group, "NAME", "thing group that the thing joins"},
        {"policy", LP_OPT_STR, &o.policy_file, "FILE", "a policy document of your own"},
        {"policy-name", LP_OPT_STR, &o.policy, "NAME",
         "policy (limpet-device, or the file's name)"},
        {"software-key", LP_OPT_BOOL, &o.is_software_key_wanted, NULL,
         "go on with a key in flash although no chip answers"},
        {"no-bus-key", LP_OPT_BOOL, &o.is_bus_clear, NULL,
         "leave what the chip says to the board in clear"},
        {"require-chip", LP_OPT_BOOL, &o.is_chip_required, NULL, "refuse to make a software key"},
        {"use-slot", LP_OPT_INT, &o.use_slot, "N", "use slot N of a chip that is locked already"},
        {"new-certificate", LP_OPT_BOOL, &o.is_new_certificate, NULL,
         "make a new one where the old one was revoked"},
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
    const char *wrong = bad_names(&o);
    return wrong == NULL ? run(&o) : lp_ui_fail(LP_EXIT_USAGE, "usage", wrong, NULL, NULL);
}
