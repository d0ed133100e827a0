// SPDX-License-Identifier: Apache-2.0
// The RTC memory, little endian:
//
//    0  magic "LPRT"     4  CRC-32 of all that follows     8  bytes of the block (16)
//   10  its version (16) 12 sleeps (32)   16 slept, ms (64)   24 awake, ms (64)   32 zeros
//   40  the block
#include "limpet/power.h"

#include <string.h>

#include "limpet/crc.h"
#include "limpet/endian.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"

#define LOG_MODULE "power"

enum {
    MAGIC = 0x5452504C,
    AT_CRC = 4,
    AT_BYTES = 8,
    AT_VERSION = 10,
    AT_SLEEPS = 12,
    AT_SLEPT = 16,
    AT_AWAKE = 24,
    LOOK_MS = 100, // the answer to who asked for it gets out meanwhile
    MS_PER_S = 1000,
};

const char *lp_power_wake_name(lp_wake_t wake)
{
    switch (wake) {
    case LP_WAKE_POWER_ON:
        return "power-on";
    case LP_WAKE_RESET:
        return "reset";
    case LP_WAKE_WATCHDOG:
        return "watchdog";
    case LP_WAKE_CRASH:
        return "crash";
    case LP_WAKE_TIMER:
        return "timer";
    case LP_WAKE_PIN:
        return "pin";
    }
    return "power-on";
}

// -- RTC memory

static size_t used_bytes(const uint8_t *rtc)
{
    return LP_POWER_HEAD_BYTES + lp_get_le16(rtc + AT_BYTES);
}

static uint32_t crc_of(const uint8_t *rtc)
{
    return lp_crc32(0, lp_span(rtc + AT_BYTES, used_bytes(rtc) - AT_BYTES));
}

static bool is_sound(const uint8_t *rtc)
{
    return lp_get_le32(rtc) == MAGIC && used_bytes(rtc) <= LP_PORT_RTC_BYTES_MIN &&
           lp_get_le32(rtc + AT_CRC) == crc_of(rtc);
}

static void read_rtc(lp_power_t *p)
{
    size_t bytes = 0;
    const uint8_t *rtc = lp_port_rtc(&bytes);
    const bool has_slept = p->wake == LP_WAKE_TIMER || p->wake == LP_WAKE_PIN;
    p->has_rtc_ = has_slept && is_sound(rtc);
    if (p->has_rtc_) {
        p->sleeps = lp_get_le32(rtc + AT_SLEEPS);
        p->slept_ms = lp_get_le64(rtc + AT_SLEPT) + lp_port_slept_ms();
        p->awake_before_ms = lp_get_le64(rtc + AT_AWAKE);
    } else if (has_slept) {
        LP_LOGW("the memory that deep sleep leaves alone is damaged: what was kept is lost");
    }
}

static void write_rtc(const lp_power_t *p)
{
    size_t bytes = 0;
    uint8_t *rtc = lp_port_rtc(&bytes);
    memset(rtc, 0, LP_PORT_RTC_BYTES_MIN);
    lp_put_le32(rtc, MAGIC);
    lp_put_le16(rtc + AT_BYTES, p->block_bytes_);
    lp_put_le16(rtc + AT_VERSION, p->block_version_);
    lp_put_le32(rtc + AT_SLEEPS, p->sleeps + 1);
    lp_put_le64(rtc + AT_SLEPT, p->slept_ms);
    lp_put_le64(rtc + AT_AWAKE, lp_power_awake_ms(p));
    if (p->block_bytes_ > 0) {
        memcpy(rtc + LP_POWER_HEAD_BYTES, p->block_, p->block_bytes_);
    }
    lp_put_le32(rtc + AT_CRC, crc_of(rtc));
}

bool lp_power_keep(lp_power_t *p, void *block, size_t bytes, uint16_t version)
{
    size_t rtc_bytes = 0;
    const uint8_t *rtc = lp_port_rtc(&rtc_bytes);
    if (bytes > LP_POWER_KEEP_MAX) {
        LP_LOGE("%u bytes cannot be kept, %u can", (unsigned)bytes, (unsigned)LP_POWER_KEEP_MAX);
        return false;
    }
    p->block_ = block;
    p->block_bytes_ = (uint16_t)bytes;
    p->block_version_ = version;
    const bool is_it = p->has_rtc_ && is_sound(rtc) && lp_get_le16(rtc + AT_BYTES) == bytes &&
                       lp_get_le16(rtc + AT_VERSION) == version;
    if (is_it) {
        memcpy(block, rtc + LP_POWER_HEAD_BYTES, bytes);
    }
    return is_it;
}

