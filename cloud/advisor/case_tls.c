// SPDX-License-Identifier: Apache-2.0
// The TLS cases. Which certificate the server shows is in the table of cases.
#include "engine.h"

static void say_handshake_failed(lp_advisor_t *a, const lp_advisor_close_t *c)
{
    if (c->has_alert) {
        adv_end(a, LP_ADVISOR_FAIL, "the device broke the TLS handshake off with alert %u",
                c->alert);
    } else {
        adv_end(a, LP_ADVISOR_FAIL, "the TLS handshake failed: %s",
                c->error[0] != '\0' ? c->error : "the device closed the connection");
    }
}

// --- TLS_Connect, TLS_Large_Size_Server_Cert ----------------------------------------------------

static void on_tls_connect(lp_advisor_t *a, const adv_input_t *in)
{
    if (in->kind == ADV_SECURE) {
        adv_end(a, LP_ADVISOR_PASS, "the device completed the TLS handshake");
    } else if (in->kind == ADV_HELLO) {
        a->s.flags |= 1u << in->conn;
    } else if (in->kind == ADV_CLOSED && (a->s.flags & 1u << in->conn) != 0) {
        say_handshake_failed(a, &in->ev->close);
    }
}

const adv_play_t adv_tls_connect = {on_tls_connect, "for a TLS handshake"};

// --- TLS_Support_AWS_IoT_Cipher_Suites ----------------------------------------------------------

static void on_suites(lp_advisor_t *a, const adv_input_t *in)
{
    lp_advisor_suites_t judged;
    if (in->kind != ADV_HELLO) {
        return;
    }
    lp_advisor_suites_judge(in->ev->suites, &judged);
    adv_log(a, "suites: %u recommended, %u supported, %u not supported", judged.recommended,
            judged.supported, judged.unsupported);
    if (judged.supported == 0) {
        adv_end(a, LP_ADVISOR_FAIL,
                "none of the device's cipher suites is supported by AWS IoT (%s)",
                judged.unsupported_names);
    } else if (judged.recommended == 0) {
        adv_end(a, LP_ADVISOR_WARN,
                "none of the device's cipher suites is one that AWS IoT "
                "recommends");
    } else if (judged.unsupported > 0) {
        adv_end(a, LP_ADVISOR_WARN, "the device offers suites that AWS IoT does not support: %s",
                judged.unsupported_names);
    } else {
        adv_end(a, LP_ADVISOR_PASS, "%u recommended suites, and none that AWS IoT does not support",
                judged.recommended);
    }
}

const adv_play_t adv_tls_suites = {on_suites, "for a ClientHello"};

// --- TLS_Unsecure_Server_Cert, TLS_Incorrect_Subject_Name_Server_Cert, TLS_Expired_Server_Cert
// ----

// A device that gives in at the second try is no better than one that gives in at the first: after
// the refusal the case looks on for a while.
static void on_refusal(lp_advisor_t *a, const adv_input_t *in, bool needs_alert)
{
    if (in->kind == ADV_HELLO) {
        a->s.flags |= 1u << in->conn;
    } else if (in->kind == ADV_SECURE) {
        adv_end(a, LP_ADVISOR_FAIL,
                "the device completed the TLS handshake with a server it must not trust");
    } else if (in->kind == ADV_CLOSED && (a->s.flags & 1u << in->conn) != 0) {
        a->s.flags &= ~(1u << in->conn);
        if (needs_alert && !in->ev->close.has_alert) {
            adv_end(a, LP_ADVISOR_FAIL, "the device closed the connection without a TLS alert");
        }
        a->s.count++;
        if (a->s.count == 1) {
            adv_timer(a, adv_settle_ms(a));
        }
    } else if (in->kind == ADV_TIMER) {
        adv_end(a, LP_ADVISOR_PASS, "the device refused the server's certificate%s",
                needs_alert ? " with an alert" : "");
    }
}

static void on_refuse(lp_advisor_t *a, const adv_input_t *in)
{
    on_refusal(a, in, false);
}

static void on_expired(lp_advisor_t *a, const adv_input_t *in)
{
    on_refusal(a, in, true);
}

const adv_play_t adv_tls_refuse = {on_refuse, "for the device to refuse the server's certificate"};
const adv_play_t adv_tls_expired = {on_expired,
                                    "for the device to refuse the server's certificate"};
