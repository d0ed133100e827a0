// SPDX-License-Identifier: Apache-2.0
// The session's state machine, its clock and its life.
//
//                attach              CONNECT sent                CONNACK accepts
//        IDLE ----------> SEND_CONNECT ----------> WAIT_CONNACK ----------------> CONNECTED
//          ^                  |   |                    |   |                        |   |
//          |                  |   +----- disconnect ---)---+------- disconnect -----)---+
//          |                  |                        |                            |   v
//          +------ lost ------+--------- lost ---------+----------- lost -----------+  SEND_
//          |                                                                        DISCONNECT
//          +------------------------- lost, DISCONNECT sent ----------------------------+
//
// Every other pair of state and input is not possible and changes nothing.
#include "limpet/port/clock.h"
#include "mqtt_internal.h"

enum { RX_CAP_MIN = 128, DEFAULT_TIMEOUT_MS = 10000, PING_MARGIN_MAX_MS = 5000 };
enum { SLOTS_MAX = 60000 }; // fewer than there are packet identifiers

// --- The machine --------------------------------------------------------------------------------

bool mqtt_step(lp_mqtt_t *m, mqtt_input_t input)
{
    enum { NO = 0, STATES = LP_MQTT_SEND_DISCONNECT + 1, INPUTS = MQTT_LOST + 1 };
#define TO(state) (LP_MQTT_##state + 1)
    static const uint8_t next[STATES][INPUTS] = {
        [LP_MQTT_IDLE] = {[MQTT_ATTACH] = TO(SEND_CONNECT)},
        [LP_MQTT_SEND_CONNECT] = {[MQTT_CONNECT_SENT] = TO(WAIT_CONNACK),
                                  [MQTT_DISCONNECT] = TO(SEND_DISCONNECT),
                                  [MQTT_LOST] = TO(IDLE)},
        [LP_MQTT_WAIT_CONNACK] = {[MQTT_ACCEPTED] = TO(CONNECTED),
                                  [MQTT_DISCONNECT] = TO(SEND_DISCONNECT),
                                  [MQTT_LOST] = TO(IDLE)},
        [LP_MQTT_CONNECTED] = {[MQTT_DISCONNECT] = TO(SEND_DISCONNECT), [MQTT_LOST] = TO(IDLE)},
        [LP_MQTT_SEND_DISCONNECT] = {[MQTT_DISCONNECT_SENT] = TO(IDLE), [MQTT_LOST] = TO(IDLE)},
    };
#undef TO
    uint8_t to = next[m->state_][input];
    if (to == NO) {
        return false;
    }
    m->state_ = (lp_mqtt_state_t)(to - 1);
    return true;
}

const char *lp_mqtt_state_name(lp_mqtt_state_t s)
{
    switch (s) {
    case LP_MQTT_IDLE:
        return "idle";
    case LP_MQTT_SEND_CONNECT:
    case LP_MQTT_WAIT_CONNACK:
        return "connecting";
    case LP_MQTT_CONNECTED:
        return "connected";
    case LP_MQTT_SEND_DISCONNECT:
        return "disconnecting";
    }
    return "unknown";
}

void mqtt_kick(lp_mqtt_t *m)
{
    lp_loop_post(m->loop_, &m->kick_);
}

void mqtt_emit(lp_mqtt_t *m, const lp_mqtt_event_t *ev)
{
    bool was_in_callback = m->is_in_callback_;
    m->is_in_callback_ = true;
    m->cfg_.on_event(m->cfg_.ctx, ev);
    m->is_in_callback_ = was_in_callback;
}

static void forget_connection(lp_mqtt_t *m)
{
    m->stream_ = NULL;
    m->control_len_ = 0;
    m->connect_len_ = 0;
    m->tx_at_ = 0;
    m->rx_len_ = 0;
    m->left_ = 0;
    m->rx_phase_ = RX_PACKET;
    m->deadline_ms_ = 0;
    m->closed_why_ = LP_OK;
}

