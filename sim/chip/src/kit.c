// SPDX-License-Identifier: Apache-2.0
// The kit protocol (docs/chip-emulator.md): a line of text in, bus transactions, a line out. No I/O
// here but the wait for a busy chip.
#include "limpet/chipsim_kit.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "internal.h"
#include "limpet/hex.h"

enum { WORD_SLEEP = 0x01, WORD_IDLE = 0x02, WORD_COMMAND = 0x03 };
enum { POLL_US = 500, WAKE_POLLS = 100, TALK_POLLS = 6000, WORDS = 3 };
enum { DEFAULT_ADDR = 0x60, VERSION_MAJOR = 1, VERSION_MINOR = 0 };

typedef struct {
    char name[16]; // in front of the status; empty for most
    uint8_t bytes[GROUP_MAX];
    size_t len;
} kit_reply_t;

typedef uint8_t handler_fn(lp_chipsim_kit_t *k, lp_span_t arg, kit_reply_t *r);

// ---- the bus ----------------------------------------------------------------

static void sleep_us(void *ctx, uint32_t us)
{
    (void)ctx;
    struct timespec t = {.tv_nsec = (long)us * 1000};
    nanosleep(&t, NULL);
}

// A kit has the wires in its hand: it reports a stuck bus once and frees it.
static uint8_t failure(lp_chipsim_kit_t *k)
{
    if (lp_chipsim_bus_is_stuck(k->bus_)) {
        lp_chipsim_bus_recover(k->bus_);
        return LP_CHIPSIM_KIT_BUS;
    }
    bool is_late = lp_chipsim_bus_has_timed_out(k->bus_);
    return is_late ? LP_CHIPSIM_KIT_CLOCK : LP_CHIPSIM_KIT_NACK;
}

static bool is_answering(lp_chipsim_kit_t *k, unsigned polls)
{
    for (unsigned i = 0; i < polls; i++) {
        if (lp_chipsim_bus_start(k->bus_, k->addr_, true)) {
            return true;
        }
        lp_chipsim_bus_stop(k->bus_);
        if (lp_chipsim_bus_is_stuck(k->bus_) || lp_chipsim_bus_has_timed_out(k->bus_)) {
            return false;
        }
        k->wait_.wait_us(k->wait_.ctx, POLL_US);
    }
    return false;
}

// The CRC is the host's to check: what faults do to a reply must reach the driver under test.
static uint8_t read_packet(lp_chipsim_kit_t *k, unsigned polls, kit_reply_t *r)
{
    if (!is_answering(k, polls)) {
        return failure(k);
    }
    uint8_t count = lp_chipsim_bus_receive(k->bus_);
    bool is_packet = count >= GROUP_MIN && count <= GROUP_MAX;
    r->bytes[0] = count;
    for (size_t i = 1; is_packet && i < count; i++) {
        r->bytes[i] = lp_chipsim_bus_receive(k->bus_);
    }
    lp_chipsim_bus_stop(k->bus_);
    r->len = is_packet ? count : 0;
    return is_packet ? LP_CHIPSIM_KIT_OK : LP_CHIPSIM_KIT_GARBLED;
}

static uint8_t write_word(lp_chipsim_kit_t *k, uint8_t word, lp_span_t packet)
{
    uint8_t bytes[1 + GROUP_MAX] = {word};
    if (packet.len > 0) {
        memcpy(bytes + 1, packet.ptr, packet.len);
    }
    lp_err_t err = lp_chipsim_bus_write(k->bus_, k->addr_, bytes, 1 + packet.len);
    lp_cs_wipe(bytes, sizeof bytes);
    return err == LP_OK ? (uint8_t)LP_CHIPSIM_KIT_OK : failure(k);
}

// ---- commands ---------------------------------------------------------------

static uint8_t version(lp_chipsim_kit_t *k, lp_span_t arg, kit_reply_t *r)
{
    (void)k;
    if (arg.len != 0) {
        return LP_CHIPSIM_KIT_PARSE;
    }
    r->bytes[0] = VERSION_MAJOR;
    r->bytes[1] = VERSION_MINOR;
    r->len = 2;
    return LP_CHIPSIM_KIT_OK;
}

