// SPDX-License-Identifier: Apache-2.0
// Logins and how a device comes back: the waits before each connection are measured and judged.
#include <stdio.h>
#include <string.h>

#include "engine.h"

// What a scheduler may take from either side of a measured wait.
enum { NOISE_MS = 30, ROUND = 6, LINGER_MS = 200 };

static void on_mqtt_connect(lp_advisor_t *a, const adv_input_t *in)
{
    if (in->kind == ADV_CONNECT) {
        adv_end(a, LP_ADVISOR_PASS, "the device sent a valid CONNECT");
    } else if (in->kind == ADV_BAD) {
        adv_end(a, LP_ADVISOR_FAIL, "%s", in->why);
    }
}

const adv_play_t adv_mqtt_connect = {on_mqtt_connect, "for a CONNECT"};

// --- judging ------------------------------------------------------------------------------------

static void list_gaps(const lp_advisor_t *a, char *out, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < a->gap_count && n + 16 < cap; i++) {
        n += (size_t)snprintf(out + n, cap - n, "%s%.2f", i > 0 ? ", " : "",
                              (double)a->gaps[i] / 1000);
    }
}

typedef struct {
    lp_advisor_verdict_t constant, linear, exponential, random;
} rule_t;

static void judge(lp_advisor_t *a, const rule_t *rule, lp_backoff_kind_t kind)
{
    char gaps[200] = "";
    lp_advisor_verdict_t v = LP_ADVISOR_FAIL;
    list_gaps(a, gaps, sizeof gaps);
    switch (kind) {
    case LP_BACKOFF_TOO_FEW:
        break;
    case LP_BACKOFF_CONSTANT:
        v = rule->constant;
        break;
    case LP_BACKOFF_LINEAR:
        v = rule->linear;
        break;
    case LP_BACKOFF_EXPONENTIAL:
        v = rule->exponential;
        break;
    case LP_BACKOFF_RANDOM:
        // In the long case the device may have reached its longest wait before the step began.
        v = a->which->is_long ? LP_ADVISOR_PASS : rule->random;
        break;
    case LP_BACKOFF_JITTER:
        v = LP_ADVISOR_PASS;
        break;
    }
    adv_end(a, v, "the waits before reconnecting are %s (%s s)", lp_backoff_kind_name(kind), gaps);
}

static const rule_t jitter_rule = {LP_ADVISOR_FAIL, LP_ADVISOR_FAIL, LP_ADVISOR_WARN,
                                   LP_ADVISOR_WARN};
static const rule_t exponential_rule = {LP_ADVISOR_FAIL, LP_ADVISOR_FAIL, LP_ADVISOR_PASS,
                                        LP_ADVISOR_WARN};

// --- MQTT_Connect_Jitter_Backoff_Retries, MQTT_Connect_Exponential_Backoff_Retries --------------

// Growth shows in the first round only: after it the device may be at its longest wait.
static lp_backoff_kind_t kind_of_rounds(const lp_advisor_t *a)
{
    const lp_backoff_kind_t first = lp_backoff_classify(a->gaps, ROUND - 1, NOISE_MS);
    if (a->gap_count < 2 * ROUND - 2 || first != LP_BACKOFF_JITTER) {
        return first;
    }
    // Jitter that stops after the first minute is none.
    const lp_backoff_kind_t last =
        lp_backoff_classify(a->gaps + a->gap_count - (ROUND - 1), ROUND - 1, NOISE_MS);
    return last == LP_BACKOFF_LINEAR ? last : first;
}

static void on_silent_connect(lp_advisor_t *a, const adv_input_t *in, unsigned rounds,
                              const rule_t *rule)
{
    a->s.count++;
    if (a->s.count % ROUND != 1) {
        (void)adv_keep_gap(a, 0);
    }
    if (a->s.count == rounds * ROUND) {
        judge(a, rule, kind_of_rounds(a));
    }
    a->muted = ADV_MUTE_CONNACK;
    if (a->s.count % ROUND == 0) {
        a->muted = 0;
        a->s.conn = in->conn;
        adv_timer(a, LINGER_MS);
    }
}

// CONNECT is not answered five times and the sixth is; `rounds` times.
static void on_silence(lp_advisor_t *a, const adv_input_t *in, unsigned rounds, const rule_t *rule)
{
    if (in->kind == ADV_START) {
        a->muted = ADV_MUTE_CONNACK;
    } else if (in->kind == ADV_CONNECT) {
        on_silent_connect(a, in, rounds, rule);
    } else if (in->kind == ADV_TIMER) {
        adv_close(a, a->s.conn); // the next round begins
    }
}

static void on_jitter(lp_advisor_t *a, const adv_input_t *in)
{
    on_silence(a, in, 2, &jitter_rule);
}

static void on_exponential(lp_advisor_t *a, const adv_input_t *in)
{
    on_silence(a, in, 1, &exponential_rule);
}

const adv_play_t adv_jitter = {on_jitter, "for the device to give up waiting for CONNACK and to "
                                          "connect again, 12 connects in all"};
const adv_play_t adv_exponential = {on_exponential, "for the device to give up waiting for CONNACK "
                                                    "and to connect again, 6 connects in all"};

// --- MQTT_Reconnect_Backoff_Retries_On_Server_Disconnect ----------------------------------------

static size_t attempts(const lp_advisor_t *a)
{
    const long n = a->p.reconnection_attempts;
    return n < 5 ? 5 : n > 10 ? 10 : (size_t)n;
}

static void on_server_disconnect(lp_advisor_t *a, const adv_input_t *in)
{
    if (in->kind == ADV_CONNECT) {
        a->s.count++;
        if (adv_keep_gap(a, attempts(a))) {
            judge(a, &jitter_rule, lp_backoff_classify(a->gaps, a->gap_count, NOISE_MS));
            return;
        }
        a->s.conn = in->conn;
        a->muted = a->s.count > 1 ? ADV_MUTE_CONNACK : 0; // the first login succeeds
        adv_timer(a, LINGER_MS);
    } else if (in->kind == ADV_TIMER) {
        adv_close(a, a->s.conn);
    }
}

const adv_play_t adv_server_disconnect = {on_server_disconnect,
                                          "for the device to connect again after a disconnect"};

// --- MQTT_Reconnect_Backoff_Retries_On_Unstable_Connection --------------------------------------

// Every login succeeds, and every connection breaks soon after.
static void on_unstable(lp_advisor_t *a, const adv_input_t *in)
{
    if (in->kind == ADV_CONNECT) {
        if (adv_keep_gap(a, attempts(a))) {
            judge(a, &jitter_rule, lp_backoff_classify(a->gaps, a->gap_count, NOISE_MS));
            return;
        }
        a->s.conn = in->conn;
        adv_timer(a, LINGER_MS);
    } else if (in->kind == ADV_TIMER) {
        adv_close(a, a->s.conn);
    }
}

const adv_play_t adv_unstable = {on_unstable,
                                 "for the device to connect again after its connection broke"};