// -- going to sleep

static void look_in(lp_power_t *p, lp_power_state_t state, uint32_t ms)
{
    p->state = state;
    lp_timer_start(p->s_.loop, &p->timer_, ms);
}

static void sleep_now(void *ctx)
{
    lp_power_t *p = ctx;
    if (p->state != LP_POWER_RESTING) {
        return; // a part that took too long
    }
    write_rtc(p);
    lp_port_deep_sleep((uint64_t)p->sleep_s_ * MS_PER_S);
}

static void put_to_rest(lp_power_t *p)
{
    look_in(p, LP_POWER_RESTING, p->s_.rest != NULL ? LP_POWER_REST_MS : 0);
    if (p->s_.rest != NULL) {
        p->s_.rest(p->s_.ctx, sleep_now, p);
    }
}

static void say_goodbye(lp_power_t *p)
{
    LP_LOGI("deep sleep for %u s", (unsigned)p->sleep_s_);
    p->deadline_ms_ = lp_port_now_ms() + LP_POWER_GOODBYE_MS;
    if (p->s_.goodbye != NULL) {
        p->s_.goodbye(p->s_.ctx);
    }
    look_in(p, LP_POWER_GOODBYE, LOOK_MS); // what goodbye started, and the log, needs turns
}

// The objection that counts now; null: none.
static const char *objection(const lp_power_t *p)
{
    const bool is_patient = lp_port_now_ms() < p->deadline_ms_;
    for (const lp_power_veto_t *v = p->vetoes_; v != NULL; v = v->next_) {
        const char *why = is_patient || v->is_hard ? v->why_not(v->ctx) : NULL;
        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

static void ask(lp_power_t *p)
{
    const char *why = objection(p);
    if (why == NULL) {
        say_goodbye(p);
        return;
    }
    if (p->told_ != why) {
        LP_LOGD("no deep sleep yet: %s", why);
    }
    p->told_ = why;
    look_in(p, LP_POWER_WAITING, LOOK_MS);
}

static void on_timer(void *ctx)
{
    lp_power_t *p = ctx;
    switch (p->state) {
    case LP_POWER_AWAKE:
        return;
    case LP_POWER_WAITING:
        ask(p);
        return;
    case LP_POWER_GOODBYE:
        if (p->s_.is_up != NULL && p->s_.is_up(p->s_.ctx) && lp_port_now_ms() < p->deadline_ms_) {
            look_in(p, LP_POWER_GOODBYE, LOOK_MS);
        } else {
            put_to_rest(p);
        }
        return;
    case LP_POWER_RESTING:
        if (p->s_.rest != NULL) {
            LP_LOGW("a part of the board was not put to rest in time");
        }
        sleep_now(p);
        return;
    }
}

lp_err_t lp_power_sleep(lp_power_t *p, uint32_t sleep_s, uint32_t patience_ms)
{
    if (sleep_s == 0 || sleep_s > LP_POWER_SLEEP_MAX_S || patience_ms > LP_POWER_PATIENCE_MAX_MS) {
        return LP_E_RANGE;
    }
    if (p->state != LP_POWER_AWAKE && p->state != LP_POWER_WAITING) {
        return LP_E_STATE;
    }
    p->sleep_s_ = sleep_s;
    p->deadline_ms_ = lp_port_now_ms() + patience_ms;
    p->told_ = NULL;
    look_in(p, LP_POWER_WAITING, 0);
    return LP_OK;
}

lp_err_t lp_power_cancel(lp_power_t *p)
{
    if (p->state != LP_POWER_WAITING) {
        return LP_E_STATE;
    }
    lp_timer_stop(p->s_.loop, &p->timer_);
    p->state = LP_POWER_AWAKE;
    return LP_OK;
}

void lp_power_add_veto(lp_power_t *p, lp_power_veto_t *veto)
{
    veto->next_ = p->vetoes_;
    p->vetoes_ = veto;
}

void lp_power_init(lp_power_t *p, const lp_power_setup_t *setup)
{
    *p = (lp_power_t){.s_ = *setup, .wake = lp_port_wake()};
    lp_timer_init(&p->timer_, on_timer, p);
    read_rtc(p);
}

// -- what it cost

uint64_t lp_power_awake_ms(const lp_power_t *p)
{
    return p->awake_before_ms + lp_port_now_ms();
}

uint64_t lp_power_busy_ms(void)
{
    return lp_port_busy_us() / MS_PER_S;
}
