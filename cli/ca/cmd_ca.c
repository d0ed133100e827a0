// SPDX-License-Identifier: Apache-2.0
// limpet ca: finds the subcommand.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "limpet/cmd.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} commands[] = {
    {"new", lp_ca_cmd_new, "make a CA, or adopt one"},
    {"server", lp_ca_cmd_server, "the broker's certificate, and a mosquitto.conf with it"},
    {"show", lp_ca_cmd_show, "what the CA is, and how long it lasts"},
    {"list", lp_ca_cmd_list, "what it issued"},
    {"issue", lp_ca_cmd_issue, "a certificate for a program, or from a request"},
    {"revoke", lp_ca_cmd_revoke, "put a certificate on the revocation list"},
    {"crl", lp_ca_cmd_crl, "write the revocation list anew"},
};

enum { COUNT = sizeof commands / sizeof commands[0] };

static int print_help(void)
{
    printf("limpet ca - a small certificate authority of your own, for your own broker\n\n"
           "  limpet ca new --server broker.local\n"
           "  limpet setup --broker mqtts://broker.local\n\n");
    for (size_t i = 0; i < COUNT; i++) {
        printf("  limpet ca %-8s %s\n", commands[i].name, commands[i].about);
    }
    printf("\nlimpet ca COMMAND --help tells more. --dir names the folder "
           "(~/.local/share/limpet/ca).\n");
    return LP_EXIT_OK;
}

static int fail_unknown(const char *name)
{
    const char *names[COUNT + 1] = {0};
    char what[100];
    char next[100];
    for (size_t i = 0; i < COUNT; i++) {
        names[i] = commands[i].name;
    }
    const char *near = lp_opt_nearest(name, names);
    snprintf(what, sizeof what, "limpet ca has no command \"%.40s\"", name);
    snprintf(next, sizeof next, "limpet ca %s", near != NULL ? near : "--help");
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, NULL, next);
}

int lp_cmd_ca(int argc, char **argv)
{
    if (lp_opt_is_listing && argc < 2) {
        for (size_t i = 0; i < COUNT; i++) {
            lp_opt_list_command(commands[i].name, commands[i].about);
        }
        return LP_EXIT_OK;
    }
    if (argc < 2 && lp_ui.json) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "limpet ca needs one of its commands", NULL,
                          "limpet ca --help");
    }
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        return print_help();
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(commands[i].name, argv[1]) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    return fail_unknown(argv[1]);
}

int lp_ca_end(lp_exit_t rc, const lp_fault_t *f)
{
    return rc != LP_EXIT_OK && f->exit != LP_EXIT_OK ? lp_fault_print(f) : (int)rc;
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
