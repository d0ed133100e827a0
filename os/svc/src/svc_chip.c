// SPDX-License-Identifier: Apache-2.0
// The chip that is there now.
//
//   check:  present --identify--> same serial: done
//                              `-> another serial: said, taken, done
//                              `-> error: gone, said, keys taken out of the store, done(error)
//           absent --scan--> found --identify--> keys into the store, done
//
// A chip that comes, or comes back, proves the bus key first where there is one (svc_bus.c).
#include "limpet/svc_chip.h"

#include <string.h>

#include "limpet/hex.h"
#include "limpet/log.h"
#include "svc_chip_internal.h"

#define LOG_MODULE "chip"

enum { RELEASE_RETRY_MS = 5 };

const lp_atecc_id_t *lp_svc_chip_id(const lp_svc_chip_t *svc)
{
    return svc->is_present ? &svc->id_ : NULL;
}

bool lp_svc_chip_is_serial(const lp_svc_chip_t *svc, const char *text)
{
    uint8_t digits[2 * LP_ATECC_SERIAL_LEN];
    uint8_t serial[LP_ATECC_SERIAL_LEN];
    size_t n = 0;
    for (; *text != '\0'; text++) {
        if (*text != ' ' && n == sizeof digits) {
            return false;
        }
        if (*text != ' ') {
            digits[n++] = (uint8_t)*text;
        }
    }
    lp_buf_t out = lp_buf(serial, sizeof serial);
    return svc->is_present && n == sizeof digits &&
           lp_hex_decode(&out, lp_span(digits, n)) == LP_OK &&
           memcmp(serial, svc->id_.serial, sizeof serial) == 0;
}

static void serial_text(char text[LP_SVC_CHIP_HEX_MAX], const lp_atecc_id_t *id)
{
    lp_buf_t out = lp_buf(text, LP_SVC_CHIP_HEX_MAX - 1);
    (void)lp_hex_encode(&out, lp_span(id->serial, sizeof id->serial));
    text[out.len] = '\0';
}

static void on_wear(void *ctx, uint16_t slot)
{
    lp_svc_chip_t *svc = ctx;
    if (slot != LP_ATECC_SLOT_ECDHE && slot != LP_ATECC_SLOT_ECDHE_SEALED) {
        return;
    }
    lp_counters_add(svc->s_.counters, LP_COUNTER_ECDHE);
    const uint32_t writes = svc->s_.counters->value[LP_COUNTER_ECDHE];
    if (writes >= LP_COUNTER_ECDHE_LIMIT / 10 * 9 && writes % 100 == 0) {
        LP_LOGW("the chip's ECDHE slot has had %lu of its %d writes; set identity.ecdhe to "
                "software",
                (unsigned long)writes, LP_COUNTER_ECDHE_LIMIT);
    }
}

// -- completion, always from the loop

static void complete_now(void *ctx)
{
    lp_svc_chip_t *svc = ctx;
    svc->is_checking_ = false;
    svc->done_(svc->done_ctx_, svc->done_err_);
}

// A bus whose adapter is unplugged has no chip; whoever waits for one need not know about adapters.
static void complete(lp_svc_chip_t *svc, lp_err_t err)
{
    svc->done_err_ = err == LP_E_CLOSED ? LP_E_CHIP_MISSING : err;
    lp_loop_post(svc->s_.loop, &svc->done_event_);
}

static void lose(lp_svc_chip_t *svc, lp_err_t why)
{
    const char *text = why == LP_E_CLOSED ? "the bus adapter is not connected" : lp_err_text(why);
    if (svc->is_present) {
        LP_LOGE("the crypto chip is gone (%s)", text);
    } else if (!svc->was_told_) {
        LP_LOGW("no crypto chip on the bus %s (%s)", svc->s_.bus_name, text);
    }
    svc->is_present = false;
    svc->is_guarded_ = false;
    svc->was_told_ = true;
    (void)lp_keystore_set_chip(svc->s_.keys, NULL); // busy: its operations fail by themselves
}

