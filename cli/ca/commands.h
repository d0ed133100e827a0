// SPDX-License-Identifier: Apache-2.0
// The commands `limpet ca`.
#ifndef LP_CA_COMMANDS_H
#define LP_CA_COMMANDS_H

#include "limpet/ca.h"
#include "limpet/opt.h"

int lp_ca_cmd_new(int argc, char **argv);
int lp_ca_cmd_server(int argc, char **argv);
int lp_ca_cmd_show(int argc, char **argv);
int lp_ca_cmd_list(int argc, char **argv);
int lp_ca_cmd_issue(int argc, char **argv);
int lp_ca_cmd_revoke(int argc, char **argv);
int lp_ca_cmd_crl(int argc, char **argv);

enum {
    LP_CA_ROOT_DAYS = 7300,
    LP_CA_SERVER_DAYS = 825,
    LP_CA_DEVICE_DAYS = 3650,
    LP_CA_MAX_DAYS = 36500,
    LP_CA_MAX_HOSTS = 16,
    LP_CA_DAY_S = 86400,
};

// Rows of a table of flags: the folder (const char *), and the way to the key (lp_ca_access_t).
#define LP_CA_FLAG_DIR(dir)                                                                        \
    {                                                                                              \
        "dir", LP_OPT_STR, &(dir), "DIR", "the CA's folder (~/.local/share/limpet/ca)"             \
    }
#define LP_CA_FLAG_PASS(access)                                                                    \
    {                                                                                              \
        "ca-pass-file", LP_OPT_STR, &(access).pass_file, "FILE", "passphrase or PIN, first line"   \
    }
#define LP_CA_FLAGS_KEY(access)                                                                    \
    {"ca-key", LP_OPT_STR, &(access).key, "FILE|URI", "the CA's key (what the folder says)"},      \
        LP_CA_FLAG_PASS(access)

// Opens the folder and the key.
lp_exit_t lp_ca_open_to_sign(const char *dir, const lp_ca_access_t *access, lp_ca_t **ca,
                             lp_fault_t *f);

// "2026-11-28"
void lp_ca_date(int64_t t_s, char out[16]);

// Splits "a,b,c" in place; false when one is no host or there are too many. names is null-ended.
bool lp_ca_split_hosts(char *text, const char *names[LP_CA_MAX_HOSTS + 1]);

#endif