static uint8_t device(lp_chipsim_kit_t *k, lp_span_t arg, kit_reply_t *r)
{
    static const char *const names[LP_CHIPSIM_MODELS] = {"ECC508A", "ECC608A", "ECC608B"};
    if (arg.len != 1) {
        return LP_CHIPSIM_KIT_PARSE;
    }
    const lp_chipsim_t *c = lp_cs_bus_chip(k->bus_, arg.ptr[0]);
    if (c == NULL) {
        return LP_CHIPSIM_KIT_NACK;
    }
    bool is_i2c = (c->image.config[CFG_I2C_ENABLE] & 1) != 0;
    snprintf(r->name, sizeof r->name, "%s %s ", names[c->image.model], is_i2c ? "TWI" : "SWI");
    r->bytes[0] = (uint8_t)(lp_chipsim_addr(c) << 1);
    r->len = 1;
    return LP_CHIPSIM_KIT_OK;
}

static uint8_t select_chip(lp_chipsim_kit_t *k, lp_span_t arg, kit_reply_t *r)
{
    (void)r;
    if (arg.len != 1 || (arg.ptr[0] & 1) != 0 || arg.ptr[0] == 0) {
        return LP_CHIPSIM_KIT_PARSE;
    }
    k->addr_ = arg.ptr[0] >> 1;
    return LP_CHIPSIM_KIT_OK;
}

// A chip that was awake already has nothing to say, and the bus floats.
static uint8_t wake(lp_chipsim_kit_t *k, lp_span_t arg, kit_reply_t *r)
{
    if (arg.len != 0) {
        return LP_CHIPSIM_KIT_PARSE;
    }
    if (lp_chipsim_bus_wake(k->bus_) != LP_OK) {
        return failure(k);
    }
    uint8_t status = read_packet(k, WAKE_POLLS, r);
    bool is_floating = status == LP_CHIPSIM_KIT_GARBLED && r->bytes[0] == 0xFF;
    return is_floating ? (uint8_t)LP_CHIPSIM_KIT_OK : status;
}

static uint8_t idle(lp_chipsim_kit_t *k, lp_span_t arg, kit_reply_t *r)
{
    (void)r;
    return arg.len != 0 ? (uint8_t)LP_CHIPSIM_KIT_PARSE : write_word(k, WORD_IDLE, arg);
}

static uint8_t sleep_chip(lp_chipsim_kit_t *k, lp_span_t arg, kit_reply_t *r)
{
    (void)r;
    return arg.len != 0 ? (uint8_t)LP_CHIPSIM_KIT_PARSE : write_word(k, WORD_SLEEP, arg);
}

// A count that does not fit would leave half a command in the chip, to be completed by the next.
static uint8_t talk(lp_chipsim_kit_t *k, lp_span_t arg, kit_reply_t *r)
{
    if (arg.len < GROUP_MIN || arg.len > GROUP_MAX || arg.ptr[0] != arg.len) {
        return LP_CHIPSIM_KIT_PARSE;
    }
    uint8_t status = write_word(k, WORD_COMMAND, arg);
    return status == LP_CHIPSIM_KIT_OK ? read_packet(k, TALK_POLLS, r) : status;
}

// ---- lines ------------------------------------------------------------------

static const struct {
    const char *words[WORDS];
    handler_fn *run;
} commands[] = {
    {{"board", "version", NULL}, version},
    {{"board", "device", NULL}, device},
    {{"ecc", "physical", "select"}, select_chip},
    {{"sha", "physical", "select"}, select_chip},
    {{"ecc", "wake", NULL}, wake},
    {{"sha", "wake", NULL}, wake},
    {{"ecc", "idle", NULL}, idle},
    {{"sha", "idle", NULL}, idle},
    {{"ecc", "sleep", NULL}, sleep_chip},
    {{"sha", "sleep", NULL}, sleep_chip},
    {{"ecc", "talk", NULL}, talk},
    {{"sha", "talk", NULL}, talk},
};

// The whole word or its initial, in either case; null fits null alone.
static bool fits(const char *word, const char *name)
{
    if (word == NULL || name == NULL) {
        return word == name;
    }
    size_t len = strlen(word);
    return (len == 1 || len == strlen(name)) && strncasecmp(word, name, len) == 0;
}

