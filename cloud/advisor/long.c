// SPDX-License-Identifier: Apache-2.0
// MQTT_Long_Duration: one device, never restarted, through the basic and then the advanced tests.
//
//   step --its play ends with PASS or a warning--> next step ... last one --> verdict
//                     |
//                     +--FAIL--> the whole case fails, and says at which step
#include <string.h>

#include "engine.h"

enum { LONG_DISCONNECT_S = 30 * 60, SETTLE_MS = 300 };

// --- LONG_SERVER_DISCONNECT ---------------------------------------------------------------------

static void close_all(lp_advisor_t *a)
{
    for (unsigned i = 0; i < LP_ADVISOR_CONNS; i++) {
        adv_close(a, i);
    }
}

static void on_long_disconnect(lp_advisor_t *a, const adv_input_t *in)
{
    const long away_s = a->p.long_disconnect_s > 0 ? a->p.long_disconnect_s : LONG_DISCONNECT_S;
    if (in->kind == ADV_START) {
        close_all(a);
        a->is_refusing = true;
        adv_log(a, "nothing listens for %ld s", away_s);
        adv_timer(a, (uint64_t)away_s * 1000);
    } else if (in->kind == ADV_TIMER) {
        a->is_refusing = false;
        adv_log(a, "the server is back");
    } else if (in->kind == ADV_CONNECT && !a->is_refusing) {
        adv_end(a, LP_ADVISOR_PASS, "the device came back");
    }
}

static const adv_play_t long_disconnect = {on_long_disconnect,
                                           "for the device to come back after a long disconnect"};

// --- steps --------------------------------------------------------------------------------------

// The device is disconnected before a step that begins with a login.
static const struct {
    const char *name;
    const adv_play_t *play;
    bool begins_anew;
} steps[] = {
    {"CONNECT", &adv_mqtt_connect, false},
    {"SUBSCRIBE", &adv_subscribe_happy, true},
    {"PUBLISH", &adv_publish, false},
    {"RECONNECT", &adv_mqtt_connect, true},
    {"PUBACK_QOS_1", &adv_puback_qos1, true},
    {"RECEIVE_LARGE_PAYLOAD", &adv_receive_large, true},
    {"PERSISTENT_SESSION", &adv_session_happy, true},
    {"KEEP_ALIVE", &adv_no_pingresp, true},
    {"INTERMITTENT_CONNECTIVITY", &adv_unstable, true},
    {"RECONNECT_BACK_OFF", &adv_server_disconnect, true},
    {"LONG_SERVER_DISCONNECT", &long_disconnect, true},
};

enum { STEPS = sizeof steps / sizeof steps[0] };

static void begin_step(lp_advisor_t *a, size_t step)
{
    a->s = (adv_state_t){.step = step};
    a->muted = 0;
    a->is_refusing = false;
    a->gap_count = 0;
    a->had_connection = false; // the wait before the step says nothing
    a->verdict = LP_ADVISOR_RUNNING;
    adv_timer(a, 0);
    adv_log(a, "--- %s", steps[step].name);
    if (steps[step].begins_anew) {
        // A session of before would spare the device the SUBSCRIBE that the step waits for.
        a->has_session = false;
        close_all(a);
    }
    const adv_input_t in = {.kind = ADV_START};
    steps[step].play->on(a, &in);
}

static void finish_step(lp_advisor_t *a, size_t step)
{
    char reason[LP_ADVISOR_REASON_MAX];
    const lp_advisor_verdict_t v = a->verdict;
    memcpy(reason, a->reason, sizeof reason);
    a->verdict = LP_ADVISOR_RUNNING;
    if (v == LP_ADVISOR_FAIL || v == LP_ADVISOR_ERROR) {
        a->warning[0] = '\0';
        adv_end(a, v, "%s: %.250s", steps[step].name, reason);
    } else if (step + 1 == STEPS) {
        adv_end(a, LP_ADVISOR_PASS, "all %d tests passed", STEPS);
    } else {
        if (v == LP_ADVISOR_WARN) {
            adv_warn(a, "%s: %.250s", steps[step].name, reason);
        }
        begin_step(a, step + 1);
    }
}

static void on_long(lp_advisor_t *a, const adv_input_t *in)
{
    if (in->kind == ADV_START) {
        begin_step(a, 0);
        return;
    }
    const size_t step = a->s.step;
    steps[step].play->on(a, in);
    if (a->verdict == LP_ADVISOR_RUNNING && in->kind == ADV_EXPIRED) {
        adv_end(a, LP_ADVISOR_FAIL, "the time is up, and the advisor still waits %s",
                steps[step].play->waiting);
    }
    if (a->verdict != LP_ADVISOR_RUNNING) {
        finish_step(a, step);
    }
}

const adv_play_t adv_long = {on_long, "for one of its steps"};
