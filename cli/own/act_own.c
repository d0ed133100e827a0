// SPDX-License-Identifier: Apache-2.0
// The steps that differ from those with AWS: issue, prove at the broker, revoke what is replaced.
//
// Nothing can be lost in between: a certificate leaves the CA only when the register has it on
// disk, and a run that finds one for the board's key there takes it. What was replaced is revoked
// after the proof, so that the board is never without one that works.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "check.h"
#include "limpet/hexline.h"
#include "own.h"

enum { TOOL_VALID_S = 3600, PROOF_S = 15, POLL_MS = 250, REOPEN_TRIES = 5, DAY_S = 86400 };

// --- the certificate

static lp_exit_t fail_csr(const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_BOARD, "csr-check", "the board's certificate request is not right");
    lp_fault_why(f, "%s", why);
    lp_fault_next(f, "nothing was issued; run the same command again");
    return f->exit;
}

static lp_exit_t note_issued(lp_setup_t *s, const lp_ca_record_t *r, lp_fault_t *f)
{
    snprintf(s->state.cloud.cert.id, sizeof s->state.cloud.cert.id, "%s", r->id);
    snprintf(s->state.cloud.cert.pem, sizeof s->state.cloud.cert.pem, "%s", r->pem);
    s->state.cloud.cert_state = LP_CERT_ACTIVE;
    s->journal.is_proven = false;
    snprintf(s->journal.cert_id, sizeof s->journal.cert_id, "%s", r->id);
    snprintf(s->journal.thing, sizeof s->journal.thing, "%s", s->state.wish.thing);
    return lp_journal_save(&s->journal, f);
}

lp_exit_t lp_own_act_issue(lp_setup_t *s, lp_fault_t *f)
{
    lp_own_t *o = lp_own_of(s);
    char why[120];
    EVP_PKEY *key = NULL;
    lp_ca_record_t record;
    lp_exit_t rc = lp_act_get_csr(s, f);
    if (rc == LP_EXIT_OK && !lp_ca_take_csr(s->csr, s->state.board.id, &key, why, sizeof why)) {
        rc = fail_csr(why, f);
    }
    lp_ca_wish_t wish = {.kind = LP_CA_DEVICE,
                         .name = s->state.board.id,
                         .key = key,
                         .valid_s = (int64_t)o->options->days * DAY_S};
    rc = rc == LP_EXIT_OK ? lp_ca_issue(o->ca, &wish, &record, f) : rc;
    EVP_PKEY_free(key);
    rc = rc == LP_EXIT_OK ? note_issued(s, &record, f) : rc;
    if (rc == LP_EXIT_OK) {
        lp_ui_step_done("certificate %.4s...%s issued", record.id, record.id + LP_IOT_ID_LEN - 2);
    }
    return rc;
}

// --- the tool at the broker

static lp_exit_t fail_own_cert(const char *path, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "tool-cert", "the tool's own certificate cannot be used");
    lp_fault_why(f, "%.300s: %s", path, why);
    lp_fault_next(f, "name both, PEM: --cert FILE --key FILE");
    return f->exit;
}

static lp_exit_t load_given(lp_own_t *o, lp_fault_t *f)
{
    FILE *cert = fopen(o->options->cert, "rbe");
    FILE *key = fopen(o->options->key, "rbe");
    char name[64] = "limpet";
    o->cert = cert != NULL ? PEM_read_X509(cert, NULL, NULL, NULL) : NULL;
    o->key = key != NULL ? PEM_read_PrivateKey(key, NULL, NULL, NULL) : NULL;
    if (cert != NULL) {
        fclose(cert);
    }
    if (key != NULL) {
        fclose(key);
    }
    ERR_clear_error();
    if (o->cert == NULL) {
        return fail_own_cert(o->options->cert, "there is no certificate in it", f);
    }
    if (o->key == NULL || X509_check_private_key(o->cert, o->key) != 1) {
        ERR_clear_error();
        return fail_own_cert(o->options->key, "it is not the certificate's key", f);
    }
    (void)X509_NAME_get_text_by_NID(X509_get_subject_name(o->cert), NID_commonName, name,
                                    (int)sizeof name);
    snprintf(o->client_id, sizeof o->client_id, "%s", name);
    return LP_EXIT_OK;
}

