// SPDX-License-Identifier: Apache-2.0
#include "limpet/ds18b20.h"

#include <string.h>

enum {
    CONVERT = 0x44,
    WRITE_SCRATCHPAD = 0x4E,
    READ_SCRATCHPAD = 0xBE,
    RECALL_STORED = 0xB8,
    READ_POWER_SUPPLY = 0xB4,
    SCRATCHPAD_BYTES = 9,
    LONGEST_MS = 750, // at 12 bits, table 2; half of it a bit less
};
// The scratchpad, figure 7.
enum { LOW = 0, HIGH = 1, ALARM_HIGH = 2, ALARM_LOW = 3, CONFIG = 4 };
// The configuration register, figure 8: its other bits are fixed.
enum { CONFIG_FIXED = 0x9F, CONFIG_FIXED_VALUE = 0x1F };

// What is done one after another; the first four only when the sensor is not prepared.
enum { ASK_SUPPLY, RECALL, LOOK, PREPARE, MEASURE, FETCH, STEPS };

typedef struct {
    uint8_t command;
    uint8_t rx_len;
} step_t;

static const step_t steps[STEPS] = {
    [ASK_SUPPLY] = {READ_POWER_SUPPLY, 1},
    [RECALL] = {RECALL_STORED, 1}, // a part that is done reads as ones
    [LOOK] = {READ_SCRATCHPAD, SCRATCHPAD_BYTES},
    [PREPARE] = {WRITE_SCRATCHPAD, 0},
    [MEASURE] = {CONVERT, 0},
    [FETCH] = {READ_SCRATCHPAD, SCRATCHPAD_BYTES},
};

static uint32_t conversion_ms(const lp_ds18b20_t *s)
{
    const unsigned halvings = 12u - s->bits_;
    return (LONGEST_MS >> halvings) + 1;
}

static bool is_all(const uint8_t *bytes, size_t len, uint8_t value)
{
    size_t i = 0;
    while (i < len && bytes[i] == value) {
        i++;
    }
    return i == len;
}

// A wire that nobody drives reads as ones; one that is held low as zeros, whose CRC is right.
static lp_err_t check_scratchpad(const uint8_t *pad)
{
    if (is_all(pad, SCRATCHPAD_BYTES, 0xFF)) {
        return LP_E_NOT_FOUND;
    }
    if (is_all(pad, SCRATCHPAD_BYTES, 0)) {
        return LP_E_IO;
    }
    if (lp_onewire_crc8(lp_span(pad, SCRATCHPAD_BYTES)) != 0) {
        return LP_E_CRC;
    }
    return (pad[CONFIG] & CONFIG_FIXED) == CONFIG_FIXED_VALUE ? LP_OK : LP_E_UNSUPPORTED;
}

static uint8_t config_of(const lp_ds18b20_t *s)
{
    return (uint8_t)((s->bits_ - 9u) << 5 | CONFIG_FIXED_VALUE);
}

// Behind a conversion: the mark is gone when the sensor was without power since it was prepared.
static lp_err_t take_result(const lp_ds18b20_t *s)
{
    const lp_err_t err = check_scratchpad(s->rx_);
    if (err != LP_OK) {
        return err;
    }
    return s->rx_[ALARM_LOW] == s->mark_ && s->rx_[CONFIG] == config_of(s) ? LP_OK : LP_E_VERIFY;
}

// What the answer to a step means.
static lp_err_t take(lp_ds18b20_t *s)
{
    lp_err_t err;
    switch (s->step_) {
    case ASK_SUPPLY:
        s->is_fed_ = s->rx_[0] != 0xFF; // whoever must be fed pulls the wire low
        return LP_OK;
    case LOOK:
        err = check_scratchpad(s->rx_);
        s->mark_ = (uint8_t)~s->rx_[ALARM_LOW]; // anything but what power-on brings
        return err;
    case PREPARE:
        s->is_ready_ = true;
        return LP_OK;
    case FETCH:
        return take_result(s);
    default:
        return LP_OK;
    }
}