void mqtt_end(lp_mqtt_t *m, mqtt_input_t input, const lp_mqtt_event_t *ev)
{
    if (!mqtt_step(m, input)) {
        return;
    }
    lp_stream_listen(m->stream_, NULL, NULL);
    lp_stream_close(m->stream_);
    bool had_connect = m->connect_len_ > 0;
    forget_connection(m);
    if (had_connect) {
        lp_wipe(m->cfg_.rx, m->cfg_.rx_cap); // it may hold a password
    }
    lp_timer_stop(m->loop_, &m->timer_);
    mqtt_queue_lost(m);
    mqtt_kick(m); // completes what that has ended
    lp_mqtt_event_t closed = *ev;
    closed.id = LP_MQTT_EV_CLOSED;
    mqtt_emit(m, &closed);
}

void mqtt_lose(lp_mqtt_t *m, lp_err_t why)
{
    bool is_cause_known = why == LP_E_CLOSED && m->closed_why_ != LP_OK;
    lp_mqtt_event_t ev = {.why = is_cause_known ? m->closed_why_ : why};
    mqtt_end(m, MQTT_LOST, &ev);
}

// --- Time ---------------------------------------------------------------------------------------

static uint32_t or_default(uint32_t value_ms)
{
    return value_ms != 0 ? value_ms : DEFAULT_TIMEOUT_MS;
}

// PINGREQ goes out a little before the server could miss it, and not only when nothing was sent: a
// client that only sends would otherwise never notice that nobody is there.
static uint64_t ping_due_ms(const lp_mqtt_t *m)
{
    if (m->state_ != LP_MQTT_CONNECTED || m->keep_alive_ms_ == 0 || m->deadline_ms_ != 0) {
        return UINT64_MAX;
    }
    uint64_t since = m->last_tx_ms_ < m->last_rx_ms_ ? m->last_tx_ms_ : m->last_rx_ms_;
    uint32_t margin = m->keep_alive_ms_ / 4;
    margin = margin > PING_MARGIN_MAX_MS ? PING_MARGIN_MAX_MS : margin;
    return since + m->keep_alive_ms_ - margin;
}

// A large packet on a slow line: PINGREQ waits behind the one that goes out, PINGRESP behind the
// one that comes in. As long as bytes move somebody is there.
static bool is_line_busy(lp_mqtt_t *m, uint64_t now_ms)
{
    bool is_arriving = m->rx_len_ > 0 || m->rx_phase_ != RX_PACKET;
    bool is_leaving = m->tx_slot_ > 0 || m->control_len_ > 0;
    uint64_t moved_ms = is_arriving ? m->last_rx_ms_ : 0;
    if (is_leaving && m->last_tx_ms_ > moved_ms) {
        moved_ms = m->last_tx_ms_;
    }
    uint64_t until = moved_ms + or_default(m->cfg_.response_timeout_ms);
    if (m->state_ != LP_MQTT_CONNECTED || until <= now_ms) {
        return false;
    }
    m->deadline_ms_ = until;
    return true;
}

static void check_clock(lp_mqtt_t *m)
{
    uint64_t now = lp_port_now_ms();
    if (m->deadline_ms_ != 0 && now >= m->deadline_ms_ && !is_line_busy(m, now)) {
        mqtt_lose(m, LP_E_TIMEOUT);
        return;
    }
    if (now >= ping_due_ms(m)) {
        mqtt_put_ping(m);
        m->stats_.pings++;
        m->deadline_ms_ = now + or_default(m->cfg_.response_timeout_ms);
    }
    mqtt_queue_retry(m, now);
}

