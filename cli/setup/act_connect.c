// SPDX-License-Identifier: Apache-2.0
// Step 5: settings, restart, and the proof: the board says that it is connected with this
// certificate, publishes a nonce that nobody else knows, and the cloud hands out that very message.
// Settings that are only tried are confirmed then.
#include <sys/random.h>
#include <time.h>

#include "json_take.h"
#include "limpet/hexline.h"
#include "observe.h"
#include "setup.h"

enum {
    POLL_MS = 120,
    REBOOT_MS = 20000,
    RETAINED_S = 15,
    PROOF_TRIES = 3,
    CONFIGURE_TRIES = 2,
    CONFIRM_TRIES = 3,
    NONCE_BYTES = 16,
};

static lp_exit_t call_and_drop(lp_setup_t *s, const char *method, cJSON *params, lp_fault_t *f)
{
    cJSON *r = NULL;
    lp_exit_t rc = lp_board_call(s->board, method, params, 0, &r, f);
    cJSON_Delete(r);
    return rc;
}

static lp_exit_t set_config(lp_setup_t *s, cJSON *tree, lp_fault_t *f)
{
    cJSON *params = cJSON_CreateObject();
    cJSON_AddItemToObject(params, "config", tree);
    return call_and_drop(s, "Config.Set", params, f);
}

// Two calls, since a frame has room for 6 KB; nothing reaches flash before Config.Save.
static lp_exit_t configure(lp_setup_t *s, lp_fault_t *f)
{
    char key_id[40];
    lp_setup_key_id(&s->state.board.chip, &s->state.wish, key_id, sizeof key_id);
    cJSON *first = cJSON_CreateObject();
    cJSON *trust = cJSON_AddObjectToObject(first, "trust");
    cJSON_AddStringToObject(trust, "ca", s->state.wish.trust_ca);
    lp_exit_t rc = set_config(s, first, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    cJSON *second = cJSON_CreateObject();
    cJSON *identity = cJSON_AddObjectToObject(second, "identity");
    cJSON_AddStringToObject(identity, "key", key_id);
    cJSON_AddStringToObject(identity, "cert", s->state.cloud.cert.pem);
    cJSON *cloud = cJSON_AddObjectToObject(second, "cloud");
    cJSON_AddBoolToObject(cloud, "enable", true);
    cJSON_AddStringToObject(cloud, "server", s->state.cloud.server);
    cJSON_AddStringToObject(cloud, "client_id", s->state.wish.thing);
    cJSON_AddStringToObject(cloud, "thing", s->state.wish.thing);
    return set_config(s, second, f);
}

static bool was_refused_with(const lp_setup_t *s, const lp_fault_t *f, const char *name)
{
    return strcmp(f->code, "board-refused") == 0 &&
           strcmp(lp_board_last_error(s->board)->name, name) == 0;
}

static lp_exit_t save(lp_setup_t *s, lp_fault_t *f)
{
    cJSON *params = cJSON_CreateObject();
    cJSON_AddBoolToObject(params, "reboot", true);
    if (s->is_trial) {
        cJSON_AddBoolToObject(params, "try_once", true);
    }
    lp_exit_t rc = call_and_drop(s, "Config.Save", params, f);
    if (rc == LP_EXIT_OK || !s->is_trial || !was_refused_with(s, f, "LP_E_UNSUPPORTED")) {
        return rc;
    }
    s->is_trial = false;
    lp_ui_warn("%s is too small to try settings: should it lose this computer now and not connect, "
               "it does not go back by itself",
               s->state.board.id);
    return save(s, f);
}

static lp_exit_t restart(lp_setup_t *s, bool is_saving, lp_fault_t *f)
{
    lp_exit_t rc = LP_EXIT_OK;
    if (is_saving) {
        rc = save(s, f);
    } else {
        cJSON *params = cJSON_CreateObject();
        cJSON_AddNumberToObject(params, "delay_ms", 100);
        rc = call_and_drop(s, "Sys.Reboot", params, f);
    }
    // The board may be gone before its answer is out; whether it was saved shows after the restart.
    bool is_gone = strcmp(f->code, "board-lost") == 0 || strcmp(f->code, "board-timeout") == 0;
    return rc == LP_EXIT_OK || !is_gone ? rc : LP_EXIT_OK;
}

// Waits until the board has booted once more than before.
static lp_exit_t wait_restarted(lp_setup_t *s, lp_fault_t *f)
{
    uint64_t deadline = lp_ui_now_ms() + REBOOT_MS;
    double before = s->state.board.boot_count;
    lp_exit_t rc = LP_EXIT_OK;
    do {
        rc = lp_board_reopen(s->board, REBOOT_MS, f);
        lp_setup_board_t now = {.boot_count = before};
        if (rc == LP_EXIT_OK) {
            rc = lp_observe_info(s->board, &now, f);
        }
        if (rc == LP_EXIT_OK && now.boot_count != before) {
            s->state.board.boot_count = now.boot_count;
            return LP_EXIT_OK;
        }
        lp_ui_pause(POLL_MS);
    } while (!lp_interrupt_seen() && lp_ui_now_ms() < deadline);
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    if (rc == LP_EXIT_OK) {
        lp_fault_set(f, LP_EXIT_BOARD, "board-no-restart", "the board did not restart within %d s",
                     REBOOT_MS / 1000);
        lp_fault_next(f, "press its reset button, then run the same command again");
    }
    return f->exit;
}

static const char *advice(const char *error_name)
{
    static const struct {
        const char *name;
        const char *advice;
    } table[] = {
        {"LP_E_TLS_CERT",
         "the board trusts another CA than the broker's: give it with --broker-ca"},
        {"LP_E_TLS_NAME", "the broker's certificate is for another name than cloud.server"},
        {"LP_E_TLS_EXPIRED", "check the board's clock (SNTP) and the broker's certificate"},
        {"LP_E_CLOCK", "the board does not know the time: does SNTP get through?"},
        {"LP_E_NET_RESOLVE", "the board cannot resolve the name: check its network and DNS"},
        {"LP_E_NET_REFUSED", "nothing listens there: is the broker running? limpet cloud status"},
        {"LP_E_TIMEOUT", "the board does not reach the broker: is port 8883 open?"},
        {"LP_E_TLS_KEY", "the key in the chip could not be used: limpet chip show"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, error_name) == 0) {
            return table[i].advice;
        }
    }
    return "limpet console shows what the board says; run the same command again, it goes on here";
}