// In sixteenths of a degree; below 12 bits the last ones mean nothing.
static int32_t temperature_of(const lp_ds18b20_t *s)
{
    const unsigned raw = (unsigned)s->rx_[HIGH] << 8 | s->rx_[LOW];
    const unsigned unused = 12u - s->bits_;
    const int32_t sixteenths = (int16_t)(raw >> unused << unused);
    const int32_t scaled = sixteenths * 100;
    return (scaled + (scaled < 0 ? -8 : 8)) / 16;
}

static void end(lp_ds18b20_t *s, lp_err_t err)
{
    s->is_busy_ = false;
    s->is_ready_ = s->is_ready_ && err == LP_OK;
    s->done_(s->ctx_, err, err == LP_OK ? temperature_of(s) : 0);
}

static lp_err_t start_step(lp_ds18b20_t *s);

static void go_on(lp_ds18b20_t *s, lp_err_t err)
{
    s->step_++;
    if (err == LP_OK && s->step_ < STEPS) {
        err = start_step(s);
        if (err == LP_OK) {
            return;
        }
    }
    end(s, err);
}

static void on_converted(void *ctx)
{
    go_on(ctx, LP_OK);
}

static void on_step(void *ctx, lp_err_t err)
{
    lp_ds18b20_t *s = ctx;
    err = err == LP_OK ? take(s) : err;
    if (err == LP_OK && s->step_ == MEASURE && !s->is_fed_) {
        lp_timer_start(s->bus_->loop_, &s->timer_, conversion_ms(s));
        return;
    }
    go_on(s, err);
}

// Who is meant, what it shall do, and with what.
static size_t compose(lp_ds18b20_t *s)
{
    size_t n = 0;
    s->tx_[n++] = s->is_alone_ ? LP_ONEWIRE_SKIP_ROM : LP_ONEWIRE_MATCH_ROM;
    if (!s->is_alone_) {
        memcpy(s->tx_ + n, s->rom_, sizeof s->rom_);
        n += sizeof s->rom_;
    }
    s->tx_[n++] = steps[s->step_].command;
    if (s->step_ == PREPARE) {
        s->tx_[n++] = s->rx_[ALARM_HIGH];
        s->tx_[n++] = s->mark_;
        s->tx_[n++] = config_of(s);
    }
    return n;
}

static lp_err_t start_step(lp_ds18b20_t *s)
{
    const size_t n = compose(s);
    s->xfer_ = (lp_onewire_xfer_t){.tx = lp_span(s->tx_, n),
                                   .rx = s->rx_,
                                   .rx_len = steps[s->step_].rx_len,
                                   .done = on_step,
                                   .ctx = s};
    if (s->step_ == MEASURE && s->is_fed_) {
        s->xfer_.power_ms = conversion_ms(s);
    }
    return lp_onewire_start(s->bus_, &s->xfer_);
}

static lp_err_t check_rom(const uint8_t *rom)
{
    if (lp_onewire_crc8(lp_span(rom, LP_ONEWIRE_ROM_BYTES)) != 0) {
        return LP_E_CRC;
    }
    return rom[0] == LP_DS18B20_FAMILY || rom[0] == LP_DS1822_FAMILY ? LP_OK : LP_E_UNSUPPORTED;
}

lp_err_t lp_ds18b20_init(lp_ds18b20_t *s, lp_onewire_t *bus, const uint8_t *rom,
                         unsigned resolution_bits)
{
    const lp_err_t err = rom != NULL ? check_rom(rom) : LP_OK;
    if (resolution_bits < 9 || resolution_bits > 12) {
        return LP_E_RANGE;
    }
    if (err != LP_OK) {
        return err;
    }
    *s = (lp_ds18b20_t){.bus_ = bus, .is_alone_ = rom == NULL, .bits_ = (uint8_t)resolution_bits};
    if (rom != NULL) {
        memcpy(s->rom_, rom, sizeof s->rom_);
    }
    lp_timer_init(&s->timer_, on_converted, s);
    return LP_OK;
}

lp_err_t lp_ds18b20_measure(lp_ds18b20_t *s, lp_ds18b20_done_fn *done, void *ctx)
{
    if (s->is_busy_) {
        return LP_E_BUSY;
    }
    s->step_ = s->is_ready_ ? MEASURE : ASK_SUPPLY;
    s->done_ = done;
    s->ctx_ = ctx;
    const lp_err_t err = start_step(s);
    s->is_busy_ = err == LP_OK;
    return err;
}
