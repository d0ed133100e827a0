// SPDX-License-Identifier: Apache-2.0
// The life of a further MQTT connection; the drawing is in limpet/mqtt_link.h.
#include "limpet/mqtt_link.h"

#include <string.h>

#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/port/system.h"
#include "limpet/settings.h"
#include "mqtt_link_internal.h"

#define LOG_MODULE "mqtt"

enum {
    TIME_POLL_MS = 1000,
    STABLE_MS = 30000,
    RETRY_MS = 15000,
    RANDOM_BYTES = 4,
};

const char *lp_mqtt_link_state_name(lp_mqtt_link_state_t state)
{
    switch (state) {
    case LP_MQTT_LINK_OFF:
        return "off";
    case LP_MQTT_LINK_WAIT_TIME:
        return "wait-time";
    case LP_MQTT_LINK_DIAL:
    case LP_MQTT_LINK_LOGIN:
        return "connecting";
    case LP_MQTT_LINK_CONNECTED:
        return "connected";
    case LP_MQTT_LINK_BACKOFF:
        return "backoff";
    }
    return "unknown";
}

static void enter(lp_mqtt_link_t *l, lp_mqtt_link_state_t state)
{
    const char *before = lp_mqtt_link_state_name(l->state);
    const bool was_up = l->state == LP_MQTT_LINK_CONNECTED;
    const bool is_up = state == LP_MQTT_LINK_CONNECTED;
    l->state = state;
    if (was_up != is_up) {
        lp_events_publish(l->s_.base->events, is_up ? LP_EV_MQTT_CONNECTED : LP_EV_MQTT_LOST,
                          is_up ? 0 : -(int32_t)l->err, l->s_.name);
    }
    if (strcmp(before, lp_mqtt_link_state_name(state)) != 0) {
        l->since_ms = lp_port_now_ms();
    }
}

static void wait_in(lp_mqtt_link_t *l, lp_mqtt_link_state_t state, uint32_t ms)
{
    enter(l, state);
    lp_timer_start(l->s_.base->loop, &l->timer_, ms);
}

