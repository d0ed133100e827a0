// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "limpet/civil.h"
#include "limpet/cron.h"
#include "limpet/fmt.h"

enum { FIELDS = 6 };

typedef struct {
    const char *name;
    unsigned min, max;
    const char *words; // three letters each
    unsigned first;    // number of the first word
} field_t;

static const field_t fields[FIELDS] = {
    {"second", 0, 59, "", 0},
    {"minute", 0, 59, "", 0},
    {"hour", 0, 23, "", 0},
    {"day", 1, 31, "", 0},
    {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec", 1},
    {"weekday", 0, 7, "sunmontuewedthufrisat", 0},
};

static const struct {
    const char *name, *text;
} shorts[] = {
    {"@hourly", "0 * * * *"},
    {"@daily", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"},
};

typedef struct {
    const uint8_t *at, *end;
} cursor_t;

static bool take(cursor_t *c, char wanted)
{
    if (c->at == c->end || *c->at != (uint8_t)wanted) {
        return false;
    }
    c->at++;
    return true;
}

static uint8_t lower(uint8_t ch)
{
    return ch >= 'A' && ch <= 'Z' ? (uint8_t)(ch + 32) : ch;
}

static bool take_word(cursor_t *c, const field_t *f, unsigned *out)
{
    for (size_t i = 0; f->words[i] != '\0'; i += 3) {
        bool is_same = c->end - c->at >= 3;
        for (size_t j = 0; is_same && j < 3; j++) {
            is_same = lower(c->at[j]) == (uint8_t)f->words[i + j];
        }
        if (is_same) {
            c->at += 3;
            *out = f->first + (unsigned)(i / 3);
            return true;
        }
    }
    return false;
}

static bool take_digits(cursor_t *c, unsigned *out)
{
    unsigned n = 0;
    const uint8_t *first = c->at;
    while (c->at != c->end && *c->at >= '0' && *c->at <= '9' && n < 1000) {
        n = n * 10 + (*c->at++ - (unsigned)'0');
    }
    *out = n;
    return c->at != first;
}

static bool take_value(cursor_t *c, const field_t *f, unsigned *out)
{
    return (take_word(c, f, out) || take_digits(c, out)) && *out >= f->min && *out <= f->max;
}

// One item of a list: *, a, a-b, each with /n; a/n goes on to the end.
static bool take_item(cursor_t *c, const field_t *f, uint64_t *bits)
{
    unsigned low = f->min;
    unsigned high = f->max;
    unsigned step = 1;
    const bool is_star = take(c, '*');
    if (!is_star) {
        if (!take_value(c, f, &low)) {
            return false;
        }
        const bool is_range = take(c, '-');
        if (is_range && (!take_value(c, f, &high) || high < low)) {
            return false;
        }
        const bool is_open = !is_range && c->at != c->end && *c->at == '/';
        high = is_range || is_open ? high : low;
    }
    if (take(c, '/') && (!take_digits(c, &step) || step == 0 || step > f->max)) {
        return false;
    }
    for (unsigned i = low; i <= high; i += step) {
        *bits |= (uint64_t)1 << i;
    }
    return true;
}

static bool parse_field(lp_span_t text, const field_t *f, uint64_t *bits)
{
    cursor_t c = {text.ptr, text.ptr + text.len};
    *bits = 0;
    do {
        if (!take_item(&c, f, bits)) {
            return false;
        }
    } while (take(&c, ','));
    return c.at == c.end;
}

// Words between blanks. More than `cap` gives cap + 1.
static size_t split(lp_span_t text, lp_span_t *words, size_t cap)
{
    size_t n = 0;
    size_t i = 0;
    while (i < text.len && n <= cap) {
        while (i < text.len && (text.ptr[i] == ' ' || text.ptr[i] == '\t')) {
            i++;
        }
        const size_t first = i;
        while (i < text.len && text.ptr[i] != ' ' && text.ptr[i] != '\t') {
            i++;
        }
        if (i > first) {
            if (n < cap) {
                words[n] = lp_span(text.ptr + first, i - first);
            }
            n++;
        }
    }
    return n;
}

static lp_span_t spelled_out(lp_span_t text)
{
    for (size_t i = 0; i < sizeof shorts / sizeof shorts[0]; i++) {
        if (lp_span_equal_str(text, shorts[i].name)) {
            return lp_span_str(shorts[i].text);
        }
    }
    return text;
}

static bool is_star(lp_span_t word)
{
    return word.len > 0 && word.ptr[0] == '*';
}

// Whether one of the months has one of the days; in leap years, that is.
static bool has_a_day(const lp_cron_t *c)
{
    enum { LEAP_YEAR = 2024 };
    for (unsigned month = 1; month <= 12; month++) {
        const uint32_t days =
            (uint32_t)(((uint64_t)1 << (lp_civil_month_days(LEAP_YEAR, month) + 1)) - 1);
        if ((c->months >> month & 1u) != 0 && (c->days & days) != 0) {
            return true;
        }
    }
    return !c->is_any_weekday;
}

static void fill(lp_cron_t *c, const uint64_t bits[FIELDS], const lp_span_t words[FIELDS])
{
    c->seconds = bits[0];
    c->minutes = bits[1];
    c->hours = (uint32_t)bits[2];
    c->days = (uint32_t)bits[3];
    c->months = (uint16_t)bits[4];
    c->weekdays = (uint8_t)((bits[5] | bits[5] >> 7) & 0x7F); // 7 is Sunday, too
    c->is_any_hour = is_star(words[2]);
    c->is_any_day = is_star(words[3]);
    c->is_any_weekday = is_star(words[5]);
}

lp_err_t lp_cron_parse(lp_span_t text, lp_cron_t *cron, lp_buf_t *why)
{
    lp_span_t words[FIELDS];
    uint64_t bits[FIELDS];
    lp_cron_t out = {0};
    const size_t n = split(spelled_out(text), words, FIELDS);
    if (n != FIELDS && n != FIELDS - 1) {
        (void)lp_fmt(why, "five fields are needed (minute hour day month weekday), or six with the "
                          "second in front");
        return LP_E_FORMAT;
    }
    if (n == FIELDS - 1) {
        memmove(words + 1, words, (FIELDS - 1) * sizeof words[0]);
        words[0] = lp_span_str("0");
    }
    for (size_t i = 0; i < FIELDS; i++) {
        if (!parse_field(words[i], &fields[i], &bits[i])) {
            (void)lp_fmt(why, "the %s is not understood: %u-%u, *, */n, a-b or a list is",
                         fields[i].name, fields[i].min, fields[i].max);
            return LP_E_FORMAT;
        }
    }
    fill(&out, bits, words);
    if (!has_a_day(&out)) {
        (void)lp_fmt(why, "no month has such a day");
        return LP_E_NOT_FOUND;
    }
    *cron = out;
    return LP_OK;
}