static void arm_timer(lp_mqtt_t *m)
{
    if (m->stream_ == NULL) {
        return;
    }
    uint64_t now = lp_port_now_ms();
    uint64_t due = m->deadline_ms_ != 0 ? m->deadline_ms_ : ping_due_ms(m);
    uint64_t retry = mqtt_queue_retry_due_ms(m);
    due = retry < due ? retry : due;
    if (due == UINT64_MAX) {
        lp_timer_stop(m->loop_, &m->timer_);
        return;
    }
    uint64_t delay = due > now ? due - now : 0;
    lp_timer_start(m->loop_, &m->timer_, delay < UINT32_MAX ? (uint32_t)delay : UINT32_MAX);
}

// --- What the loop runs -------------------------------------------------------------------------

// Sends. On a failure what the server said last is read first: it may have said why.
static void send_or_lose(lp_mqtt_t *m)
{
    lp_err_t err = mqtt_send(m);
    if (err == LP_OK) {
        return;
    }
    uint32_t epoch = m->epoch_;
    (void)mqtt_receive(m);
    if (epoch == m->epoch_) {
        mqtt_lose(m, err);
    }
}

static void end_if_said_goodbye(lp_mqtt_t *m)
{
    bool is_flushed = m->connect_len_ == 0 && m->control_len_ == 0 && m->tx_slot_ == 0;
    if (m->state_ == LP_MQTT_SEND_DISCONNECT && is_flushed) {
        lp_mqtt_event_t ev = {.why = LP_OK};
        mqtt_end(m, MQTT_DISCONNECT_SENT, &ev);
    }
}

static void run(lp_mqtt_t *m)
{
    send_or_lose(m);
    bool has_more = mqtt_receive(m);
    send_or_lose(m);
    end_if_said_goodbye(m);
    mqtt_queue_sweep(m);
    if (has_more && mqtt_has_control_room(m)) {
        mqtt_kick(m); // otherwise WRITABLE will come
    }
    arm_timer(m);
}

static void on_kick(void *ctx)
{
    run((lp_mqtt_t *)ctx);
}

static void on_timer(void *ctx)
{
    lp_mqtt_t *m = ctx;
    check_clock(m);
    run(m);
}

// What had arrived before the end is handled before the end.
static void on_stream(void *ctx, unsigned events, lp_err_t why)
{
    lp_mqtt_t *m = ctx;
    uint32_t epoch = m->epoch_;
    bool is_closed = (events & LP_STREAM_CLOSED) != 0;
    if (is_closed) {
        m->closed_why_ = why != LP_OK ? why : LP_E_CLOSED;
    }
    run(m);
    if (is_closed && epoch == m->epoch_) {
        mqtt_lose(m, m->closed_why_);
        mqtt_queue_sweep(m);
    }
}

// --- Life ---------------------------------------------------------------------------------------

// Properties that the session sets itself, or that would need more than it does.
static bool has_session_props(lp_span_t props)
{
    static const uint8_t ids[] = {
        LP_MQTT_PROP_SESSION_EXPIRY,  LP_MQTT_PROP_RECEIVE_MAX, LP_MQTT_PROP_MAX_PACKET,
        LP_MQTT_PROP_TOPIC_ALIAS_MAX, LP_MQTT_PROP_AUTH_METHOD, LP_MQTT_PROP_AUTH_DATA,
    };
    lp_mqtt_prop_t p;
    for (size_t i = 0; i < sizeof ids; i++) {
        if (lp_mqtt_props_find(props, ids[i], &p) == LP_OK) {
            return true;
        }
    }
    return false;
}

static bool has_memory(const lp_mqtt_config_t *cfg)
{
    size_t least = cfg->policy == LP_MQTT_DROP_OLDEST ? 2 : 1;
    return cfg->slots != NULL && cfg->slot_count >= least && cfg->slot_count < SLOTS_MAX &&
           cfg->arena != NULL && cfg->rx != NULL && cfg->rx_cap >= RX_CAP_MIN;
}

