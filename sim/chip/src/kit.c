// SPDX-License-Identifier: Apache-2.0
// The kit protocol (docs/chip-emulator.md): a line of text in, bus transactions, a line out. No I/O
// here. While a chip is busy the kit is asked again and again; who feeds it may do other things in
// between, or let it wait.
#include "limpet/chipsim_kit.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "internal.h"
#include "limpet/hex.h"

enum { WORD_SLEEP = 0x01, WORD_IDLE = 0x02, WORD_COMMAND = 0x03 };
enum { WAKE_POLLS = 100, TALK_POLLS = 6000, WORDS = 3 };
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

typedef enum { ANSWERS, IS_SILENT, FAILED } answer_t;

static answer_t ask(lp_chipsim_kit_t *k)
{
    if (lp_chipsim_bus_start(k->bus_, k->addr_, true)) {
        return ANSWERS;
    }
    lp_chipsim_bus_stop(k->bus_);
    bool is_lost = lp_chipsim_bus_is_stuck(k->bus_) || lp_chipsim_bus_has_timed_out(k->bus_);
    return is_lost || --k->polls_ == 0 ? FAILED : IS_SILENT;
}

// The CRC is the host's to check: what faults do to a reply must reach the driver under test.
static uint8_t read_packet(lp_chipsim_kit_t *k, kit_reply_t *r)
{
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

static uint8_t wake(lp_chipsim_kit_t *k, lp_span_t arg, kit_reply_t *r)
{
    (void)r;
    if (arg.len != 0) {
        return LP_CHIPSIM_KIT_PARSE;
    }
    if (lp_chipsim_bus_wake(k->bus_) != LP_OK) {
        return failure(k);
    }
    k->polls_ = WAKE_POLLS;
    k->is_wake_ = true;
    return LP_CHIPSIM_KIT_OK;
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
    (void)r;
    if (arg.len < GROUP_MIN || arg.len > GROUP_MAX || arg.ptr[0] != arg.len) {
        return LP_CHIPSIM_KIT_PARSE;
    }
    uint8_t status = write_word(k, WORD_COMMAND, arg);
    k->polls_ = status == LP_CHIPSIM_KIT_OK ? TALK_POLLS : 0;
    k->is_wake_ = false;
    return status;
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

static void put_answer(uint8_t status, kit_reply_t *r, lp_chipsim_out_fn *out, void *ctx)
{
    char text[sizeof r->name + 2 * GROUP_MAX + 8];
    size_t n = (size_t)snprintf(text, sizeof text, "%s%02X(", r->name, status);
    for (size_t i = 0; i < r->len; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%02X", r->bytes[i]);
    }
    n += (size_t)snprintf(text + n, sizeof text - n, ")\n");
    out(ctx, lp_span((const uint8_t *)text, n));
    lp_cs_wipe(text, sizeof text);
    lp_cs_wipe(r, sizeof *r);
}

static void end_line(lp_chipsim_kit_t *k)
{
    lp_cs_wipe(k->line_, sizeof k->line_);
    k->len_ = 0;
    k->is_bad_ = false;
}

static void obey_line(lp_chipsim_kit_t *k, lp_chipsim_out_fn *out, void *ctx)
{
    kit_reply_t r = {.len = 0};
    bool has_cr = k->len_ > 0 && k->line_[k->len_ - 1] == '\r';
    k->line_[k->len_ - (has_cr ? 1u : 0u)] = '\0';
    uint8_t status = obey(k, &r);
    end_line(k);
    if (k->polls_ == 0) {
        put_answer(status, &r, out, ctx);
    }
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
    end_line(k);
    k->polls_ = 0;
}

bool lp_chipsim_kit_poll(lp_chipsim_kit_t *k, lp_chipsim_out_fn *out, void *ctx)
{
    if (k->polls_ == 0) {
        return false;
    }
    kit_reply_t r = {.len = 0};
    answer_t answer = ask(k);
    if (answer == IS_SILENT) {
        return true;
    }
    uint8_t status = answer == ANSWERS ? read_packet(k, &r) : failure(k);
    // A chip that was awake already has nothing to say on waking, and the bus floats.
    bool is_floating = status == LP_CHIPSIM_KIT_GARBLED && r.bytes[0] == 0xFF;
    k->polls_ = 0;
    put_answer(k->is_wake_ && is_floating ? (uint8_t)LP_CHIPSIM_KIT_OK : status, &r, out, ctx);
    return false;
}

size_t lp_chipsim_kit_take(lp_chipsim_kit_t *k, lp_span_t in, lp_chipsim_out_fn *out, void *ctx)
{
    size_t n = 0;
    while (n < in.len && k->polls_ == 0) {
        uint8_t byte = in.ptr[n++];
        if (byte == '\n') {
            obey_line(k, out, ctx);
            lp_chipsim_kit_poll(k, out, ctx);
        } else if (k->is_bad_ || !is_text(k, byte) || k->len_ + 1 == sizeof k->line_) {
            k->is_bad_ = true;
        } else {
            k->line_[k->len_++] = (char)byte;
        }
    }
    return n;
}

void lp_chipsim_kit_feed(lp_chipsim_kit_t *k, lp_span_t in, lp_chipsim_out_fn *out, void *ctx)
{
    while (in.len > 0) {
        size_t n = lp_chipsim_kit_take(k, in, out, ctx);
        in.ptr += n;
        in.len -= n;
        while (k->polls_ != 0) {
            k->wait_.wait_us(k->wait_.ctx, LP_CHIPSIM_KIT_POLL_US);
            lp_chipsim_kit_poll(k, out, ctx);
        }
    }
}
