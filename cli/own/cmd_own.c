// SPDX-License-Identifier: Apache-2.0
// limpet setup, limpet remove: the command lines.
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/cmd.h"
#include "limpet/opt.h"
#include "own.h"

enum { MAX_DAYS = 36500, DEVICE_DAYS = 3650, RENEW_DAYS = 30 };

static const int exits[] = {LP_EXIT_NO_BOARD,    LP_EXIT_CHIP,        LP_EXIT_CLOUD,
                            LP_EXIT_CREDENTIALS, LP_EXIT_NETWORK,     LP_EXIT_DECLINED,
                            LP_EXIT_CONFLICT,    LP_EXIT_UNPROVEN,    LP_EXIT_LOCAL,
                            LP_EXIT_BOARD,       LP_EXIT_INTERRUPTED, 0};

static int run(const lp_own_options_t *options, lp_exit_t (*work)(lp_own_t *, lp_fault_t *))
{
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_own_t *o = calloc(1, sizeof *o);
    if (o == NULL) {
        return lp_ui_fail(LP_EXIT_LOCAL, "no-memory", "out of memory", NULL, NULL);
    }
    lp_interrupt_catch();
    o->options = options;
    lp_exit_t rc = LP_EXIT_OK;
    if (options->password_file != NULL) {
        rc = lp_ca_secret_file(options->password_file, "password", o->password, sizeof o->password,
                               &fault);
    }
    rc = rc == LP_EXIT_OK ? work(o, &fault) : rc;
    lp_own_deinit(o);
    free(o);
    if (rc != LP_EXIT_OK && fault.exit != LP_EXIT_OK) {
        if (fault.exit == LP_EXIT_INTERRUPTED && fault.next[0] == '\0') {
            lp_fault_next(&fault, "run the same command again; it goes on where it stopped");
        }
        return lp_fault_print(&fault);
    }
    return (int)rc;
}

static const char *trouble(const lp_own_options_t *o)
{
    if (o->broker == NULL) {
        return "which broker? --broker mqtts://HOST[:PORT]";
    }
    if (o->setup.connect_s < 1 || o->setup.connect_s > 3600) {
        return "--connect-s is between 1 and 3600";
    }
    if (o->days < 1 || o->days > MAX_DAYS || o->renew_days < 0 || o->renew_days >= o->days) {
        return "--days is between 1 and 36500, and --renew-days less";
    }
    if ((o->cert == NULL) != (o->key == NULL)) {
        return "--cert and --key go together";
    }
    return o->password_file != NULL && o->username == NULL ? "--password-file needs --username"
                                                           : NULL;
}

static const char *const ca_help = "the CA's folder (~/.local/share/limpet/ca)";

