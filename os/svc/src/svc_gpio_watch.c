// SPDX-License-Identifier: Apache-2.0
// Who hears of edges. From the interrupt an edge goes into a queue, from there in the loop over the
// caller's channel, as soon as that has room.
//
//   edge --> queue --> notification
//              | full: counted; a pin that goes on and on is not watched until it is empty
//
// With debounce_ms the interrupt is off from the first edge until the level counts, as with
// buttons.
#include <string.h>

#include "limpet/port/clock.h"
#include "limpet/port/irq.h"
#include "limpet/rpc_take.h"
#include "svc_gpio_internal.h"

enum {
    TTL_S = 60,
    TTL_S_MAX = 3600,
    DEBOUNCE_MS_MAX = 10000,
    RETRY_MS = 20,
    BURST_MAX = 256, // edges of a pin between two looks at the queue
};

static const char default_method[] = "GPIO.Int";

static lp_gpio_t *gpio_of(const lp_svc_gpio_watch_t *w)
{
    return &w->pin_->gpio_;
}

static bool is_asked_for(const lp_svc_gpio_watch_t *w, bool is_high)
{
    return (w->edges_ & (is_high ? LP_GPIO_EDGE_RISING : LP_GPIO_EDGE_FALLING)) != 0;
}

// -- the queue

static void push(lp_svc_gpio_watch_t *w, bool is_high)
{
    const uint32_t irq = lp_port_irq_save();
    if (w->count_ == LP_SVC_GPIO_EDGES) {
        w->lost_ = w->lost_ + 1;
    } else {
        w->queue_[(w->first_ + w->count_) % LP_SVC_GPIO_EDGES] =
            (lp_svc_gpio_event_t){.at_ms = (uint32_t)lp_port_now_ms(), .is_high = is_high};
        w->count_ = w->count_ + 1;
    }
    lp_port_irq_restore(irq);
    lp_loop_post(w->pin_->svc_->loop_, &w->pin_->svc_->edge_);
}

static void pop(lp_svc_gpio_watch_t *w)
{
    const uint32_t irq = lp_port_irq_save();
    w->first_ = (w->first_ + 1) % LP_SVC_GPIO_EDGES;
    w->count_ = w->count_ - 1;
    lp_port_irq_restore(irq);
}

// -- edges

static void watch(lp_svc_gpio_watch_t *w);

// From the interrupt.
static void on_edge(void *ctx)
{
    lp_svc_gpio_watch_t *w = ctx;
    w->burst_ = w->burst_ + 1;
    if (w->debounce_ms_ > 0) {
        lp_port_gpio_unwatch(gpio_of(w)->pin);
        lp_loop_post(w->pin_->svc_->loop_, &w->pin_->svc_->edge_);
        return;
    }
    if (w->burst_ >= BURST_MAX) {
        lp_port_gpio_unwatch(gpio_of(w)->pin);
    }
    push(w, lp_port_gpio_read(gpio_of(w)->pin));
}

static void watch(lp_svc_gpio_watch_t *w)
{
    const lp_gpio_edge_t edges =
        w->debounce_ms_ > 0 ? LP_GPIO_EDGE_BOTH : (lp_gpio_edge_t)w->edges_;
    w->burst_ = 0;
    (void)lp_port_gpio_watch(gpio_of(w)->pin, edges, on_edge, w);
}

static void on_settled(void *ctx)
{
    lp_svc_gpio_watch_t *w = ctx;
    watch(w); // first the watch, then the look
    const bool is_high = lp_gpio_read(gpio_of(w));
    if (is_high != w->is_level_high_) {
        w->is_level_high_ = is_high;
        if (is_asked_for(w, is_high)) {
            push(w, is_high);
        }
    }
}

// -- telling