static lp_exit_t fail_not_connected(const lp_setup_t *s, lp_fault_t *f)
{
    const lp_setup_status_t *t = &s->state.board.status;
    bool is_no_key = strcmp(t->state, "no-key") == 0;
    lp_fault_set(f, is_no_key ? LP_EXIT_CHIP : LP_EXIT_UNPROVEN,
                 is_no_key ? "key-unusable" : "not-connected",
                 is_no_key ? "%s cannot use its key" : "%s is set up but does not connect",
                 s->state.board.id);
    lp_fault_why(f, "it says \"%s\"%s%s%s%s after %ld s", t->state,
                 t->error_name[0] != '\0' ? ": " : "", t->error_text,
                 t->error_name[0] != '\0' ? ", " : "", t->error_name, s->options->connect_s);
    if (strcmp(t->state, "connected") == 0) {
        lp_fault_why(f, "it is connected with another certificate: %.12s...", t->cert_id);
    }
    lp_fault_next(f, "%s", advice(t->error_name));
    return f->exit;
}

static lp_exit_t wait_connected(lp_setup_t *s, lp_fault_t *f)
{
    uint64_t deadline = lp_ui_now_ms() + (uint64_t)s->options->connect_s * 1000u;
    while (!lp_interrupt_seen()) {
        lp_exit_t rc = lp_observe_status(s->board, &s->state.board.status, f);
        if (rc != LP_EXIT_OK && strcmp(f->code, "board-lost") == 0) {
            rc = lp_board_reopen(s->board, REBOOT_MS, f);
        }
        if (rc != LP_EXIT_OK) {
            return rc;
        }
        bool is_hopeless = strcmp(s->state.board.status.state, "no-key") == 0;
        if (lp_setup_is_connected(&s->state)) {
            return LP_EXIT_OK;
        }
        if (is_hopeless || lp_ui_now_ms() >= deadline) {
            return fail_not_connected(s, f);
        }
        lp_ui_pause(POLL_MS);
    }
    return lp_fault_interrupted(f);
}

