// SPDX-License-Identifier: Apache-2.0
// Bytes of the bus in words, and `limpet chip decode`.
#include "common.h"

#include <string.h>

enum { GROUP_MAX = 155, HEX = 2 * GROUP_MAX + 1 };

// ---- parameters -------------------------------------------------------------

static void say_place(lp_chip_words_t *w, uint8_t p1, uint16_t p2)
{
    static const char *const zones[] = {"config", "OTP", "slot", "zone 3"};
    const char *zone = zones[p1 & 3];
    bool block = (p1 & 0x80) != 0;
    lp_chip_say(w, " %s", zone);
    if ((p1 & 3) == 2) {
        lp_chip_say(w, " %u block %u", p2 >> 3 & 15, p2 >> 8);
    } else {
        lp_chip_say(w, " block %u", p2 >> 3);
    }
    block ? lp_chip_say(w, ", 32 bytes") : lp_chip_say(w, " word %u", p2 & 7);
    if ((p1 & 0x40) != 0) {
        lp_chip_say(w, ", encrypted");
    }
}

static void say_lock(lp_chip_words_t *w, uint8_t p1, uint16_t p2)
{
    switch (p1 & 3) {
    case 0:
        lp_chip_say(w, " the configuration");
        break;
    case 1:
        lp_chip_say(w, " data and OTP");
        break;
    default:
        lp_chip_say(w, " slot %u", p1 >> 2 & 15);
        return;
    }
    (p1 & 0x80) != 0 ? lp_chip_say(w, " without checking")
                     : lp_chip_say(w, " if its CRC is %04x", p2);
}

static void say_genkey(lp_chip_words_t *w, uint8_t p1, uint16_t p2)
{
    if (p2 == 0xFFFF) {
        lp_chip_say(w, " ephemeral, in TempKey");
        return;
    }
    if ((p1 & 0x10) != 0) {
        lp_chip_say(w, " digest of the public key in slot %u", p2 & 15);
        return;
    }
    lp_chip_say(w, (p1 & 4) != 0 ? " new key in slot %u" : " public key of slot %u", p2 & 15);
    lp_chip_say(w, (p1 & 8) != 0 ? ", digest to TempKey" : "");
}

static void say_nonce(lp_chip_words_t *w, uint8_t p1, uint16_t p2)
{
    static const char *const targets[] = {"TempKey", "message digest", "alternate key", "?"};
    if ((p1 & 3) == 3) {
        lp_chip_say(w, " fixed value into %s", targets[p1 >> 6]);
    } else {
        lp_chip_say(w, (p2 & 0x8000) != 0 ? " calculated from TempKey" : " random");
    }
}

static void say_verify(lp_chip_words_t *w, uint8_t p1, uint16_t p2)
{
    static const char *const modes[] = {"with slot %u",
                                        "validate slot %u by certificate",
                                        "with a given key",
                                        "validate slot %u",
                                        "?",
                                        "?",
                                        "?",
                                        "invalidate slot %u"};
    lp_chip_say(w, " ");
// Every format is one of this function's own.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    lp_chip_say(w, modes[p1 & 7], p2 & 15);
#pragma GCC diagnostic pop
    lp_chip_say(w, (p1 & 0x80) != 0 ? ", answer as MAC" : "");
}

static void say_sha(lp_chip_words_t *w, uint8_t p1, uint16_t p2)
{
    static const char *const modes[] = {
        "start",      "update",   "end",          "public key of slot",
        "HMAC start", "HMAC end", "read context", "write context"};
    lp_chip_say(w, " %s", modes[p1 & 7]);
    if ((p1 & 7) == 3 || (p1 & 7) == 4) {
        lp_chip_say(w, " %u", p2 & 15);
    }
}

static void say_parameters(lp_chip_words_t *w, uint8_t op, uint8_t p1, uint16_t p2)
{
    switch (op) {
    case 0x02:
    case 0x12:
        say_place(w, p1, p2);
        break;
    case 0x16:
        say_nonce(w, p1, p2);
        break;
    case 0x17:
        say_lock(w, p1, p2);
        break;
    case 0x40:
        say_genkey(w, p1, p2);
        break;
    case 0x41:
        lp_chip_say(w,
                    (p1 & 0x80) != 0 ? " given digest with slot %u" : " own message with slot %u",
                    p2 & 15);
        break;
    case 0x43:
        lp_chip_say(w, (p1 & 1) != 0 ? " with TempKey" : " with slot %u", p2 & 15);
        break;
    case 0x45:
        say_verify(w, p1, p2);
        break;
    case 0x47:
        say_sha(w, p1, p2);
        break;
    default:
        lp_chip_say(w, " mode %02x, param2 %04x", p1, p2);
        break;
    }
}

// ---- groups -----------------------------------------------------------------

// False, with words, when count or CRC are wrong.
static bool group_ok(lp_chip_words_t *w, lp_span_t g)
{
    if (g.len == 0 || g.ptr[0] < 4 || g.ptr[0] > GROUP_MAX) {
        lp_chip_say(w, "no group: count %u", g.len > 0 ? g.ptr[0] : 0);
        return false;
    }
    if (g.len < g.ptr[0]) {
        lp_chip_say(w, "part of a group: %zu of %u bytes", g.len, g.ptr[0]);
        return false;
    }
    size_t n = g.ptr[0];
    uint16_t crc = lp_chipsim_crc(g.ptr, n - 2);
    uint16_t sent = (uint16_t)(g.ptr[n - 2] | g.ptr[n - 1] << 8);
    if (crc != sent) {
        lp_chip_say(w, "CRC %04x wrong, should be %04x", sent, crc);
    }
    return crc == sent;
}