static lp_err_t tell(lp_svc_gpio_watch_t *watch, const lp_svc_gpio_event_t *e)
{
    const uint64_t now_ms = lp_port_now_ms();
    const uint32_t lost = watch->lost_;
    lp_json_writer_t *w = lp_rpc_notify(&watch->listener_);
    if (w == NULL) {
        return LP_E_AGAIN;
    }
    lp_json_put_object(w);
    lp_json_put_key(w, "pin");
    lp_json_put_uint(w, gpio_of(watch)->pin);
    lp_json_put_key(w, "value");
    lp_json_put_uint(w, e->is_high ? 1 : 0);
    lp_json_put_key(w, "at_ms");
    lp_json_put_uint(w, now_ms - (uint32_t)((uint32_t)now_ms - e->at_ms));
    if (lost > 0) {
        lp_json_put_key(w, "lost");
        lp_json_put_uint(w, lost);
    }
    lp_json_put_object_end(w);
    const lp_err_t err = lp_rpc_notify_done(&watch->listener_);
    if (err == LP_OK) {
        const uint32_t irq = lp_port_irq_save();
        watch->lost_ = watch->lost_ - lost;
        lp_port_irq_restore(irq);
    }
    return err;
}

// All is told of a pin: what was not watched meanwhile is, again.
static void look_after(lp_svc_gpio_watch_t *w)
{
    const uint32_t irq = lp_port_irq_save();
    const uint32_t burst = w->burst_;
    w->burst_ = 0;
    lp_port_irq_restore(irq);
    if (burst > 0 && w->debounce_ms_ > 0) {
        lp_timer_start(w->pin_->svc_->loop_, &w->settle_, w->debounce_ms_);
    } else if (burst >= BURST_MAX) {
        watch(w);
    }
}

// False: the way out is blocked.
static bool drain_watch(lp_svc_gpio_watch_t *w)
{
    while (w->count_ > 0) {
        const lp_svc_gpio_event_t e = w->queue_[w->first_];
        if (tell(w, &e) == LP_E_AGAIN) {
            return false;
        }
        pop(w);
    }
    look_after(w);
    return true;
}

// A caller who does not read holds up nobody but himself.
static void drain(void *ctx)
{
    lp_svc_gpio_t *svc = ctx;
    bool is_all = true;
    for (size_t i = 0; i < LP_SVC_GPIO_WATCHES; i++) {
        if (svc->watches_[i].pin_ != NULL) {
            is_all &= drain_watch(&svc->watches_[i]);
        }
    }
    if (!is_all) {
        lp_timer_start(svc->loop_, &svc->retry_, RETRY_MS);
    }
}

void svc_gpio_tell_lost(lp_svc_gpio_pin_t *p)
{
    const lp_svc_gpio_watch_t *watch = p->watch_;
    lp_json_writer_t *w = watch != NULL ? lp_rpc_notify(&watch->listener_) : NULL;
    if (w != NULL) {
        lp_json_put_object(w);
        lp_json_put_key(w, "pin");
        lp_json_put_uint(w, p->gpio_.pin);
        lp_json_put_key(w, "is_gone");
        lp_json_put_bool(w, true);
        lp_json_put_object_end(w);
        (void)lp_rpc_notify_done(&watch->listener_);
    }
    svc_gpio_unlisten(p);
}

// -- beginning and end

static lp_svc_gpio_watch_t *begin(lp_svc_gpio_pin_t *p)
{
    for (size_t i = 0; i < LP_SVC_GPIO_WATCHES && p->watch_ == NULL; i++) {
        lp_svc_gpio_watch_t *w = &p->svc_->watches_[i];
        if (w->pin_ == NULL) {
            w->pin_ = p;
            w->first_ = w->count_ = w->lost_ = w->burst_ = 0;
            p->watch_ = w;
        }
    }
    return p->watch_;
}

void svc_gpio_unlisten(lp_svc_gpio_pin_t *p)
{
    lp_svc_gpio_watch_t *w = p->watch_;
    if (w != NULL) {
        lp_port_gpio_unwatch(p->gpio_.pin);
        lp_timer_stop(p->svc_->loop_, &w->lease_);
        lp_timer_stop(p->svc_->loop_, &w->settle_);
        w->pin_ = NULL;
        p->watch_ = NULL;
    }
}

static void rewatch(lp_svc_gpio_watch_t *w)
{
    lp_timer_stop(w->pin_->svc_->loop_, &w->settle_);
    w->is_level_high_ = lp_gpio_read(gpio_of(w));
    watch(w);
}