static uint32_t random_bits(void)
{
    uint8_t bytes[RANDOM_BYTES] = {0};
    (void)lp_port_entropy(bytes, sizeof bytes); // without: no jitter, but still a wait
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void note(lp_mqtt_link_t *l, lp_err_t err, const char *detail)
{
    l->err = err;
    (void)lp_fmt_str(l->detail, sizeof l->detail, "%s", detail);
}

static void back_off(lp_mqtt_link_t *l, lp_err_t err, const char *detail)
{
    lp_link_close(&l->link_);
    note(l, err, detail);
    const uint32_t wait_ms = lp_backoff_next(&l->backoff_, random_bits());
    LP_LOGW("%s: no connection to %s: %s%s%s; again in %u.%u s", l->s_.name, l->wish_.host,
            lp_err_text(err), l->detail[0] != '\0' ? ", " : "", l->detail,
            (unsigned)(wait_ms / 1000), (unsigned)(wait_ms % 1000 / 100));
    wait_in(l, LP_MQTT_LINK_BACKOFF, wait_ms);
}

// -- logged in

static void on_subscribed(void *ctx, lp_err_t err, const lp_mqtt_result_t *result)
{
    const lp_mqtt_link_topic_t *topic = ctx;
    (void)result;
    if (err != LP_OK && err != LP_E_CLOSED && err != LP_E_CANCELED) {
        LP_LOGW("the broker does not let this device listen to %s (%s)", topic->filter_,
                lp_err_text(err));
    }
}

static void subscribe(lp_mqtt_link_t *l, lp_mqtt_link_topic_t *topic)
{
    const lp_mqtt_filter_t filter = {.filter = lp_span_str(topic->filter_), .qos = topic->qos_};
    const lp_err_t err = lp_mqtt_subscribe(&l->mqtt_, &filter, 1, on_subscribed, topic);
    if (err != LP_OK) {
        LP_LOGW("%s: cannot listen to %s (%s)", l->s_.name, topic->filter_, lp_err_text(err));
    }
}

static void on_login(lp_mqtt_link_t *l)
{
    const lp_mqtt_link_wish_t *w = &l->wish_;
    LP_LOGI("%s: connected to %s as %s%s", l->s_.name, w->host, w->client_id,
            w->is_secure ? "" : ", WITHOUT TLS: everybody on the way can read along");
    l->connects++;
    lp_mqtt_inbox_set(&l->inbox_, l->s_.inbox, l->s_.inbox_bytes);
    wait_in(l, LP_MQTT_LINK_CONNECTED, STABLE_MS);
    for (lp_mqtt_link_topic_t *t = l->topics_; t != NULL; t = t->next_) {
        subscribe(l, t); // also where the session is known: filters may be new
    }
    lp_mqtt_link_poke(l);
}

static void on_mqtt(void *ctx, const lp_mqtt_event_t *ev)
{
    lp_mqtt_link_t *l = ctx;
    if (ev->id == LP_MQTT_EV_CONNECTED) {
        on_login(l);
        return;
    }
    char detail[LP_MQTT_LINK_DETAIL] = "";
    const char *words = lp_link_detail(&l->link_);
    if (ev->reason != 0) {
        (void)lp_fmt_str(detail, sizeof detail, "the broker's code is %u", ev->reason);
    } else if (words[0] != '\0') {
        (void)lp_fmt_str(detail, sizeof detail, "%s", words);
    }
    lp_link_close(&l->link_);
    if (l->is_leaving_) {
        l->is_leaving_ = false;
        note(l, LP_OK, "");
        enter(l, LP_MQTT_LINK_OFF);
    } else {
        back_off(l, ev->why, detail);
    }
    lp_mqtt_link_poke(l);
}

// -- the session, which outlives connections

static lp_err_t make_session(lp_mqtt_link_t *l)
{
    const lp_mqtt_link_wish_t *w = &l->wish_;
    if (l->has_mqtt_) {
        return LP_OK;
    }
    const lp_mqtt_config_t config = {
        .version = LP_MQTT_V4,
        .connect = {.client_id = lp_span_str(w->client_id),
                    .clean_start = !w->is_persistent,
                    .keep_alive_s = (uint16_t)w->keep_alive_s,
                    .username = w->user[0] != '\0' ? &l->user_ : NULL,
                    .password = w->password[0] != '\0' ? &l->password_ : NULL},
        .retry_ms = RETRY_MS,
        .policy = LP_MQTT_DROP_OLDEST,
        .on_event = on_mqtt,
        .on_message = lp_mqtt_link_on_message,
        .ctx = l,
        .slots = l->s_.slots,
        .slot_count = l->s_.slot_count,
        .arena = l->s_.queue,
        .arena_cap = l->s_.queue_bytes,
        .rx = l->s_.rx,
        .rx_cap = l->s_.rx_bytes,
    };
    l->user_ = lp_span_str(w->user);
    l->password_ = lp_span_str(w->password);
    const lp_err_t err =
        lp_mqtt_init(&l->mqtt_, l->s_.base->loop, &config, (uint16_t)random_bits());
    l->has_mqtt_ = err == LP_OK;
    return err;
}

// False: not over before the loop has turned.
static bool drop_session(lp_mqtt_link_t *l)
{
    if (l->has_mqtt_) {
        lp_mqtt_cancel_all(&l->mqtt_);
        l->has_mqtt_ = lp_mqtt_deinit(&l->mqtt_) != LP_OK;
    }
    return !l->has_mqtt_;
}

// -- dialling

static void on_link(void *ctx, lp_link_event_t event, lp_err_t why, const char *detail)
{
    lp_mqtt_link_t *l = ctx;
    if (l->state != LP_MQTT_LINK_DIAL) {
        return;
    }
    if (event == LP_LINK_CLOSED) {
        back_off(l, why, detail);
        return;
    }
    enter(l, LP_MQTT_LINK_LOGIN);
    const lp_err_t err = lp_mqtt_attach(&l->mqtt_, lp_link_stream(&l->link_));
    if (err != LP_OK) {
        back_off(l, err, "MQTT cannot start");
    }
}

static void dial(lp_mqtt_link_t *l)
{
    const lp_mqtt_link_wish_t *w = &l->wish_;
    const lp_link_papers_t papers = {.trust = w->trust, .cert = w->cert, .key = w->key};
    lp_err_t err = make_session(l);
    if (err == LP_OK) {
        err = lp_link_open(&l->link_, l->s_.base, w->host, w->port, w->is_secure ? &papers : NULL,
                           on_link, l);
    }
    if (err != LP_OK) {
        back_off(l, err, err == LP_E_UNSUPPORTED ? "this board has no TLS" : "");
        return;
    }
    enter(l, LP_MQTT_LINK_DIAL);
}

static void begin(lp_mqtt_link_t *l)
{
    int64_t utc_s = 0;
    if (l->wish_.is_secure && lp_setting_trust_check_dates(l->s_.base->config) &&
        lp_port_utc_s(&utc_s) != LP_OK) {
        note(l, LP_E_CLOCK, "the dates of certificates cannot be checked");
        wait_in(l, LP_MQTT_LINK_WAIT_TIME, TIME_POLL_MS);
        return;
    }
    dial(l);
}

static void on_timer(void *ctx)
{
    lp_mqtt_link_t *l = ctx;
    switch (l->state) {
    case LP_MQTT_LINK_CONNECTED:
        lp_backoff_reset(&l->backoff_);
        return;
    case LP_MQTT_LINK_WAIT_TIME:
    case LP_MQTT_LINK_BACKOFF:
        begin(l);
        return;
    case LP_MQTT_LINK_OFF:
    case LP_MQTT_LINK_DIAL:
    case LP_MQTT_LINK_LOGIN:
        return;
    }
}

// -- on and off

static void turn_off(lp_mqtt_link_t *l)
{
    lp_timer_stop(l->s_.base->loop, &l->timer_);
    if (l->state == LP_MQTT_LINK_CONNECTED || l->state == LP_MQTT_LINK_LOGIN) {
        l->is_leaving_ = lp_mqtt_disconnect(&l->mqtt_) == LP_OK || l->is_leaving_;
        return;
    }
    lp_link_close(&l->link_);
    enter(l, LP_MQTT_LINK_OFF);
}

static void turn_on(lp_mqtt_link_t *l, const lp_mqtt_link_wish_t *wish)
{
    if (!drop_session(l)) {
        lp_mqtt_link_poke(l);
        return;
    }
    l->wish_ = *wish;
    lp_backoff_init(&l->backoff_, (uint32_t)wish->backoff_ms / 2, (uint32_t)wish->backoff_ms,
                    (uint32_t)wish->backoff_max_s * 1000);
    begin(l);
}

static void step(void *ctx)
{
    lp_mqtt_link_t *l = ctx;
    lp_mqtt_link_wish_t wish;
    const lp_err_t err = lp_mqtt_link_read_wish(l, &wish);
    const bool is_same = memcmp(&wish, &l->wish_, sizeof wish) == 0;
    const bool is_on = l->state != LP_MQTT_LINK_OFF;
    const bool is_wanted = wish.is_enabled && err == LP_OK && !l->is_halted_;
    if (is_on && (!is_wanted || !is_same)) {
        if (!l->is_leaving_) {
            turn_off(l);
        }
        if (l->state == LP_MQTT_LINK_OFF) {
            lp_mqtt_link_poke(l);
        }
    } else if (!is_on && is_wanted) {
        turn_on(l, &wish);
    } else if (!is_on && wish.is_enabled && err != LP_OK && l->err != err) {
        note(l, err, "a setting is missing or wrong");
        LP_LOGE("%s: not connecting: %s.server is not set or not usable", l->s_.name, l->s_.name);
    }
    lp_wipe(&wish, sizeof wish);
}

void lp_mqtt_link_poke(lp_mqtt_link_t *l)
{
    lp_loop_post(l->s_.base->loop, &l->step_);
}

void lp_mqtt_link_stop(lp_mqtt_link_t *l)
{
    l->is_halted_ = true;
    lp_mqtt_link_poke(l);
}

void lp_mqtt_link_init(lp_mqtt_link_t *l, const lp_mqtt_link_setup_t *setup)
{
    memset(l, 0, sizeof *l);
    l->s_ = *setup;
    lp_timer_init(&l->timer_, on_timer, l);
    lp_event_init(&l->step_, step, l);
    lp_mqtt_link_poke(l);
}

// -- for the application

lp_err_t lp_mqtt_link_publish(lp_mqtt_link_t *l, const char *topic, lp_span_t payload, uint8_t qos,
                              bool is_retained, lp_mqtt_done_fn *done, void *ctx)
{
    const lp_mqtt_publish_t msg = {
        .topic = lp_span_str(topic), .payload = payload, .qos = qos, .is_retained = is_retained};
    if (!l->has_mqtt_ || l->state == LP_MQTT_LINK_OFF) {
        return LP_E_STATE;
    }
    return lp_mqtt_publish(&l->mqtt_, &msg, done, ctx);
}

lp_err_t lp_mqtt_link_listen(lp_mqtt_link_t *l, lp_mqtt_link_topic_t *topic, const char *filter,
                             uint8_t qos, lp_mqtt_link_message_fn *fn, void *ctx)
{
    if (!lp_mqtt_filter_is_valid(lp_span_str(filter)) || qos > 2) {
        return LP_E_INVALID;
    }
    *topic = (lp_mqtt_link_topic_t){
        .next_ = l->topics_, .filter_ = filter, .qos_ = qos, .fn_ = fn, .ctx_ = ctx};
    l->topics_ = topic;
    if (l->state == LP_MQTT_LINK_CONNECTED) {
        subscribe(l, topic);
    }
    return LP_OK;
}