static void tell_new_chip(lp_svc_chip_t *svc, bool is_other)
{
    char serial[LP_SVC_CHIP_HEX_MAX];
    serial_text(serial, &svc->id_);
    if (is_other) {
        LP_LOGW("this is another chip than before");
    }
    LP_LOGI("%s %s at 0x%02x, %s, configuration %slocked, data %slocked",
            lp_atecc_part_name(svc->id_.part), serial, svc->id_.addr,
            lp_atecc_variant_name(svc->id_.variant), svc->id_.is_config_locked ? "" : "not ",
            svc->id_.is_data_locked ? "" : "not ");
    if (svc->s_.guard == NULL) {
        LP_LOGI("what it answers crosses the bus in clear");
    }
}

// `seen_` was read without an error.
static void take_seen(lp_svc_chip_t *svc)
{
    const bool was_known = svc->arrivals > 0;
    const bool is_other =
        was_known && memcmp(svc->id_.serial, svc->seen_.serial, LP_ATECC_SERIAL_LEN) != 0;
    const bool is_news = !svc->is_present || is_other;
    svc->id_ = svc->seen_;
    svc->is_present = true;
    svc->was_told_ = false;
    if (is_news) {
        svc->arrivals++;
        svc->is_guarded_ = false;
        (void)lp_keystore_set_chip(svc->s_.keys, NULL); // it may hold other keys
        tell_new_chip(svc, is_other);
        lp_timer_start(svc->s_.loop, &svc->watch_, LP_SVC_CHIP_WATCH_MS);
    }
}

// Without an answer about the bus key the chip is used all the same, in no way that would need it.
static void on_guarded(void *ctx, lp_err_t err)
{
    lp_svc_chip_t *svc = ctx;
    svc->is_guarded_ = err == LP_OK;
    if (!lp_keystore_has_chip(svc->s_.keys)) { // else it is the one that was there before
        (void)lp_keystore_set_chip(svc->s_.keys, &svc->keychip_.prov);
    }
    complete(svc, LP_OK);
}

static void on_identified(void *ctx, lp_err_t err)
{
    lp_svc_chip_t *svc = ctx;
    lp_svc_chip_guard_t *guard = svc->s_.guard;
    if (err != LP_OK) {
        lose(svc, err);
        complete(svc, err);
        return;
    }
    take_seen(svc);
    if (guard != NULL && !svc->is_guarded_) {
        guard->check(guard, &svc->id_, &svc->keychip_, on_guarded, svc);
    } else {
        on_guarded(svc, LP_OK);
    }
}

static void identify(lp_svc_chip_t *svc)
{
    const lp_err_t err =
        lp_atecc_identify(&svc->chip_, &svc->req_, &svc->seen_, on_identified, svc);
    if (err != LP_OK) {
        lose(svc, err);
        complete(svc, err);
    }
}

// -- a look at the whole bus

// The chip we know, else one with our plan, else the first.
static const lp_atecc_id_t *choose(const lp_svc_chip_t *svc)
{
    const lp_atecc_id_t *best = &svc->found_[0];
    for (size_t i = svc->found_len_; i-- > 0;) {
        best = svc->found_[i].variant == LP_ATECC_LIMPET ? &svc->found_[i] : best;
    }
    for (size_t i = 0; i < svc->found_len_ && svc->arrivals > 0; i++) {
        if (memcmp(svc->found_[i].serial, svc->id_.serial, LP_ATECC_SERIAL_LEN) == 0) {
            best = &svc->found_[i];
        }
    }
    return best;
}

static void use(lp_svc_chip_t *svc, uint8_t addr)
{
    const lp_atecc_config_t cfg = {
        .loop = svc->s_.loop, .bus = svc->s_.bus, .addr = addr, .wear = on_wear, .wear_ctx = svc};
    lp_atecc_init(&svc->chip_, &cfg);
    lp_keychip_init(&svc->keychip_, &svc->chip_);
    svc->has_driver_ = true;
    svc->is_guarded_ = false;
}

static void on_scanned(void *ctx, lp_err_t err)
{
    lp_svc_chip_t *svc = ctx;
    svc->found_len_ = (uint8_t)(err == LP_OK ? svc->scan_.found_len : 0);
    if (err != LP_OK) {
        lose(svc, err);
        complete(svc, err);
        return;
    }
    use(svc, choose(svc)->addr);
    identify(svc);
}

