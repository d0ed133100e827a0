// SPDX-License-Identifier: Apache-2.0
// limpet ca: finds the subcommand.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "limpet/cmd.h"
#include "limpet/group.h"

static const lp_group_command_t commands[] = {
    {"new", lp_ca_cmd_new, "make a CA, or adopt one"},
    {"server", lp_ca_cmd_server, "the broker's certificate, and a mosquitto.conf with it"},
    {"show", lp_ca_cmd_show, "what the CA is, and how long it lasts"},
    {"list", lp_ca_cmd_list, "what it issued"},
    {"issue", lp_ca_cmd_issue, "a certificate for a program, or from a request"},
    {"revoke", lp_ca_cmd_revoke, "put a certificate on the revocation list"},
    {"crl", lp_ca_cmd_crl, "write the revocation list anew"},
};

static const lp_group_t group = {
    .name = "ca",
    .intro = "limpet ca - a small certificate authority of your own, for your own broker\n\n"
             "  limpet ca new --server broker.local\n"
             "  limpet setup --broker mqtts://broker.local\n\n",
    .outro = "\nlimpet ca COMMAND --help tells more. --dir names the folder "
             "(~/.local/share/limpet/ca).\n",
    .commands = commands,
    .n = sizeof commands / sizeof commands[0],
};

int lp_cmd_ca(int argc, char **argv)
{
    return lp_group_run(&group, argc, argv);
}

lp_exit_t lp_ca_open_to_sign(const char *dir, const lp_ca_access_t *access, lp_ca_t **ca,
                             lp_fault_t *f)
{
    lp_exit_t rc = lp_ca_open(dir, ca, f);
    rc = rc == LP_EXIT_OK ? lp_ca_check_clock(*ca, f) : rc;
    return rc == LP_EXIT_OK ? lp_ca_unlock(*ca, access, f) : rc;
}

void lp_ca_date(int64_t t_s, char out[16])
{
    time_t t = (time_t)t_s;
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(out, 16, "%Y-%m-%d", &tm);
}

bool lp_ca_split_hosts(char *text, const char *names[LP_CA_MAX_HOSTS + 1])
{
    size_t n = 0;
    char *save = NULL;
    for (char *p = strtok_r(text, ",", &save); p != NULL; p = strtok_r(NULL, ",", &save)) {
        if (n == LP_CA_MAX_HOSTS || !lp_ca_is_host(p)) {
            return false;
        }
        names[n++] = p;
    }
    names[n] = NULL;
    return n > 0;
}
