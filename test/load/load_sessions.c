// SPDX-License-Identifier: Apache-2.0
// load_sessions N: what a change of the registry costs the broker's plugin with N connected
// clients, each with a certificate, thing and attachment of its own: one attachment changes, and
// every session is asked whether it may stay. Prints the milliseconds as one JSON line.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "limpet/pki.h"
#include "limpet/registry.h"
#include "sessions.h"

static const char policy[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\","
    "\"Resource\":\"arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}\"}]}";

static double now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "load_sessions: %s\n", what);
        exit(2);
    }
}

typedef struct {
    lp_registry_t *reg;
    lp_scope_t scope;
    lp_sessions_t sessions;
    char folder[64];
} rig_t;

static void open_rig(rig_t *r)
{
    char path[100];
    cJSON *doc = NULL;
    snprintf(r->folder, sizeof r->folder, "/tmp/limpet-load-XXXXXX");
    must(mkdtemp(r->folder) != NULL && lp_pki_setup(r->folder, "x.localhost", NULL, 0), "folder");
    snprintf(path, sizeof path, "%s/registry.db", r->folder);
    must(lp_registry_open(&r->reg, path, true, NULL, 0) == LP_REG_OK, "registry");
    lp_registry_set_folder(r->reg, r->folder);
    must(lp_reg_account_add(r->reg, "123456789012", "x") == LP_REG_OK &&
             lp_reg_scope(r->reg, "123456789012", "us-east-1", &r->scope) == LP_REG_OK &&
             lp_reg_policy_create(r->reg, &r->scope, "p", policy, &doc) == LP_REG_OK,
         "account");
    cJSON_Delete(doc);
}

static void add_device(rig_t *r, int n)
{
    char name[32];
    cJSON *thing = NULL;
    cJSON *cert = NULL;
    lp_decision_t d;
    lp_session_t *s = NULL;
    snprintf(name, sizeof name, "device-%d", n);
    must(lp_reg_thing_create(r->reg, &r->scope, name, &(lp_thing_config_t){0}, &thing) ==
                 LP_REG_OK &&
             lp_reg_cert_from_csr(r->reg, &r->scope, getenv("LOAD_CSR"), true, &cert) == LP_REG_OK,
         lp_reg_error(r->reg)->message);
    const char *arn =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(cert, "certificateArn"));
    const lp_session_config_t config = {
        .certificate_id =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(cert, "certificateId")),
        .client_id = name,
    };
    must(lp_reg_policy_attach(r->reg, &r->scope, "p", arn) == LP_REG_OK &&
             lp_reg_thing_attach(r->reg, &r->scope, name, arn) == LP_REG_OK &&
             lp_session_open(r->reg, &r->scope, &config, &s, &d) &&
             lp_session_check(s, LP_ACTION_CONNECT, name, &d),
         "device");
    lp_entry_t *e = lp_sessions_put(&r->sessions, s, s);
    must(e != NULL, "memory");
    e->connected = true;
    cJSON_Delete(thing);
    cJSON_Delete(cert);
}

// One change that concerns nobody here, and the look at everybody that follows.
static double one_change(rig_t *r, int n)
{
    char name[32];
    cJSON *doc = NULL;
    lp_decision_t d;
    snprintf(name, sizeof name, "other-%d", n);
    must(lp_reg_thing_create(r->reg, &r->scope, name, &(lp_thing_config_t){0}, &doc) == LP_REG_OK,
         "thing");
    cJSON_Delete(doc);
    double begun = now_ms();
    must(lp_sessions_invalid(&r->sessions, &d) == NULL, "somebody was put out");
    return now_ms() - begun;
}

int main(int argc, char **argv)
{
    enum { RUNS = 10 };
    static rig_t r;
    int count = argc > 1 ? atoi(argv[1]) : 1000;
    double best = 0;
    char command[100];
    must(getenv("LOAD_CSR") != NULL, "LOAD_CSR must be a CSR in PEM");
    open_rig(&r);
    for (int i = 0; i < count; i++) {
        add_device(&r, i);
    }
    one_change(&r, -1); // everybody catches up with the changes of the others
    for (int i = 0; i < RUNS; i++) {
        double ms = one_change(&r, i);
        best = i == 0 || ms < best ? ms : best;
    }
    printf("{\"sessions\":%d,\"unrelated_change_ms\":%.3f}\n", count, best);
    lp_sessions_clear(&r.sessions);
    lp_registry_close(r.reg);
    snprintf(command, sizeof command, "rm -rf %s", r.folder);
    return system(command) == 0 ? 0 : 1;
}