static void start_scan(lp_svc_chip_t *svc)
{
    const lp_err_t err = lp_atecc_scan(&svc->scan_, svc->s_.loop, svc->s_.bus, svc->found_,
                                       LP_SVC_CHIP_FOUND_MAX, on_scanned, svc);
    if (err != LP_OK) {
        lose(svc, err);
        complete(svc, err);
    }
}

// A scan wants the bus for itself: the driver lets go first, which takes a moment while it is just
// putting the chip to rest.
static void release_then_scan(void *ctx)
{
    lp_svc_chip_t *svc = ctx;
    if (lp_keystore_set_chip(svc->s_.keys, NULL) != LP_OK ||
        (svc->has_driver_ && lp_atecc_deinit(&svc->chip_) != LP_OK)) {
        lp_timer_start(svc->s_.loop, &svc->retry_, RELEASE_RETRY_MS);
        return;
    }
    svc->has_driver_ = false;
    start_scan(svc);
}

static lp_err_t begin(lp_svc_chip_t *svc, lp_atecc_done_fn *done, void *ctx)
{
    if (svc->is_checking_) {
        return LP_E_BUSY;
    }
    svc->is_checking_ = true;
    svc->done_ = done;
    svc->done_ctx_ = ctx;
    if (svc->s_.bus == NULL) {
        lose(svc, LP_E_CHIP_MISSING);
        complete(svc, LP_E_CHIP_MISSING);
    }
    return LP_OK;
}

lp_err_t lp_svc_chip_scan(lp_svc_chip_t *svc, lp_atecc_done_fn *done, void *ctx)
{
    const lp_err_t err = begin(svc, done, ctx);
    svc->found_len_ = 0;
    if (err == LP_OK && svc->s_.bus != NULL) {
        release_then_scan(svc);
    }
    return err;
}

lp_err_t lp_svc_chip_check(lp_svc_chip_t *svc, lp_atecc_done_fn *done, void *ctx)
{
    if (!svc->is_present) {
        return lp_svc_chip_scan(svc, done, ctx);
    }
    const lp_err_t err = begin(svc, done, ctx);
    if (err == LP_OK && svc->s_.bus != NULL) {
        identify(svc);
    }
    return err;
}

lp_atecc_t *lp_svc_chip_driver(lp_svc_chip_t *svc)
{
    return svc->is_present ? &svc->chip_ : NULL;
}

lp_err_t lp_svc_chip_make_key(lp_svc_chip_t *svc, uint8_t slot, uint8_t pub[64], bool *is_new,
                              lp_atecc_done_fn *done, void *ctx)
{
    return svc->is_present
               ? lp_atecc_key_make(&svc->chip_, &svc->req_, slot, pub, is_new, done, ctx)
               : LP_E_CHIP_MISSING;
}

// -- the watch: at the start, and while there is a chip

static void on_watched(void *ctx, lp_err_t err)
{
    (void)err; // what there is to say was said
    lp_svc_chip_t *svc = ctx;
    lp_turn_give(svc->s_.turn, &svc->watch_ticket_);
    if (svc->is_present) {
        lp_timer_start(svc->s_.loop, &svc->watch_, LP_SVC_CHIP_WATCH_MS);
    }
}

static void watch_on_turn(void *ctx)
{
    lp_svc_chip_t *svc = ctx;
    const lp_err_t err = lp_svc_chip_check(svc, on_watched, svc);
    if (err != LP_OK) {
        on_watched(svc, err);
    }
}

static void watch(void *ctx)
{
    lp_svc_chip_t *svc = ctx;
    lp_turn_take(svc->s_.turn, &svc->watch_ticket_, watch_on_turn, svc);
}

void lp_svc_chip_init(lp_svc_chip_t *svc, const lp_svc_chip_setup_t *setup)
{
    memset(svc, 0, sizeof *svc);
    svc->s_ = *setup;
    lp_timer_init(&svc->retry_, release_then_scan, svc);
    lp_event_init(&svc->done_event_, complete_now, svc);
    lp_timer_init(&svc->watch_, watch, svc);
    if (setup->bus != NULL) {
        lp_timer_start(setup->loop, &svc->watch_, 0);
    }
    lp_svc_chip_add_methods(svc);
}