int lp_cmd_setup(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "setup",
        .args = "",
        .summary = "Takes a bare board with a blank crypto chip to a proven connection to your own "
                   "broker.",
        .examples = {"limpet setup --broker mqtts://broker.local",
                     "limpet setup --broker mqtts://broker.local:8884 --ca ./factory-ca --dry-run",
                     NULL},
        .notes =
            "The certificate comes from your own CA (limpet ca new). Finds board and chip by "
            "itself,\n"
            "shows a plan, asks, and is done only when it has read the board's message at the\n"
            "broker. Run again, it repairs what is missing and renews what ends.",
        .exit_codes = exits,
    };
    lp_own_options_t o = {.setup = {.port = "auto", .use_slot = -1, .connect_s = 60},
                          .days = DEVICE_DAYS,
                          .renew_days = RENEW_DAYS};
    const lp_opt_t opts[] = {
        {"broker", LP_OPT_STR, &o.broker, "URL", "mqtts://HOST[:PORT]"},
        {"port", LP_OPT_STR, &o.setup.port, "PORT", "auto, a device, a board's id, tcp:host:port"},
        {"dry-run", LP_OPT_BOOL, &o.setup.is_dry_run, NULL, "show the plan and change nothing"},
        {"yes", LP_OPT_BOOL, &o.setup.is_yes, NULL, "do not ask, not even before locking the chip"},
        {"ca", LP_OPT_STR, &o.ca_dir, "DIR", ca_help},
        {"ca-key", LP_OPT_STR, &o.ca_key.key, "FILE|URI", "the CA's key (what the folder says)"},
        {"ca-pass-file", LP_OPT_STR, &o.ca_key.pass_file, "FILE", "its passphrase or PIN"},
        {"ca-file", LP_OPT_STR, &o.ca_file, "FILE", "who signs the broker's certificate (this CA)"},
        {"days", LP_OPT_INT, &o.days, "N", "how long a certificate lasts (3650)"},
        {"renew-days", LP_OPT_INT, &o.renew_days, "N", "replace one that ends within these (30)"},
        {"new-certificate", LP_OPT_BOOL, &o.setup.is_new_certificate, NULL,
         "make a new one, also where the old one was revoked"},
        {"cert", LP_OPT_STR, &o.cert, "FILE", "the tool's own at the broker (made for the run)"},
        {"key", LP_OPT_STR, &o.key, "FILE", "its key"},
        {"username", LP_OPT_STR, &o.username, "NAME", "a user name for the tool, too"},
        {"password-file", LP_OPT_STR, &o.password_file, "FILE", "its password, first line"},
        {"software-key", LP_OPT_BOOL, &o.setup.is_software_key_wanted, NULL,
         "go on with a key in flash although no chip answers"},
        {"no-bus-key", LP_OPT_BOOL, &o.setup.is_bus_clear, NULL,
         "leave what the chip says to the board in clear"},
        {"require-chip", LP_OPT_BOOL, &o.setup.is_chip_required, NULL,
         "refuse to make a software key"},
        {"use-slot", LP_OPT_INT, &o.setup.use_slot, "N",
         "use slot N of a chip that is locked already"},
        {"connect-s", LP_OPT_INT, &o.setup.connect_s, "S",
         "how long to wait for the connection (60)"},
        {"baud", LP_OPT_INT, &o.setup.baud, "RATE", "speed of a real serial port (115200)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    const char *wrong = trouble(&o);
    return wrong == NULL ? run(&o, lp_own_run)
                         : lp_ui_fail(LP_EXIT_USAGE, "usage", wrong, NULL, "limpet setup --help");
}

int lp_cmd_remove(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "remove",
        .args = "",
        .summary = "Undoes limpet setup: the board's settings; its certificates are revoked.",
        .examples = {"limpet remove --broker mqtts://broker.local --dry-run",
                     "limpet remove --broker mqtts://broker.local", NULL},
        .notes =
            "The chip's locks and its key stay, since they cannot be undone. The broker refuses "
            "the board\n"
            "once it has the new revocation list. limpet setup sets the same board up again.",
        .exit_codes = exits,
    };
    lp_own_options_t o = {.setup = {.port = "auto", .use_slot = -1, .connect_s = 1},
                          .days = DEVICE_DAYS};
    const lp_opt_t opts[] = {
        {"broker", LP_OPT_STR, &o.broker, "URL", "mqtts://HOST[:PORT]"},
        {"port", LP_OPT_STR, &o.setup.port, "PORT", "auto, a device, a board's id, tcp:host:port"},
        {"dry-run", LP_OPT_BOOL, &o.setup.is_dry_run, NULL, "show the plan and change nothing"},
        {"yes", LP_OPT_BOOL, &o.setup.is_yes, NULL, "do not ask"},
        {"ca", LP_OPT_STR, &o.ca_dir, "DIR", ca_help},
        {"ca-key", LP_OPT_STR, &o.ca_key.key, "FILE|URI", "the CA's key (what the folder says)"},
        {"ca-pass-file", LP_OPT_STR, &o.ca_key.pass_file, "FILE", "its passphrase or PIN"},
        {"baud", LP_OPT_INT, &o.setup.baud, "RATE", "speed of a real serial port (115200)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    const char *wrong = trouble(&o);
    return wrong == NULL ? run(&o, lp_own_remove)
                         : lp_ui_fail(LP_EXIT_USAGE, "usage", wrong, NULL, "limpet remove --help");
}

int lp_cmd_rotate(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "rotate",
        .args = "",
        .summary =
            "Moves a board to a new key and certificate; it is never without one that works.",
        .examples = {"limpet rotate --broker mqtts://broker.local --dry-run",
                     "limpet rotate --broker mqtts://broker.local", NULL},
        .notes = "The old certificate is revoked after the proof with the new one. A board that "
                 "does not\n"
                 "connect with it is sent back; without this computer it goes back by itself, "
                 "after\n"
                 "10 minutes or a restart. Every second time a chip comes back to slot 0's own "
                 "key.",
        .exit_codes = exits,
    };
    lp_own_options_t o = {
        .setup = {.port = "auto", .use_slot = -1, .connect_s = 60, .is_bus_clear = true},
        .days = DEVICE_DAYS};
    const lp_opt_t opts[] = {
        {"broker", LP_OPT_STR, &o.broker, "URL", "mqtts://HOST[:PORT]"},
        {"port", LP_OPT_STR, &o.setup.port, "PORT", "auto, a device, a board's id, tcp:host:port"},
        {"dry-run", LP_OPT_BOOL, &o.setup.is_dry_run, NULL, "show the plan and change nothing"},
        {"yes", LP_OPT_BOOL, &o.setup.is_yes, NULL, "do not ask"},
        {"ca", LP_OPT_STR, &o.ca_dir, "DIR", ca_help},
        {"ca-key", LP_OPT_STR, &o.ca_key.key, "FILE|URI", "the CA's key (what the folder says)"},
        {"ca-pass-file", LP_OPT_STR, &o.ca_key.pass_file, "FILE", "its passphrase or PIN"},
        {"ca-file", LP_OPT_STR, &o.ca_file, "FILE", "who signs the broker's certificate (this CA)"},
        {"days", LP_OPT_INT, &o.days, "N", "how long a certificate lasts (3650)"},
        {"cert", LP_OPT_STR, &o.cert, "FILE", "the tool's own at the broker (made for the run)"},
        {"key", LP_OPT_STR, &o.key, "FILE", "its key"},
        {"username", LP_OPT_STR, &o.username, "NAME", "the tool's user at the broker"},
        {"password-file", LP_OPT_STR, &o.password_file, "FILE", "its password, first line"},
        {"connect-s", LP_OPT_INT, &o.setup.connect_s, "S",
         "how long to wait for the connection (60)"},
        {"baud", LP_OPT_INT, &o.setup.baud, "RATE", "speed of a real serial port (115200)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    const char *wrong = trouble(&o);
    return wrong == NULL ? run(&o, lp_own_rotate)
                         : lp_ui_fail(LP_EXIT_USAGE, "usage", wrong, NULL, "limpet rotate --help");
}