static handler_fn *find(char *const words[WORDS])
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        bool same = true;
        for (size_t j = 0; j < WORDS; j++) {
            same = same && fits(words[j], commands[i].words[j]);
        }
        if (same) {
            return commands[i].run;
        }
    }
    return NULL;
}

// "a:b:c(ARG)" into its words and the digits between the parentheses. Cuts `line` in place.
static bool split(char *line, char *words[WORDS], lp_span_t *digits)
{
    size_t len = strlen(line);
    char *open = strchr(line, '(');
    if (open == NULL || line[len - 1] != ')') {
        return false;
    }
    *digits = lp_span((const uint8_t *)open + 1, len - 2 - (size_t)(open - line));
    *open = '\0';
    char *at = line;
    for (size_t i = 0; i < WORDS && at != NULL; i++) {
        words[i] = at;
        at = strchr(at, ':');
        if (at != NULL) {
            *at++ = '\0';
        }
    }
    return at == NULL;
}

static uint8_t obey(lp_chipsim_kit_t *k, kit_reply_t *r)
{
    uint8_t arg[GROUP_MAX];
    char *words[WORDS] = {NULL};
    lp_span_t digits;
    lp_buf_t buf = {.ptr = arg, .cap = sizeof arg};
    if (k->is_bad_ || !split(k->line_, words, &digits) || lp_hex_decode(&buf, digits) != LP_OK) {
        return LP_CHIPSIM_KIT_PARSE;
    }
    handler_fn *run = find(words);
    uint8_t status = run != NULL ? run(k, lp_span(arg, buf.len), r) : LP_CHIPSIM_KIT_PARSE;
    lp_cs_wipe(arg, sizeof arg);
    return status;
}

static void answer_line(lp_chipsim_kit_t *k, void (*out)(void *ctx, lp_span_t bytes), void *ctx)
{
    kit_reply_t r = {.len = 0};
    char text[sizeof r.name + 2 * GROUP_MAX + 8];
    bool has_cr = k->len_ > 0 && k->line_[k->len_ - 1] == '\r';
    k->line_[k->len_ - (has_cr ? 1u : 0u)] = '\0';
    uint8_t status = obey(k, &r);
    size_t n = (size_t)snprintf(text, sizeof text, "%s%02X(", r.name, status);
    for (size_t i = 0; i < r.len; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%02X", r.bytes[i]);
    }
    n += (size_t)snprintf(text + n, sizeof text - n, ")\n");
    out(ctx, lp_span((const uint8_t *)text, n));
    lp_cs_wipe(text, sizeof text);
    lp_cs_wipe(&r, sizeof r);
    lp_chipsim_kit_reset(k);
}

static bool is_text(const lp_chipsim_kit_t *k, uint8_t byte)
{
    bool after_cr = k->len_ > 0 && k->line_[k->len_ - 1] == '\r';
    return !after_cr && (byte == '\r' || (byte >= ' ' && byte <= '~'));
}

void lp_chipsim_kit_init(lp_chipsim_kit_t *k, lp_chipsim_bus_t *bus, const lp_chipsim_wait_t *wait)
{
    const lp_chipsim_t *first = lp_cs_bus_chip(bus, 0);
    memset(k, 0, sizeof *k);
    k->bus_ = bus;
    k->wait_ = wait != NULL ? *wait : (lp_chipsim_wait_t){.wait_us = sleep_us};
    k->addr_ = first != NULL ? lp_chipsim_addr(first) : DEFAULT_ADDR;
}

void lp_chipsim_kit_reset(lp_chipsim_kit_t *k)
{
    lp_cs_wipe(k->line_, sizeof k->line_);
    k->len_ = 0;
    k->is_bad_ = false;
}

void lp_chipsim_kit_feed(lp_chipsim_kit_t *k, lp_span_t in, void (*out)(void *ctx, lp_span_t bytes),
                         void *ctx)
{
    for (size_t i = 0; i < in.len; i++) {
        uint8_t byte = in.ptr[i];
        if (byte == '\n') {
            answer_line(k, out, ctx);
        } else if (k->is_bad_ || !is_text(k, byte) || k->len_ + 1 == sizeof k->line_) {
            k->is_bad_ = true;
        } else {
            k->line_[k->len_++] = (char)byte;
        }
    }
}