void svc_gpio_configured(lp_svc_gpio_pin_t *p)
{
    if (p->watch_ != NULL && lp_gpio_drives(&p->gpio_)) {
        svc_gpio_tell_lost(p); // nobody but ourselves makes edges there
    } else if (p->watch_ != NULL) {
        rewatch(p->watch_);
    }
}

static void end(lp_svc_gpio_pin_t *p)
{
    svc_gpio_unlisten(p);
    if (p->is_watches_) {
        svc_gpio_release(p);
    }
}

static void on_lease_over(void *ctx)
{
    const lp_svc_gpio_watch_t *w = ctx;
    end(w->pin_);
}

static void on_gone(void *ctx, const lp_rpc_channel_t *ch)
{
    lp_svc_gpio_t *svc = ctx;
    for (size_t i = 0; i < LP_SVC_GPIO_WATCHES; i++) {
        const lp_svc_gpio_watch_t *w = &svc->watches_[i];
        if (w->pin_ != NULL && w->listener_.channel == ch) {
            end(w->pin_);
        }
    }
}

void svc_gpio_watch_init(lp_svc_gpio_t *svc, lp_rpc_t *rpc)
{
    for (size_t i = 0; i < LP_SVC_GPIO_PINS; i++) {
        svc->pins_[i].svc_ = svc;
    }
    for (size_t i = 0; i < LP_SVC_GPIO_WATCHES; i++) {
        lp_timer_init(&svc->watches_[i].lease_, on_lease_over, &svc->watches_[i]);
        lp_timer_init(&svc->watches_[i].settle_, on_settled, &svc->watches_[i]);
    }
    lp_event_init(&svc->edge_, drain, svc);
    lp_timer_init(&svc->retry_, drain, svc);
    svc->farewell_ = (lp_rpc_farewell_t){.gone = on_gone, .ctx = svc};
    lp_rpc_on_gone(rpc, &svc->farewell_);
}

// -- methods

typedef struct {
    uint16_t pin;
    size_t edge, pull;
    uint32_t debounce_ms, ttl_s;
    bool has_pull;
    char method[sizeof((lp_rpc_listener_t *)0)->method];
} wish_t;

static bool take_method(lp_rpc_req_t *req, wish_t *wish)
{
    memcpy(wish->method, default_method, sizeof default_method);
    const lp_err_t err = lp_rpc_param_str(req, "method", wish->method, sizeof wish->method);
    if (err == LP_OK || err == LP_E_NOT_FOUND) {
        return true;
    }
    lp_rpc_fail(req, LP_E_INVALID, "method: a name of at most %d bytes",
                (int)sizeof wish->method - 1);
    return false;
}

static bool take_wish(lp_rpc_req_t *req, wish_t *wish)
{
    static const char *const edges[] = {"any", "pos", "neg"};
    static const char *const pulls[] = {"none", "up", "down"};
    lp_json_t value;
    if (!svc_gpio_take_pin(req, &wish->pin) ||
        !lp_rpc_take_word(req, "edge", edges, 3, &wish->edge) ||
        !lp_rpc_take_word(req, "pull", pulls, 3, &wish->pull) ||
        !lp_rpc_take_u32_or(req, "debounce_ms", DEBOUNCE_MS_MAX, 0, &wish->debounce_ms) ||
        !lp_rpc_take_u32_or(req, "ttl_s", TTL_S_MAX, TTL_S, &wish->ttl_s) ||
        !take_method(req, wish)) {
        return false;
    }
    wish->has_pull = lp_rpc_param(req, "pull", &value) == LP_OK;
    if (wish->ttl_s == 0) {
        lp_rpc_fail(req, LP_E_INVALID, "ttl_s: at least 1; GPIO.RemoveIntHandler ends it");
    }
    return wish->ttl_s > 0;
}

