// SPDX-License-Identifier: Apache-2.0
// The bytes of a dump. @source docs/logs.md, limpet/crash.h
#include <stdio.h>
#include <string.h>

#include "limpet/base64.h"
#include "limpet/crashdump.h"
#include "limpet/crc.h"
#include "limpet/endian.h"

enum { HEAD = 96, VERSION = 1, BUILD_ID_MAX = 20, APP_MAX = 28, CRC_BYTES = 4 };

static const char begin_mark[] = "--- BEGIN LIMPET CRASH ---";
static const char end_mark[] = "--- END LIMPET CRASH ---";

typedef struct {
    const uint8_t *at, *end;
    unsigned word;
    bool is_short;
} reader_t;

static const uint8_t *take(reader_t *r, size_t n)
{
    static const uint8_t zeros[8];
    if ((size_t)(r->end - r->at) < n) {
        r->is_short = true;
        return zeros;
    }
    r->at += n;
    return r->at - n;
}

static uint64_t take_word(reader_t *r)
{
    const uint8_t *p = take(r, r->word);
    return r->word == 8 ? lp_get_le64(p) : lp_get_le32(p);
}

static bool take_head(const uint8_t *b, lp_crashdump_t *d, const char **why)
{
    d->core = (lp_crashdump_core_t)b[8];
    d->reason = b[9];
    d->word = b[10];
    d->reg_count = b[11];
    d->cause = lp_get_le32(b + 12);
    d->address = lp_get_le64(b + 16);
    d->bias = lp_get_le64(b + 24);
    d->uptime_ms = lp_get_le64(b + 32);
    d->boots = lp_get_le32(b + 40);
    const unsigned id_len = b[44];
    memcpy(d->app, b + 68, APP_MAX);
    d->app[APP_MAX] = '\0';
    const unsigned word = d->core == LP_DUMP_X86_64 ? 8 : 4;
    if (d->core < LP_DUMP_X86_64 || d->core > LP_DUMP_LX106 || d->word != word) {
        *why = "it is of a core that this limpet does not know";
        return false;
    }
    if (id_len > BUILD_ID_MAX || d->reg_count > LP_CRASHDUMP_REGS) {
        *why = "its head makes no sense";
        return false;
    }
    for (unsigned i = 0; i < id_len; i++) {
        snprintf(d->build_id + 2 * (size_t)i, 3, "%02x", b[45 + i]);
    }
    return true;
}

static void take_log(reader_t *r, lp_crashdump_t *d)
{
    const size_t len = lp_get_le16(take(r, 2));
    const size_t kept = len < sizeof d->log ? len : sizeof d->log - 1;
    const uint8_t *text = take(r, len);
    if (!r->is_short) {
        memcpy(d->log, text, kept);
    }
}

static bool take_body(reader_t *r, lp_crashdump_t *d)
{
    d->pc = take_word(r);
    d->sp = take_word(r);
    for (unsigned i = 0; i < d->reg_count; i++) {
        d->regs[i] = take_word(r);
    }
    d->word_count = lp_get_le16(take(r, 2));
    if (d->word_count > LP_CRASHDUMP_WORDS) {
        return false;
    }
    for (unsigned i = 0; i < d->word_count; i++) {
        d->words[i] = take_word(r);
    }
    take_log(r, d);
    return !r->is_short && r->at == r->end;
}

bool lp_crashdump_parse(const uint8_t *bytes, size_t len, lp_crashdump_t *dump, const char **why)
{
    *dump = (lp_crashdump_t){.reason = 0};
    if (len < HEAD + CRC_BYTES || memcmp(bytes, "LPCR", 4) != 0) {
        *why = "it is no dump of Limpet's";
        return false;
    }
    if (lp_get_le16(bytes + 4) != VERSION) {
        *why = "it is of a newer Limpet than this one";
        return false;
    }
    if (lp_get_le16(bytes + 6) != len ||
        lp_crc32(0, lp_span(bytes, len - CRC_BYTES)) != lp_get_le32(bytes + len - CRC_BYTES)) {
        *why = "it is damaged, or not whole";
        return false;
    }
    reader_t r = {.at = bytes + HEAD, .end = bytes + len - CRC_BYTES};
    if (!take_head(bytes, dump, why)) {
        return false;
    }
    r.word = dump->word;
    *why = "its parts do not fit together";
    return take_body(&r, dump);
}

const char *lp_crashdump_reason(const lp_crashdump_t *dump)
{
    static const char *const names[] = {"unknown", "fault", "panic", "watchdog", "stack"};
    return dump->reason < sizeof names / sizeof names[0] ? names[dump->reason] : names[0];
}

// ---- on a console

static bool is_mark(const char *line, const char *mark)
{
    const size_t len = strlen(mark);
    return strncmp(line, mark, len) == 0 && line[len + strspn(line + len, " \r\n")] == '\0';
}

lp_crash_line_t lp_crash_reader_feed(lp_crash_reader_t *r, const char *line)
{
    if (is_mark(line, begin_mark)) {
        r->is_inside = true;
        r->len = 0;
        return LP_CRASH_LINE_TAKEN;
    }
    if (!r->is_inside) {
        return LP_CRASH_LINE_OTHER;
    }
    if (is_mark(line, end_mark)) {
        r->is_inside = false;
        return LP_CRASH_LINE_WHOLE;
    }
    lp_buf_t out = lp_buf(r->bytes + r->len, sizeof r->bytes - r->len);
    if (lp_base64_decode(&out, lp_span(line, strcspn(line, "\r\n"))) != LP_OK) {
        r->is_inside = false; // something else came between
        return LP_CRASH_LINE_OTHER;
    }
    r->len += out.len;
    return LP_CRASH_LINE_TAKEN;
}
