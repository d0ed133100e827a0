// SPDX-License-Identifier: Apache-2.0
// DS18B20 as its data sheet (Maxim 19-7487) has it: ROM commands, scratchpad, EEPROM, conversion
// times, and what becomes of it when it is not fed.
#include <math.h>
#include <string.h>

#include "wire_internal.h"

enum { TH = 2, TL = 3, CONFIG = 4 };
static const double LONGEST_US[4] = {93750, 187500, 375000, 750000}; // table 2

// Figure 9 of the sheet: a shift register of eight cells, fed with the lowest bit first.
static uint8_t checksum(const uint8_t *bytes, size_t len)
{
    bool cell[8] = {false};
    uint8_t value = 0;
    for (size_t i = 0; i < len * 8; i++) {
        bool in = (bytes[i / 8] >> i % 8 & 1) != cell[7];
        for (int k = 7; k > 0; k--) {
            cell[k] = cell[k - 1];
        }
        cell[0] = in;
        cell[4] = cell[4] != in;
        cell[5] = cell[5] != in;
    }
    for (int k = 0; k < 8; k++) {
        value |= (uint8_t)(cell[k] ? 1u << (7 - k) : 0);
    }
    return value;
}

// Power-on: +85 degrees, and what the EEPROM has.
static void power_on(ds18b20_t *d)
{
    static const uint8_t fresh[] = {0x50, 0x05, 0, 0, 0, 0xFF, 0x0C, 0x10};
    memcpy(d->pad, fresh, sizeof fresh);
    memcpy(d->pad + TH, d->stored, sizeof d->stored);
    d->is_converting = false;
}

void ds18b20_init(ds18b20_t *d, unsigned number, bool is_parasitic)
{
    *d = (ds18b20_t){.is_parasitic = is_parasitic, .stored = {0x4B, 0x46, 0x7F}};
    unsigned serial = number * 2654435761u + 0x51A7u;
    d->rom[0] = 0x28;
    for (int i = 0; i < 4; i++) {
        d->rom[1 + i] = (uint8_t)(serial >> 8 * i);
    }
    d->rom[7] = checksum(d->rom, 7);
    power_on(d);
}

// A part of the shape of table 1: sixteenths, below the resolution whatever it likes.
static void finish_conversion(ds18b20_t *d)
{
    d->is_converting = false;
    if (d->health == HEALTH_RESET || (d->is_parasitic && !d->is_fed)) {
        power_on(d);
        return;
    }
    double c = d->celsius < -55 ? -55 : d->celsius > 125 ? 125 : d->celsius;
    unsigned unused = 3u - (d->pad[CONFIG] >> 5 & 3u);
    int step = 1 << unused;
    int sixteenths = (int)floor(c * 16 / step + 0.5) * step;
    unsigned raw = (unsigned)sixteenths | (unsigned)(step - 1);
    d->pad[0] = (uint8_t)raw;
    d->pad[1] = (uint8_t)(raw >> 8);
}

static void pass_time(ds18b20_t *d, uint64_t now_us)
{
    if (d->is_converting && now_us >= d->ready_us) {
        finish_conversion(d);
    }
}

void ds18b20_feed(ds18b20_t *d, bool is_on, uint64_t now_us)
{
    pass_time(d, now_us);
    d->is_fed = is_on;
    pass_time(d, now_us);
}

void ds18b20_reset(ds18b20_t *d, uint64_t now_us)
{
    pass_time(d, now_us);
    if (d->is_converting && d->is_parasitic) {
        power_on(d); // a pulse instead of power
    }
    d->state = DS_ROM;
    d->bits = 0;
}

static void send(ds18b20_t *d, const uint8_t *bytes, size_t len)
{
    memcpy(d->out, bytes, len);
    d->out_bits = (unsigned)len * 8;
    d->bits = 0;
    d->state = DS_SEND;
}

static bool has_alarm(const ds18b20_t *d)
{
    int whole = (int16_t)(d->pad[1] << 8 | d->pad[0]) >> 4;
    return whole >= (int8_t)d->pad[TH] || whole <= (int8_t)d->pad[TL];
}

static void rom_command(ds18b20_t *d, uint8_t command)
{
    d->bits = 0;
    switch (command) {
    case 0xF0:
        d->state = DS_SEARCH;
        break;
    case 0xEC:
        d->state = has_alarm(d) ? DS_SEARCH : DS_IDLE;
        break;
    case 0x33:
        send(d, d->rom, sizeof d->rom);
        break;
    case 0x55:
        d->state = DS_MATCH;
        break;
    case 0xCC:
        d->state = DS_FUNCTION;
        break;
    default:
        d->state = DS_IDLE;
        break;
    }
}

