// SPDX-License-Identifier: Apache-2.0
// limpet ca new, limpet ca server.
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

static const char server_help[] = "names or addresses of the broker, with commas in between";
static const int exits[] = {LP_EXIT_CREDENTIALS, LP_EXIT_CONFLICT, LP_EXIT_LOCAL,
                            LP_EXIT_INTERRUPTED, 0};

static lp_exit_t make_server(lp_ca_t *ca, const char *hosts, lp_ca_server_t *server, lp_fault_t *f)
{
    const char *names[LP_CA_MAX_HOSTS + 1];
    char *copy = strdup(hosts);
    lp_exit_t rc = LP_EXIT_OK;
    if (copy == NULL || !lp_ca_split_hosts(copy, names)) {
        rc = lp_fault_set(f, LP_EXIT_USAGE, "usage", "\"%.100s\" is not a list of hosts", hosts);
        lp_fault_next(f, "names or addresses with commas in between: broker.local,192.0.2.7");
    } else {
        server->names = names;
        rc = lp_ca_make_server(ca, server, f);
    }
    free(copy);
    return rc;
}

static void say_server(const lp_ca_t *ca, const char *hosts)
{
    lp_ui_out("Broker   %s/broker: certificate for %s, configuration, revocation list",
              lp_ca_dir(ca), hosts);
    lp_ui_out("         try it: mosquitto -c %s/broker/mosquitto.conf", lp_ca_dir(ca));
}

static void say_new(const lp_ca_t *ca, const char *hosts, bool is_plain)
{
    char date[16];
    lp_ca_date(lp_ca_end_s(ca), date);
    lp_ui_out("CA       %s/ca.pem, good until %s", lp_ca_dir(ca), date);
    lp_ui_out("Key      %s", lp_ca_key_place(ca));
    if (hosts != NULL) {
        say_server(ca, hosts);
    }
    if (is_plain) {
        lp_ui_warn("the CA's key is a file that no passphrase protects: whoever copies it can make "
                   "devices. --encrypt, or a token (--ca-key pkcs11:...), is better");
    }
    cJSON *e = cJSON_CreateObject();
    cJSON_AddStringToObject(e, "dir", lp_ca_dir(ca));
    cJSON_AddStringToObject(e, "key", lp_ca_key_place(ca));
    cJSON_AddStringToObject(e, "ends", date);
    lp_ui_event("ca", e);
}

static lp_exit_t run_new(const lp_ca_new_t *w, const char *hosts, lp_ca_server_t *server,
                         lp_fault_t *f)
{
    lp_ca_t *ca = NULL;
    char *copy = hosts != NULL ? strdup(hosts) : NULL;
    const char *names[LP_CA_MAX_HOSTS + 1];
    bool is_right = hosts == NULL || (copy != NULL && lp_ca_split_hosts(copy, names));
    free(copy);
    if (!is_right) {
        return make_server(NULL, hosts, server, f); // says what is wrong
    }
    lp_exit_t rc = lp_ca_new(w, &ca, f);
    if (rc == LP_EXIT_OK && hosts != NULL) {
        rc = make_server(ca, hosts, server, f);
    }
    if (rc == LP_EXIT_OK) {
        say_new(ca, hosts,
                w->access.key == NULL && w->access.pass_file == NULL && !w->is_encrypted);
    }
    lp_ca_close(ca);
    return rc;
}