static void say_command(lp_chip_words_t *w, lp_span_t g, uint8_t *op)
{
    if (!group_ok(w, g)) {
        return;
    }
    if (g.ptr[0] < 7) {
        lp_chip_say(w, "too short for a command");
        return;
    }
    *op = g.ptr[1];
    const char *name = lp_chipsim_command_name(*op);
    if (name == NULL) {
        lp_chip_say(w, "unknown command %02x", *op);
        return;
    }
    lp_chip_say(w, "%s", name);
    say_parameters(w, *op, g.ptr[2], (uint16_t)(g.ptr[3] | g.ptr[4] << 8));
    if (g.ptr[0] > 7) {
        lp_chip_say(w, ", %u bytes of data", g.ptr[0] - 7u);
    }
}

static const char *status_text(uint8_t status)
{
    switch (status) {
    case 0x00:
        return "ok";
    case 0x01:
        return "not equal";
    case 0x03:
        return "parse error";
    case 0x05:
        return "ECC fault";
    case 0x07:
        return "self-test error";
    case 0x08:
        return "health-test error";
    case 0x0F:
        return "execution error";
    case 0x11:
        return "awake";
    case 0xEE:
        return "watchdog about to expire";
    case 0xFF:
        return "communication error";
    default:
        return "unknown status";
    }
}

void lp_chip_decode_read(lp_chip_words_t *w, lp_span_t g, uint8_t last_op)
{
    char hex[HEX];
    const char *name = lp_chipsim_command_name(last_op);
    if (g.len > 0 && g.ptr[0] == 0xFF) {
        lp_chip_say(w, "nothing to read (FF)");
        return;
    }
    if (g.len == 1) {
        lp_chip_say(w, "count %u", g.ptr[0]);
        return;
    }
    if (!group_ok(w, g)) {
        return;
    }
    if (g.ptr[0] == 4) {
        lp_chip_say(w, "%02x %s", g.ptr[1], status_text(g.ptr[1]));
        return;
    }
    lp_chip_hex(hex, sizeof hex, g.ptr + 1, g.ptr[0] - 3u);
    lp_chip_say(w, "%s: %u bytes %s", name != NULL ? name : "result", g.ptr[0] - 3u, hex);
}

void lp_chip_decode_write(lp_chip_words_t *w, lp_span_t bytes, uint8_t *last_op)
{
    if (bytes.len == 0) {
        lp_chip_say(w, "address only");
        return;
    }
    switch (bytes.ptr[0]) {
    case 0:
        lp_chip_say(w, "address reset");
        break;
    case 1:
        lp_chip_say(w, "sleep");
        break;
    case 2:
        lp_chip_say(w, "idle");
        break;
    case 3:
        say_command(w, lp_span(bytes.ptr + 1, bytes.len - 1), last_op);
        break;
    default:
        lp_chip_say(w, "reserved word address %02x", bytes.ptr[0]);
        break;
    }
}

void lp_chip_decode_group(lp_chip_words_t *w, lp_span_t bytes)
{
    uint8_t op = 0;
    bool write = bytes.len >= 2 && bytes.ptr[0] == 3 && bytes.ptr[1] == bytes.len - 1;
    bool command = bytes.len >= 7 && bytes.ptr[0] == bytes.len &&
                   lp_chipsim_command_name(bytes.ptr[1]) != NULL;
    if (write || (bytes.len == 1 && bytes.ptr[0] < 3)) {
        lp_chip_decode_write(w, bytes, &op);
    } else if (command) {
        say_command(w, bytes, &op);
    } else {
        lp_chip_decode_read(w, bytes, 0);
    }
}

// ---- the command ------------------------------------------------------------

static int decode_one(const char *text, bool reply)
{
    uint8_t bytes[1024];
    size_t len = sizeof bytes;
    lp_chip_words_t w = {.len = 0};
    if (!lp_chip_parse_hex(text, bytes, &len) || len == 0) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "this is not hex", "e.g. 03 07 30 00 00 00 03 5d",
                          "limpet chip decode --help");
    }
    if (reply) {
        lp_chip_decode_read(&w, lp_span(bytes, len), 0);
    } else {
        lp_chip_decode_group(&w, lp_span(bytes, len));
    }
    if (lp_ui.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddNumberToObject(o, "bytes", (double)len);
        cJSON_AddStringToObject(o, "words", w.text);
        lp_chip_put_json(o);
    } else {
        printf("%s\n", w.text);
    }
    return LP_EXIT_OK;
}

static int decode_lines(bool reply)
{
    char line[4096];
    int result = LP_EXIT_OK;
    while (result == LP_EXIT_OK && fgets(line, sizeof line, stdin) != NULL) {
        if (strspn(line, " \t\r\n") != strlen(line)) {
            result = decode_one(line, reply);
        }
    }
    return result;
}

int lp_chip_decode(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "chip decode",
        .args = "HEX... | -",
        .summary = "Says what a write to a chip, a command group or a reply means.",
        .examples = {"limpet chip decode 03 07 30 00 00 00 03 5d", "limpet chip decode 04113343",
                     "limpet chip decode - < packets.txt", NULL},
        .notes = "A group that could be a command is taken for one; --reply says otherwise.",
        .max_args = -1};
    bool reply = false;
    const lp_opt_t opts[] = {{"reply", LP_OPT_BOOL, &reply, NULL, "the bytes came from the chip"}};
    int n_args;
    int done = lp_opt_parse(&help, opts, 1, argc, argv, &n_args);
    if (done != LP_OPT_GO_ON) {
        return done;
    }
    char text[4096] = "";
    for (int i = 1; i <= n_args; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s ", argv[i]);
    }
    return strcmp(text, "- ") == 0 ? decode_lines(reply) : decode_one(text, reply);
}