static void start_conversion(ds18b20_t *d, uint64_t now_us)
{
    d->is_converting = true;
    d->is_fed = false;
    d->ready_us = now_us + (uint64_t)LONGEST_US[d->pad[CONFIG] >> 5 & 3u];
}

static void function_command(ds18b20_t *d, uint8_t command, uint64_t now_us)
{
    uint8_t pad[WIRE_PAD_BYTES];
    d->bits = 0;
    d->is_low_power = false;
    d->state = DS_SEND_STATE;
    switch (command) {
    case 0x44:
        start_conversion(d, now_us);
        break;
    case 0x4E:
        d->state = DS_WRITE;
        break;
    case 0xBE:
        memcpy(pad, d->pad, sizeof pad);
        pad[8] = checksum(pad, 8);
        pad[0] ^= d->health == HEALTH_CRC ? 4 : 0;
        send(d, pad, sizeof pad);
        break;
    case 0x48:
        memcpy(d->stored, d->pad + TH, sizeof d->stored);
        break;
    case 0xB8:
        memcpy(d->pad + TH, d->stored, sizeof d->stored);
        break;
    case 0xB4:
        d->is_low_power = d->is_parasitic;
        break;
    default:
        d->state = DS_IDLE;
        break;
    }
}

// The next bit of a byte. True: it is whole.
static bool take_bit(ds18b20_t *d, bool bit)
{
    uint8_t *byte = &d->in[d->bits / 8];
    *byte = (uint8_t)(*byte >> 1 | (bit ? 0x80 : 0));
    d->bits++;
    return d->bits % 8 == 0;
}

static void write_pad(ds18b20_t *d)
{
    size_t n = d->bits / 8;
    d->pad[TH + n - 1] = n == 3 ? (uint8_t)((d->in[2] & 0x60) | 0x1F) : d->in[n - 1];
    d->state = n == 3 ? DS_IDLE : DS_WRITE;
}

static void receive(ds18b20_t *d, bool bit, uint64_t now_us)
{
    if (!take_bit(d, bit)) {
        return;
    }
    switch (d->state) {
    case DS_ROM:
        rom_command(d, d->in[0]);
        break;
    case DS_FUNCTION:
        function_command(d, d->in[0], now_us);
        break;
    case DS_MATCH:
        if (d->bits == 64) {
            d->state = memcmp(d->in, d->rom, 8) == 0 ? DS_FUNCTION : DS_IDLE;
            d->bits = 0;
        }
        break;
    case DS_WRITE:
        write_pad(d);
        break;
    case DS_IDLE:
    case DS_SEARCH:
    case DS_SEND:
    case DS_SEND_STATE:
        break;
    }
}

// Each bit of the number takes three slots: itself, its contrary, and who stays.
static bool search(ds18b20_t *d, bool bit)
{
    unsigned n = d->bits / 3;
    bool own = (d->rom[n / 8] >> n % 8 & 1) != 0;
    unsigned slot = d->bits++ % 3;
    if (slot == 2 && bit != own) {
        d->state = DS_IDLE;
    } else if (d->bits == 64 * 3) {
        d->state = DS_FUNCTION;
        d->bits = 0;
    }
    return slot == 0 ? own : slot == 1 ? !own : true;
}

static bool send_bit(ds18b20_t *d)
{
    if (d->bits >= d->out_bits) {
        return true;
    }
    bool bit = (d->out[d->bits / 8] >> d->bits % 8 & 1) != 0;
    d->bits++;
    return bit;
}

bool ds18b20_slot(ds18b20_t *d, bool bit, uint64_t now_us)
{
    pass_time(d, now_us);
    if (d->is_converting && d->is_parasitic) {
        power_on(d);
    }
    switch (d->state) {
    case DS_IDLE:
        return true;
    case DS_SEARCH:
        return search(d, bit);
    case DS_SEND:
        return send_bit(d);
    case DS_SEND_STATE:
        return !d->is_low_power && !d->is_converting;
    case DS_ROM:
    case DS_MATCH:
    case DS_FUNCTION:
    case DS_WRITE:
        receive(d, bit, now_us);
        return true;
    }
    return true;
}