static bool make_nonce(char *out)
{
    uint8_t bytes[NONCE_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return false;
    }
    lp_hexline(out, bytes, sizeof bytes);
    return true;
}

bool lp_setup_is_proof(const lp_setup_t *s, const char *payload, const char *nonce)
{
    cJSON *tree = cJSON_Parse(payload);
    char got_nonce[2 * NONCE_BYTES + 2];
    char got_id[LP_IOT_ID_LEN + 2];
    lp_take_string(tree, "nonce", got_nonce, sizeof got_nonce);
    lp_take_string(tree, "cert_id", got_id, sizeof got_id);
    lp_lower(got_id);
    cJSON_Delete(tree);
    return strcmp(got_nonce, nonce) == 0 && strcmp(got_id, s->state.cloud.cert.id) == 0;
}

static lp_exit_t read_back(lp_setup_t *s, const char *topic, const char *nonce, lp_fault_t *f)
{
    long patience_s = s->options->connect_s < RETAINED_S ? s->options->connect_s : RETAINED_S;
    uint64_t deadline = lp_ui_now_ms() + (uint64_t)patience_s * 1000u;
    bool was_seen = false;
    do {
        char payload[1024];
        lp_aws_result_t rc = lp_iot_retained(&s->aws, topic, payload, sizeof payload, f);
        if (rc == LP_AWS_OK && lp_setup_is_proof(s, payload, nonce)) {
            return LP_EXIT_OK;
        }
        if (rc != LP_AWS_OK && rc != LP_AWS_NOT_FOUND) {
            return f->exit;
        }
        was_seen = rc == LP_AWS_OK;
        lp_ui_pause(POLL_MS);
    } while (!lp_interrupt_seen() && lp_ui_now_ms() < deadline);
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    lp_fault_set(f, LP_EXIT_UNPROVEN, "proof-missing",
                 "the board says its message was acknowledged, but the cloud does not have it");
    lp_fault_why(f, "topic %s: %s", topic,
                 was_seen ? "another message is there" : "nothing is there");
    lp_fault_next(f, "run the same command again; it repeats the proof only");
    return f->exit;
}

static lp_exit_t prove_once(lp_setup_t *s, lp_fault_t *f)
{
    char nonce[2 * NONCE_BYTES + 1];
    char topic[256];
    char wanted[256];
    if (!make_nonce(nonce)) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-random", "this computer has no random numbers");
    }
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "nonce", nonce);
    cJSON *r = NULL;
    lp_exit_t rc = lp_board_call(s->board, "Cloud.Prove", params, 0, &r, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    lp_take_string(r, "topic", topic, sizeof topic);
    cJSON_Delete(r);
    snprintf(wanted, sizeof wanted, "limpet/%s/proof", s->state.wish.thing);
    if (strcmp(topic, wanted) != 0) {
        lp_fault_set(f, LP_EXIT_BOARD, "proof-topic",
                     "the board published its proof somewhere else");
        lp_fault_why(f, "on %s instead of %s", topic, wanted);
        return f->exit;
    }
    return s->read_back != NULL ? s->read_back(s, topic, nonce, f) : read_back(s, topic, nonce, f);
}