int lp_ca_cmd_new(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "ca new",
        .args = "",
        .summary = "Makes a small CA: a root, its key, a register, a revocation list.",
        .examples = {"limpet ca new --server broker.local,192.0.2.7 --encrypt",
                     "limpet ca new --ca-key 'pkcs11:token=ca;object=root' --make-key",
                     "limpet ca new --ca-cert root.pem --ca-key root.key", NULL},
        .notes = "With --server it also makes the broker's certificate and a configuration for "
                 "mosquitto.\n"
                 "--ca-cert and --ca-key take a CA that you have; its key stays where it is.",
        .exit_codes = exits,
    };
    lp_ca_new_t w = {.days = LP_CA_ROOT_DAYS};
    const char *hosts = NULL;
    lp_ca_server_t server = {.port = 8883, .days = LP_CA_SERVER_DAYS};
    const lp_opt_t opts[] = {
        LP_CA_FLAG_DIR(w.dir),
        {"name", LP_OPT_STR, &w.name, "NAME", "name of the root (Limpet CA and four bytes)"},
        {"server", LP_OPT_STR, &hosts, "HOST,...", server_help},
        {"broker-port", LP_OPT_INT, &server.port, "PORT", "for mosquitto.conf (8883)"},
        {"at", LP_OPT_STR, &server.at, "DIR", "where the broker's files will be (DIR/broker)"},
        {"days", LP_OPT_INT, &w.days, "N", "how long the root lasts (7300)"},
        {"encrypt", LP_OPT_BOOL, &w.is_encrypted, NULL, "ask for a passphrase for the key"},
        LP_CA_FLAG_PASS(w.access),
        {"ca-key", LP_OPT_STR, &w.access.key, "FILE|URI", "a key that exists: PEM, or pkcs11:..."},
        {"ca-cert", LP_OPT_STR, &w.cert, "FILE", "the root of a CA that exists"},
        {"make-key", LP_OPT_BOOL, &w.is_key_made, NULL, "make the key in the token"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    bool is_named = w.name == NULL || (w.name[0] != '\0' && strlen(w.name) <= LP_CA_NAME_MAX);
    if (w.days < 1 || w.days > LP_CA_MAX_DAYS || !is_named || server.port < 1 ||
        server.port > 65535 || (w.cert != NULL && w.access.key == NULL)) {
        return lp_ui_fail(
            LP_EXIT_USAGE, "usage",
            "--days is 1 to 36500, --name at most 64 bytes, --broker-port a port; --ca-cert "
            "needs --ca-key",
            NULL, "limpet ca new --help");
    }
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_interrupt_catch();
    return lp_fault_end(run_new(&w, hosts, &server, &fault), &fault);
}

int lp_ca_cmd_server(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "ca server",
        .args = "HOST[,HOST...]",
        .summary = "Makes a certificate for the broker, and a mosquitto.conf with it.",
        .examples = {"limpet ca server broker.local,192.0.2.7",
                     "limpet ca server --days 90 localhost", NULL},
        .notes =
            "The one before keeps its validity; limpet ca list shows it. acl.conf is made once "
            "and then yours.",
        .exit_codes = exits,
        .max_args = 1,
    };
    const char *dir = NULL;
    lp_ca_access_t access = {.key = NULL};
    lp_ca_server_t server = {.port = 8883, .days = LP_CA_SERVER_DAYS};
    const lp_opt_t opts[] = {
        LP_CA_FLAG_DIR(dir),
        {"broker-port", LP_OPT_INT, &server.port, "PORT", "for mosquitto.conf (8883)"},
        {"at", LP_OPT_STR, &server.at, "DIR", "where the broker's files will be (DIR/broker)"},
        {"days", LP_OPT_INT, &server.days, "N", "how long it lasts (825)"},
        LP_CA_FLAGS_KEY(access),
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args != 1 || server.days < 1 || server.days > LP_CA_MAX_DAYS || server.port < 1 ||
        server.port > 65535) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name the broker's hosts; --days is 1 to 36500",
                          NULL, "limpet ca server --help");
    }
    lp_ca_t *ca = NULL;
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_interrupt_catch();
    lp_exit_t done = lp_ca_open_to_sign(dir, &access, &ca, &fault);
    done = done == LP_EXIT_OK ? make_server(ca, argv[1], &server, &fault) : done;
    if (done == LP_EXIT_OK) {
        say_server(ca, argv[1]);
        lp_ui_event("done", NULL);
    }
    lp_ca_close(ca);
    return lp_fault_end(done, &fault);
}