// For an hour, and its key is nowhere but in this process.
static lp_exit_t make_own(lp_own_t *o, lp_fault_t *f)
{
    lp_ca_record_t record;
    o->key = lp_ca_make_key();
    lp_ca_wish_t wish = {
        .kind = LP_CA_TOOL, .name = LP_CA_TOOL_NAME, .key = o->key, .valid_s = TOOL_VALID_S};
    lp_exit_t rc = o->key != NULL
                       ? lp_ca_issue(o->ca, &wish, &record, f)
                       : lp_fault_set(f, LP_EXIT_LOCAL, "no-random", "no key could be made");
    BIO *bio = rc == LP_EXIT_OK ? BIO_new_mem_buf(record.pem, -1) : NULL;
    if (rc == LP_EXIT_OK) {
        o->cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
        rc = o->cert != NULL ? LP_EXIT_OK
                             : lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    BIO_free(bio);
    return rc;
}

static lp_exit_t become_somebody(lp_own_t *o, lp_fault_t *f)
{
    unsigned char tail[4] = {0};
    char hex[2 * sizeof tail + 1];
    if (o->client_id[0] != '\0') {
        return LP_EXIT_OK;
    }
    if (o->options->cert != NULL) {
        return load_given(o, f);
    }
    (void)!getrandom(tail, sizeof tail, 0);
    lp_hexline(hex, tail, sizeof tail);
    lp_exit_t rc = make_own(o, f);
    snprintf(o->client_id, sizeof o->client_id, LP_CA_TOOL_NAME "-%s", hex);
    return rc;
}

lp_exit_t lp_own_listen(lp_own_t *o, lp_fault_t *f)
{
    char topic[256];
    lp_exit_t rc = become_somebody(o, f);
    lp_broker_self_t self = {.roots = o->broker_roots,
                             .cert = o->cert,
                             .key = o->key,
                             .client_id = o->client_id,
                             .username = o->options->username,
                             .password = o->password[0] != '\0' ? o->password : NULL};
    lp_broker_close(o->link);
    o->link = NULL;
    rc = rc == LP_EXIT_OK ? lp_broker_open(&o->broker, &self, &o->link, f) : rc;
    snprintf(topic, sizeof topic, "limpet/%s/proof", o->setup.state.wish.thing);
    return rc == LP_EXIT_OK ? lp_broker_subscribe(o->link, topic, f) : rc;
}

// --- the proof

static lp_exit_t fail_missing(const char *topic, bool was_seen, lp_fault_t *f)
{
    lp_fault_set(
        f, LP_EXIT_UNPROVEN, "proof-missing",
        "the board says its message was acknowledged, but the broker does not hand it out");
    lp_fault_why(f, "topic %.120s: %s", topic,
                 was_seen ? "another message is there" : "nothing is there");
    lp_fault_next(
        f, "a broker drops what its ACL forbids: may the device write limpet/<its id>/#, and "
           "may " LP_CA_TOOL_NAME " read limpet/+/proof? Then run the same command again");
    return f->exit;
}

// The message is retained, so a connection that was lost is made again and finds it.
static lp_exit_t next_message(lp_own_t *o, bool *is_there, char *payload, int *n_reopened,
                              lp_fault_t *f)
{
    *is_there = false;
    lp_exit_t rc = o->link != NULL ? lp_broker_next(o->link, POLL_MS, is_there, payload, f)
                                   : lp_own_listen(o, f);
    if (rc == LP_EXIT_OK || strcmp(f->code, "broker-lost") != 0 || *n_reopened >= REOPEN_TRIES) {
        return rc;
    }
    *n_reopened += 1;
    lp_broker_close(o->link);
    o->link = NULL;
    return LP_EXIT_OK;
}

lp_exit_t lp_own_read_back(lp_setup_t *s, const char *topic, const char *nonce, lp_fault_t *f)
{
    lp_own_t *o = lp_own_of(s);
    long patience_s = s->options->connect_s < PROOF_S ? s->options->connect_s : PROOF_S;
    uint64_t deadline = lp_ui_now_ms() + (uint64_t)patience_s * 1000u;
    bool was_seen = false;
    int n_reopened = 0;
    do {
        char payload[LP_BROKER_PAYLOAD];
        bool is_there = false;
        lp_exit_t rc = next_message(o, &is_there, payload, &n_reopened, f);
        if (rc != LP_EXIT_OK) {
            return rc;
        }
        if (is_there && lp_setup_is_proof(s, payload, nonce)) {
            return LP_EXIT_OK;
        }
        was_seen = was_seen || is_there;
    } while (!lp_interrupt_seen() && lp_ui_now_ms() < deadline);
    return lp_interrupt_seen() ? lp_fault_interrupted(f) : fail_missing(topic, was_seen, f);
}

static const char *advice(const char *error_name)
{
    static const struct {
        const char *name;
        const char *advice;
    } table[] = {
        {"LP_E_TLS_CERT", "the board trusts another CA than the broker's: name it with --ca-file"},
        {"LP_E_TLS_ALERT",
         "is this CA's ca.pem the broker's cafile, and the board on its revocation "
         "list? The broker's log says more"},
        {"LP_E_TLS_NAME", "the broker's certificate is for another name: limpet ca server HOST"},
        {"LP_E_NET_REFUSED", "the board finds nothing there: is HOST the same from its network?"},
        {"LP_E_NET_RESOLVE",
         "the board cannot resolve the name: an address, or a DNS that it reaches"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, error_name) == 0) {
            return table[i].advice;
        }
    }
    return NULL;
}