// The connection may drop between the status and the publish (AWS takes seconds to spread a new
// policy): wait, again.
static lp_exit_t prove(lp_setup_t *s, lp_fault_t *f)
{
    lp_exit_t rc = LP_EXIT_OK;
    for (int i = 0; i < PROOF_TRIES; i++) {
        rc = wait_connected(s, f);
        if (rc == LP_EXIT_OK) {
            rc = prove_once(s, f);
        }
        bool is_board = rc == LP_EXIT_BOARD && strcmp(f->code, "proof-topic") != 0;
        if (rc == LP_EXIT_OK || !is_board || lp_interrupt_seen()) {
            return rc;
        }
        lp_ui_detail("%s: %s; trying again", f->what, f->why);
    }
    if (strcmp(f->code, "board-refused") == 0) {
        f->exit = LP_EXIT_UNPROVEN;
        snprintf(f->code, sizeof f->code, "proof-refused");
        snprintf(f->what, sizeof f->what,
                 "the board connects, but its message is not acknowledged");
        lp_fault_next(f,
                      "does the policy allow iot:Publish and iot:RetainPublish on "
                      "limpet/%s/proof?",
                      s->state.wish.thing);
    }
    return f->exit;
}

static const char *key_words(const lp_setup_t *s)
{
    return strcmp(s->state.board.status.key_source, "chip") == 0 ? "key in chip" : "key in flash";
}

static lp_exit_t check_key_source(const lp_setup_t *s, lp_fault_t *f)
{
    bool is_in_chip = strcmp(s->state.board.status.key_source, "chip") == 0;
    if (is_in_chip || !s->state.board.chip.is_present) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_UNPROVEN, "key-not-in-chip",
                 "the board is connected, but not with the key in its chip");
    lp_fault_why(f, "Cloud.Status says key_source \"%s\"", s->state.board.status.key_source);
    return f->exit;
}

static lp_exit_t note_proven(lp_setup_t *s, lp_fault_t *f)
{
    lp_journal_t *j = &s->journal;
    snprintf(j->thing, sizeof j->thing, "%s", s->state.wish.thing);
    snprintf(j->policy, sizeof j->policy, "%s", s->state.wish.policy);
    snprintf(j->public_key, sizeof j->public_key, "%s", s->state.board.identity.public_key);
    snprintf(j->cert_id, sizeof j->cert_id, "%s", s->state.cloud.cert.id);
    j->is_cert_asked = false;
    j->is_proven = true;
    j->proven_utc_s = (double)time(NULL);
    return lp_journal_save(j, f);
}

// The settings are not what was set, or the key that they name is not there. A wire that came off
// while the board restarted is not a worn flash.
static lp_exit_t fail_forgotten(lp_setup_t *s, lp_fault_t *f)
{
    lp_setup_chip_t *chip = &s->state.board.chip;
    if (chip->is_present) {
        lp_setup_chip_t now;
        lp_exit_t rc = lp_observe_chip(s->board, &now, f);
        if (rc != LP_EXIT_OK) {
            return rc;
        }
        if (!now.is_present) {
            lp_fault_set(f, LP_EXIT_CHIP, "chip-missing",
                         "the chip was there before the board restarted, and does not answer now");
            lp_fault_why(f, "tried %s on bus %s%s%s", now.tried, now.bus,
                         now.lines[0] != '\0' ? "; " : "", now.lines);
            lp_fault_next(f, "check power and the two wires; then run the same command again");
            return f->exit;
        }
    }
    lp_fault_set(f, LP_EXIT_BOARD, "board-forgets", "the board does not keep its settings");
    lp_fault_why(f, "they were set and saved %d times, and are not there after the restart",
                 CONFIGURE_TRIES);
    lp_fault_next(f, "is its flash full or worn? limpet console shows what the board says");
    return f->exit;
}

