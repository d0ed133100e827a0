// SPDX-License-Identifier: Apache-2.0
// The wires: up to eight chips, whole transactions and single bytes, taps, faults.
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { CLOCKS_ONLY = 0x7F }; // an address of ones: seven clocks with SDA high
enum { CHIPS = 8, WRITE_CAP = 600, READ_CAP = 256, RATE = 100000 };
enum { WAKE_NS_508 = 60000, WAKE_NS_608 = 26700 }; // 8 bits at 133 and 300 kHz

typedef enum { IDLE, WRITING, READING, IGNORED } phase_t;

struct lp_chipsim_bus {
    lp_chipsim_t *chips[CHIPS];
    bool selected[CHIPS];
    size_t count;
    lp_chipsim_part_t parts[CHIPS];
    size_t part_count;
    const lp_chipsim_part_t *part; // the one that is spoken to, beside the chips
    uint32_t rate_hz;
    phase_t phase;
    uint8_t addr;
    uint8_t written[WRITE_CAP];
    size_t written_len;
    uint8_t reply[READ_CAP];
    size_t reply_len;
    size_t read_len; // bytes the master took
    uint8_t shown[READ_CAP];
    lp_chipsim_tap_t tap;
    lp_cs_trouble_t trouble;
    bool stuck;
    bool timed_out;
};

lp_chipsim_bus_t *lp_chipsim_bus_new(void)
{
    lp_chipsim_bus_t *bus = calloc(1, sizeof *bus);
    if (bus != NULL) {
        bus->rate_hz = RATE;
        bus->trouble.dice = 1;
    }
    return bus;
}

void lp_chipsim_bus_free(lp_chipsim_bus_t *bus)
{
    if (bus != NULL) {
        lp_cs_wipe(bus, sizeof *bus);
        free(bus);
    }
}

static void arm(const lp_chipsim_bus_t *bus, lp_chipsim_t *chip)
{
    uint32_t cut = bus->trouble.faults.cut_after_words;
    chip->slow_percent = bus->trouble.faults.slow_percent;
    chip->cut_at = cut != 0 ? chip->words_written + cut : 0;
}

lp_err_t lp_chipsim_bus_attach(lp_chipsim_bus_t *bus, lp_chipsim_t *chip)
{
    if (bus->count == CHIPS) {
        return LP_E_NOSPACE;
    }
    bus->chips[bus->count++] = chip;
    arm(bus, chip);
    return LP_OK;
}

void lp_chipsim_bus_detach(lp_chipsim_bus_t *bus, lp_chipsim_t *chip)
{
    for (size_t i = 0; i < bus->count; i++) {
        if (bus->chips[i] == chip) {
            bus->chips[i] = bus->chips[--bus->count];
            memset(bus->selected, 0, sizeof bus->selected);
            bus->phase = IDLE;
            return;
        }
    }
}

lp_err_t lp_chipsim_bus_attach_part(lp_chipsim_bus_t *bus, const lp_chipsim_part_t *part)
{
    if (bus->part_count == CHIPS) {
        return LP_E_NOSPACE;
    }
    bus->parts[bus->part_count++] = *part;
    return LP_OK;
}

const lp_chipsim_t *lp_cs_bus_chip(const lp_chipsim_bus_t *bus, size_t i)
{
    return i < bus->count ? bus->chips[i] : NULL;
}

void lp_chipsim_bus_tap(lp_chipsim_bus_t *bus, const lp_chipsim_tap_t *tap)
{
    bus->tap = tap != NULL ? *tap : (lp_chipsim_tap_t){.ctx = NULL};
}

void lp_chipsim_bus_faults(lp_chipsim_bus_t *bus, const lp_chipsim_faults_t *faults)
{
    lp_cs_trouble_set(&bus->trouble, faults);
    bus->stuck = false;
    bus->timed_out = false;
    for (size_t i = 0; i < bus->count; i++) {
        arm(bus, bus->chips[i]);
    }
}

void lp_chipsim_bus_set_rate(lp_chipsim_bus_t *bus, uint32_t rate_hz)
{
    bus->rate_hz = rate_hz > 0 ? rate_hz : RATE;
}

// ---- faults -----------------------------------------------------------------

static bool becomes_stuck(lp_chipsim_bus_t *bus)
{
    bus->stuck = bus->stuck || lp_cs_trouble_counts_down(&bus->trouble.until_stuck);
    return bus->stuck;
}

// The supply dips: every chip on the bus forgets what is not in its EEPROM.
static void maybe_dip(lp_chipsim_bus_t *bus)
{
    if (!lp_cs_trouble_counts_down(&bus->trouble.until_dip)) {
        return;
    }
    for (size_t i = 0; i < bus->count; i++) {
        bool has_power = bus->chips[i]->power != PWR_OFF;
        lp_chipsim_power_off(bus->chips[i]);
        if (has_power) {
            lp_chipsim_power_on(bus->chips[i]);
        }
    }
}

// ---- wake pulses ------------------------------------------------------------