// Whether edges of that pin can be told to who asks; false: answered.
static bool can_listen(lp_svc_gpio_pin_t *p, lp_rpc_req_t *req, uint16_t pin)
{
    lp_gpio_info_t info;
    if (lp_port_gpio_info(pin, &info) == LP_OK && (info.can & LP_GPIO_CAN_EDGES) == 0) {
        lp_rpc_fail(req, LP_E_UNSUPPORTED, "pin: it has no edges; GPIO.Info says what it can");
        return false;
    }
    if (p != NULL && lp_gpio_drives(&p->gpio_)) {
        lp_rpc_fail(req, LP_E_STATE, "pin: it drives; GPIO.Configure makes it an input");
        return false;
    }
    if (p != NULL && p->watch_ != NULL && p->watch_->listener_.channel != lp_rpc_channel_of(req)) {
        lp_rpc_fail(req, LP_E_BUSY, "pin: another caller listens to it");
        return false;
    }
    return true;
}

// The watch on an input of ours. Null: answered.
static lp_svc_gpio_watch_t *take_watch(lp_svc_gpio_t *svc, lp_rpc_req_t *req, const wish_t *wish)
{
    const lp_gpio_config_t config = {.mode = LP_GPIO_INPUT, .pull = (lp_gpio_pull_t)wish->pull};
    lp_svc_gpio_pin_t *p = svc_gpio_find(svc, wish->pin);
    const bool is_new = p == NULL;
    const bool is_watches = is_new || p->is_watches_;
    if (!can_listen(p, req, wish->pin)) {
        return NULL;
    }
    if (is_new || wish->has_pull) {
        p = svc_gpio_make(svc, req, wish->pin, &config);
    }
    if (p == NULL) {
        return NULL;
    }
    p->is_watches_ = is_watches;
    lp_svc_gpio_watch_t *w = begin(p);
    if (w == NULL) {
        if (is_new) {
            svc_gpio_release(p);
        }
        lp_rpc_fail(req, LP_E_NOSPACE, "%d pins are listened to already", LP_SVC_GPIO_WATCHES);
    }
    return w;
}

static void put_watch(lp_rpc_req_t *req, const lp_svc_gpio_watch_t *watch, uint32_t ttl_s)
{
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "value");
    lp_json_put_uint(w, lp_gpio_read(gpio_of(watch)) ? 1 : 0);
    lp_json_put_key(w, "ttl_s");
    lp_json_put_uint(w, ttl_s);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

void svc_gpio_rpc_set_handler(void *ctx, lp_rpc_req_t *req)
{
    static const uint8_t edges[] = {LP_GPIO_EDGE_BOTH, LP_GPIO_EDGE_RISING, LP_GPIO_EDGE_FALLING};
    lp_svc_gpio_t *svc = ctx;
    wish_t wish;
    lp_rpc_listener_t listener;
    if (!take_wish(req, &wish)) {
        return;
    }
    if (lp_rpc_listener_init(&listener, req, wish.method) != LP_OK) {
        lp_rpc_fail(req, LP_E_UNSUPPORTED,
                    "over HTTP only answers come; use a serial port, TCP, WebSocket or MQTT");
        return;
    }
    lp_svc_gpio_watch_t *w = take_watch(svc, req, &wish);
    if (w == NULL) {
        return;
    }
    const bool is_renewed = w->listener_.channel == listener.channel &&
                            w->edges_ == edges[wish.edge] && w->debounce_ms_ == wish.debounce_ms &&
                            w->lease_.is_running;
    w->listener_ = listener;
    w->edges_ = edges[wish.edge];
    w->debounce_ms_ = wish.debounce_ms;
    if (!is_renewed) { // else no edge is missed
        rewatch(w);
    }
    lp_timer_start(svc->loop_, &w->lease_, wish.ttl_s * 1000);
    put_watch(req, w, wish.ttl_s);
}

void svc_gpio_rpc_remove_handler(void *ctx, lp_rpc_req_t *req)
{
    uint16_t pin = 0;
    if (!svc_gpio_take_pin(req, &pin)) {
        return;
    }
    lp_svc_gpio_pin_t *p = svc_gpio_find(ctx, pin);
    if (p == NULL || p->watch_ == NULL) {
        lp_rpc_fail(req, LP_E_STATE, "pin: nobody listens to it");
        return;
    }
    end(p);
    lp_rpc_ok(req);
}