static bool is_config_valid(const lp_mqtt_config_t *cfg)
{
    if (cfg->on_event == NULL || !has_memory(cfg)) {
        return false;
    }
    if (cfg->version == LP_MQTT_V4) {
        return cfg->session_expiry_s == 0;
    }
    return cfg->version == LP_MQTT_V5 && cfg->retry_ms == 0 &&
           !has_session_props(cfg->connect.props);
}

lp_err_t lp_mqtt_init(lp_mqtt_t *m, lp_loop_t *loop, const lp_mqtt_config_t *cfg,
                      uint16_t first_packet_id)
{
    if (!is_config_valid(cfg)) {
        return LP_E_INVALID;
    }
    lp_err_t err = mqtt_check_connect(cfg->limits, &cfg->connect);
    if (err != LP_OK) {
        return err;
    }
    *m = (lp_mqtt_t){.cfg_ = *cfg, .loop_ = loop, .next_packet_id_ = first_packet_id};
    lp_event_init(&m->kick_, on_kick, m);
    lp_timer_init(&m->timer_, on_timer, m);
    err = mqtt_build_connect(m); // now, so that attach cannot fail for it later
    m->connect_len_ = 0;
    lp_wipe(m->cfg_.rx, m->cfg_.rx_cap);
    return err;
}

lp_err_t lp_mqtt_set_rx(lp_mqtt_t *m, uint8_t *rx, size_t cap)
{
    if (m->state_ != LP_MQTT_IDLE) {
        return LP_E_STATE;
    }
    if (rx != NULL && cap < RX_CAP_MIN) {
        return LP_E_INVALID;
    }
    m->cfg_.rx = rx;
    m->cfg_.rx_cap = rx != NULL ? cap : 0;
    return LP_OK;
}

lp_err_t lp_mqtt_attach(lp_mqtt_t *m, lp_stream_t *stream)
{
    if (m->state_ == LP_MQTT_IDLE && m->cfg_.rx == NULL) {
        return LP_E_NOSPACE;
    }
    if (!mqtt_step(m, MQTT_ATTACH)) {
        return LP_E_STATE;
    }
    m->epoch_++;
    m->stream_ = stream;
    lp_err_t err = mqtt_build_connect(m);
    if (err != LP_OK) { // what cfg.connect borrows was changed since init
        forget_connection(m);
        (void)mqtt_step(m, MQTT_LOST);
        return err;
    }
    m->last_rx_ms_ = lp_port_now_ms();
    m->deadline_ms_ = m->last_rx_ms_ + or_default(m->cfg_.connect_timeout_ms);
    lp_stream_listen(stream, on_stream, m);
    mqtt_kick(m);
    return LP_OK;
}

lp_err_t lp_mqtt_disconnect(lp_mqtt_t *m)
{
    if (!mqtt_step(m, MQTT_DISCONNECT)) {
        return LP_E_STATE;
    }
    mqtt_put_disconnect(m);
    m->deadline_ms_ = lp_port_now_ms() + or_default(m->cfg_.response_timeout_ms);
    mqtt_kick(m);
    return LP_OK;
}

lp_err_t lp_mqtt_deinit(lp_mqtt_t *m)
{
    if (m->state_ != LP_MQTT_IDLE || m->slot_used_ > 0 || m->is_in_callback_) {
        return LP_E_BUSY;
    }
    lp_loop_unpost(m->loop_, &m->kick_);
    lp_timer_stop(m->loop_, &m->timer_);
    lp_wipe(m->cfg_.rx, m->cfg_.rx_cap);
    return LP_OK;
}

lp_mqtt_state_t lp_mqtt_state(const lp_mqtt_t *m)
{
    return m->state_;
}

lp_mqtt_stats_t lp_mqtt_stats(const lp_mqtt_t *m)
{
    lp_mqtt_stats_t s = m->stats_;
    s.queued = 0;
    for (size_t i = 0; i < m->slot_used_; i++) {
        s.queued += m->cfg_.slots[i].type_ == LP_MQTT_PUBLISH ? 1 : 0;
    }
    return s;
}