void lp_cs_bus_low(lp_chipsim_bus_t *bus, uint64_t ns)
{
    for (size_t i = 0; i < bus->count; i++) {
        bool is_608 = bus->chips[i]->image.model != LP_CHIPSIM_ATECC508A;
        if (ns >= (uint64_t)(is_608 ? WAKE_NS_608 : WAKE_NS_508)) {
            lp_cs_wake(bus->chips[i]);
        }
    }
}

// SDA is low for the eight bits of a zero byte; the chips that are awake do not mind.
static void zero_byte(lp_chipsim_bus_t *bus)
{
    lp_cs_bus_low(bus, 8000000000u / bus->rate_hz);
}

lp_err_t lp_chipsim_bus_wake(lp_chipsim_bus_t *bus)
{
    if (becomes_stuck(bus)) {
        return LP_E_I2C_BUS;
    }
    lp_cs_bus_low(bus, WAKE_NS_508);
    if (bus->tap.woken != NULL) {
        bus->tap.woken(bus->tap.ctx);
    }
    return LP_OK;
}

lp_err_t lp_chipsim_bus_recover(lp_chipsim_bus_t *bus)
{
    bus->stuck = false;
    bus->phase = IDLE;
    return LP_OK;
}

// ---- bytes ------------------------------------------------------------------

bool lp_chipsim_bus_is_stuck(const lp_chipsim_bus_t *bus)
{
    return bus->stuck;
}

bool lp_chipsim_bus_has_timed_out(const lp_chipsim_bus_t *bus)
{
    return bus->timed_out;
}

static void tell(lp_chipsim_bus_t *bus, bool read, bool ack, lp_span_t bytes)
{
    if (bus->tap.seen != NULL) {
        bus->tap.seen(bus->tap.ctx, bus->addr, read, ack, bytes);
    }
}

// What was written since START, handed over; `stop` says whether a command may begin.
static void deliver(lp_chipsim_bus_t *bus, bool stop)
{
    lp_buf_t buf = {.ptr = bus->written, .len = bus->written_len, .cap = WRITE_CAP};
    bool pass = bus->tap.to_chip == NULL || bus->tap.to_chip(bus->tap.ctx, bus->addr, &buf);
    lp_cs_trouble_t *t = &bus->trouble;
    lp_cs_trouble_forge(t, &buf, 1, t->faults.forge_to_ppm);
    stop = stop && !lp_cs_trouble_strikes(t, t->faults.lost_stop_ppm);
    for (size_t i = 0; i < bus->count; i++) {
        if (bus->selected[i] && pass) {
            lp_cs_io_write(bus->chips[i], buf.ptr, buf.len);
            if (stop) {
                lp_cs_io_stop(bus->chips[i]);
            }
        }
    }
    if (bus->part != NULL && pass) {
        bus->part->written(bus->part->ctx, lp_span(buf.ptr, buf.len));
    }
    tell(bus, false, pass, lp_span(bus->written, bus->written_len));
}

static void end_read(lp_chipsim_bus_t *bus)
{
    for (size_t i = 0; i < bus->count; i++) {
        if (bus->selected[i]) {
            lp_cs_io_consume(bus->chips[i], bus->read_len);
        }
    }
    size_t n = bus->read_len < READ_CAP ? bus->read_len : READ_CAP;
    tell(bus, true, true, lp_span(bus->shown, n));
}

static void end_transfer(lp_chipsim_bus_t *bus, bool stop)
{
    phase_t phase = bus->phase;
    bus->phase = IDLE;
    if (phase == WRITING) {
        deliver(bus, stop);
    } else if (phase == READING) {
        end_read(bus);
    }
    lp_cs_wipe(bus->written, bus->written_len);
    bus->written_len = 0;
}

static const lp_chipsim_part_t *find_part(const lp_chipsim_bus_t *bus, uint8_t addr, bool read)
{
    for (size_t i = 0; i < bus->part_count; i++) {
        const lp_chipsim_part_t *p = &bus->parts[i];
        if (p->addr == addr && p->addressed(p->ctx, read)) {
            return p;
        }
    }
    return NULL;
}

static bool select_chips(lp_chipsim_bus_t *bus, uint8_t addr, bool read)
{
    bus->part = find_part(bus, addr, read);
    bool any = bus->part != NULL;
    for (size_t i = 0; i < bus->count; i++) {
        bus->selected[i] = lp_cs_io_addressed(bus->chips[i], addr);
        any = any || bus->selected[i];
    }
    return any;
}