// In the words of somebody who has a broker and no cloud.
static void say_in_own_words(const lp_setup_t *s, lp_fault_t *f)
{
    const char *better = advice(s->state.board.status.error_name);
    if (strcmp(f->code, "not-connected") == 0 && better != NULL) {
        lp_fault_next(f, "%s", better);
    } else if (strcmp(f->code, "proof-refused") == 0) {
        lp_fault_next(f, "may the device write limpet/<its id>/# by the broker's ACL?");
    }
}

static lp_exit_t check_fits(const lp_setup_t *s, lp_fault_t *f)
{
    size_t len = strlen(s->state.cloud.cert.pem);
    if (len <= LP_CA_BOARD_CERT) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_CONFLICT, "certificate-size",
                 "the board has no room for its certificate");
    lp_fault_why(f, "%zu bytes, and there is room for %d", len, LP_CA_BOARD_CERT);
    lp_fault_next(f, "a CA with a P-256 key makes short ones: limpet ca new");
    return f->exit;
}

lp_exit_t lp_own_act_connect(lp_setup_t *s, lp_fault_t *f)
{
    // Before the board is changed: a broker that does not let the tool in proves nothing.
    lp_exit_t rc = check_fits(s, f);
    rc = rc == LP_EXIT_OK ? lp_own_listen(lp_own_of(s), f) : rc;
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    rc = lp_act_connect(s, f);
    if (rc != LP_EXIT_OK) {
        say_in_own_words(s, f);
    }
    bool is_to_go_back =
        lp_act_is_refusal(rc) && lp_own_of(s)->old_key[0] != '\0' && !lp_interrupt_seen();
    return is_to_go_back ? lp_own_go_back(lp_own_of(s), f) : rc;
}

// --- what was replaced

lp_exit_t lp_own_act_retire(lp_setup_t *s, lp_fault_t *f)
{
    lp_own_t *o = lp_own_of(s);
    lp_exit_t rc = LP_EXIT_OK;
    for (size_t i = 0; i < o->n_former && rc == LP_EXIT_OK; i++) {
        rc = lp_ca_revoke(o->ca, o->former[i], "superseded", f);
    }
    if (rc == LP_EXIT_OK && !lp_ca_is_crl_current(o->ca)) {
        rc = lp_ca_write_crl(o->ca, f);
    }
    if (rc == LP_EXIT_OK) {
        lp_ui_step_done(
            "revocation list written: bring %s/broker/crl.pem\nto the broker and have it "
            "read it (kill -HUP, or systemctl reload mosquitto)",
            lp_ca_dir(o->ca));
    }
    return rc;
}