// Settings, restart, and a look whether they are what the board now has: a restart that nobody
// asked for in between loses what was set and not yet saved, and then it is done once more. So does
// the restart itself with what an earlier run had only set.
static lp_exit_t bring_up(lp_setup_t *s, lp_fault_t *f)
{
    bool is_configuring = (s->plan.actions & LP_DO_CONFIG) != 0;
    lp_exit_t rc = LP_EXIT_OK;
    if (!is_configuring && lp_setup_is_connected(&s->state)) {
        return LP_EXIT_OK; // only the proof is missing
    }
    for (int i = 0; i < CONFIGURE_TRIES; i++) {
        rc = is_configuring ? configure(s, f) : LP_EXIT_OK;
        if (rc == LP_EXIT_OK) {
            rc = restart(s, is_configuring, f);
        }
        if (rc == LP_EXIT_OK) {
            rc = wait_restarted(s, f);
        }
        if (rc == LP_EXIT_OK) {
            rc = lp_observe_settings(s->board, &s->state, f);
        }
        if (rc != LP_EXIT_OK || lp_setup_is_configured(&s->state)) {
            return rc;
        }
        is_configuring = true; // what an earlier run had set was never saved
    }
    return fail_forgotten(s, f);
}

// LP_EXIT_OK with *is_over: the board tries no settings.
static lp_exit_t call_confirm(lp_setup_t *s, bool *is_over, lp_fault_t *f)
{
    lp_exit_t rc = call_and_drop(s, "Config.Confirm", NULL, f);
    for (int i = 1; i < CONFIRM_TRIES && rc != LP_EXIT_OK; i++) {
        if (strcmp(f->code, "board-refused") == 0 || lp_interrupt_seen()) {
            break;
        }
        rc = lp_board_reopen(s->board, REBOOT_MS, f);
        rc = rc == LP_EXIT_OK ? call_and_drop(s, "Config.Confirm", NULL, f) : rc;
    }
    *is_over = rc != LP_EXIT_OK && was_refused_with(s, f, "LP_E_STATE");
    return *is_over ? LP_EXIT_OK : rc;
}

// The settings that were proven become the saved ones. A board that says that it tries none has
// restarted since, or has confirmed and the answer was lost: its settings tell which.
static lp_exit_t confirm(lp_setup_t *s, lp_fault_t *f)
{
    bool is_over = false;
    lp_exit_t rc = call_confirm(s, &is_over, f);
    if (rc == LP_EXIT_OK && is_over) {
        rc = lp_observe_settings(s->board, &s->state, f);
    }
    if (rc != LP_EXIT_OK || !is_over || lp_setup_is_configured(&s->state)) {
        return rc;
    }
    lp_fault_set(f, LP_EXIT_BOARD, "trial-over", "%s restarted before its settings were confirmed",
                 s->state.board.id);
    lp_fault_why(f, "it is back on the settings that it had before");
    lp_fault_next(f, "run the same command again, it goes on where it stopped");
    return f->exit;
}

bool lp_act_is_refusal(lp_exit_t rc)
{
    return rc == LP_EXIT_UNPROVEN || rc == LP_EXIT_CHIP;
}

lp_exit_t lp_act_go_back(lp_setup_t *s, const char *old_key, const lp_iot_cert_t *old_cert,
                         bool *is_back, lp_fault_t *f)
{
    snprintf(s->state.wish.key, sizeof s->state.wish.key, "%s", old_key);
    s->state.cloud.cert = *old_cert;
    s->plan.actions |= LP_DO_CONFIG | LP_DO_PROVE;
    s->is_trial = false; // what was saved before is saved once more
    lp_exit_t rc = lp_act_connect(s, f);
    // Without a connection either way it is the network; the settings are the old ones all the
    // same.
    *is_back = rc == LP_EXIT_OK || (lp_act_is_refusal(rc) && lp_setup_is_configured(&s->state));
    return rc;
}

lp_exit_t lp_act_connect(lp_setup_t *s, lp_fault_t *f)
{
    lp_exit_t rc = bring_up(s, f);
    if (rc == LP_EXIT_OK) {
        rc = prove(s, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = check_key_source(s, f);
    }
    if (rc == LP_EXIT_OK && s->is_trial) {
        rc = confirm(s, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = note_proven(s, f);
    }
    if (rc == LP_EXIT_OK) {
        const lp_setup_status_t *t = &s->state.board.status;
        lp_ui_step_done("connected: %s %s, %s,\nhandshake %.2f s, message acknowledged", t->version,
                        t->suite, key_words(s), t->handshake_ms / 1000.0);
    }
    return rc;
}