// The open-drain lines AND what several chips of one address send.
static void gather(lp_chipsim_bus_t *bus)
{
    uint8_t one[READ_CAP];
    memset(bus->reply, 0xFF, sizeof bus->reply);
    bus->reply_len = 0;
    bus->read_len = 0;
    for (size_t i = 0; i < bus->count; i++) {
        if (!bus->selected[i]) {
            continue;
        }
        size_t n = lp_cs_io_peek(bus->chips[i], one, sizeof one);
        for (size_t j = 0; j < n; j++) {
            bus->reply[j] &= one[j];
        }
        bus->reply_len = n > bus->reply_len ? n : bus->reply_len;
    }
    if (bus->part != NULL) {
        bus->reply_len = bus->part->read(bus->part->ctx, bus->reply, sizeof bus->reply);
    }
    lp_buf_t buf = {.ptr = bus->reply, .len = bus->reply_len, .cap = READ_CAP};
    if (bus->tap.from_chip != NULL && bus->tap.from_chip(bus->tap.ctx, bus->addr, &buf)) {
        bus->reply_len = buf.len;
    }
    buf.len = bus->reply_len;
    lp_cs_trouble_replay(&bus->trouble, &buf);
    lp_cs_trouble_forge(&bus->trouble, &buf, 0, bus->trouble.faults.forge_from_ppm);
}

bool lp_cs_bus_start(lp_chipsim_bus_t *bus, uint8_t addr, bool read, uint32_t *held_us)
{
    end_transfer(bus, false);
    bus->addr = addr;
    bus->timed_out = false;
    *held_us = 0;
    maybe_dip(bus);
    if (addr == CLOCKS_ONLY && bus->stuck) {
        lp_chipsim_bus_recover(bus); // how a master without access to the wires frees them
    } else if (becomes_stuck(bus)) {
        return false;
    }
    if (addr == 0 && !read) {
        zero_byte(bus);
        if (bus->tap.woken != NULL) {
            bus->tap.woken(bus->tap.ctx);
        }
        bus->phase = IGNORED;
        return false;
    }
    if (lp_cs_trouble_nack(&bus->trouble) || !select_chips(bus, addr, read)) {
        bus->phase = IGNORED;
        tell(bus, read, false, lp_span(NULL, 0));
        return false;
    }
    *held_us = lp_cs_trouble_stretch(&bus->trouble);
    bus->phase = read ? READING : WRITING;
    if (read) {
        gather(bus);
    }
    return true;
}

bool lp_chipsim_bus_start(lp_chipsim_bus_t *bus, uint8_t addr, bool read)
{
    uint32_t held_us;
    bool ack = lp_cs_bus_start(bus, addr, read, &held_us);
    if (held_us > LP_CHIPSIM_STRETCH_LIMIT_US) {
        bus->phase = IGNORED;
        bus->timed_out = true;
        tell(bus, read, false, lp_span(NULL, 0));
        return false;
    }
    return ack;
}

bool lp_chipsim_bus_send(lp_chipsim_bus_t *bus, uint8_t byte)
{
    if (byte == 0) {
        zero_byte(bus);
    }
    if (bus->phase != WRITING || bus->written_len == WRITE_CAP) {
        return false;
    }
    bus->written[bus->written_len++] =
        lp_cs_trouble_noise(&bus->trouble, byte, bus->trouble.faults.flip_to_ppm);
    bool ack = bus->part != NULL;
    for (size_t i = 0; i < bus->count; i++) {
        if (bus->selected[i]) {
            ack = lp_cs_io_acks(bus->chips[i], bus->written, bus->written_len - 1) || ack;
        }
    }
    return ack;
}

uint8_t lp_chipsim_bus_receive(lp_chipsim_bus_t *bus)
{
    if (bus->phase != READING) {
        return 0xFF;
    }
    uint8_t byte = bus->read_len < bus->reply_len ? bus->reply[bus->read_len] : 0xFF;
    byte = lp_cs_trouble_noise(&bus->trouble, byte, bus->trouble.faults.flip_from_ppm);
    if (bus->read_len < READ_CAP) {
        bus->shown[bus->read_len] = byte;
    }
    bus->read_len++;
    return byte;
}

void lp_chipsim_bus_stop(lp_chipsim_bus_t *bus)
{
    end_transfer(bus, true);
}

// ---- whole transactions -----------------------------------------------------

static lp_err_t outcome(const lp_chipsim_bus_t *bus, bool ack)
{
    if (bus->timed_out) {
        return LP_E_TIMEOUT;
    }
    return ack ? LP_OK : LP_E_I2C_NACK;
}

lp_err_t lp_chipsim_bus_write(lp_chipsim_bus_t *bus, uint8_t addr, const uint8_t *bytes, size_t len)
{
    bool ack = lp_chipsim_bus_start(bus, addr, false);
    if (bus->stuck) {
        return LP_E_I2C_BUS;
    }
    for (size_t i = 0; i < len && ack; i++) {
        ack = lp_chipsim_bus_send(bus, bytes[i]);
    }
    lp_chipsim_bus_stop(bus);
    return outcome(bus, ack);
}

lp_err_t lp_chipsim_bus_read(lp_chipsim_bus_t *bus, uint8_t addr, uint8_t *buf, size_t len)
{
    bool ack = lp_chipsim_bus_start(bus, addr, true);
    if (bus->stuck) {
        return LP_E_I2C_BUS;
    }
    for (size_t i = 0; i < len && ack; i++) {
        buf[i] = lp_chipsim_bus_receive(bus);
    }
    lp_chipsim_bus_stop(bus);
    return outcome(bus, ack);
}
