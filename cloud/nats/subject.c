// SPDX-License-Identifier: Apache-2.0
#include "limpet/nats_subject.h"

#include <string.h>

#include "limpet/mqtt_packet.h"

static const char hex[] = "0123456789ABCDEF";

// What would end a token, be a wildcard or not survive NATS's protocol of lines; '/' only comes
// here in texts that are no topics.
static bool is_plain(uint8_t c)
{
    return c > ' ' && c != 0x7f && strchr(".*>%/", c) == NULL;
}

static bool put(lp_buf_t *out, uint8_t c)
{
    return lp_buf_put_byte(out, c) == LP_OK;
}

static bool put_token(lp_buf_t *out, lp_span_t level)
{
    bool ok = level.len > 0 || put(out, '%');
    for (size_t i = 0; ok && i < level.len; i++) {
        uint8_t c = level.ptr[i];
        ok = is_plain(c) ? put(out, c)
                         : put(out, '%') && put(out, (uint8_t)hex[c >> 4]) &&
                               put(out, (uint8_t)hex[c & 15]);
    }
    return ok;
}

static bool put_level(lp_buf_t *out, lp_span_t level, bool is_filter)
{
    bool is_wild = is_filter && level.len == 1 && (level.ptr[0] == '+' || level.ptr[0] == '#');
    return put(out, '.') &&
           (is_wild ? put(out, level.ptr[0] == '+' ? '*' : '>') : put_token(out, level));
}

static bool put_all(lp_buf_t *out, lp_span_t name, bool is_filter)
{
    bool ok = put(out, name.ptr[0] == '$' ? 's' : 'm');
    size_t start = 0;
    for (size_t i = 0; ok && i <= name.len; i++) {
        if (i == name.len || name.ptr[i] == '/') {
            ok = put_level(out, lp_span(name.ptr + start, i - start), is_filter);
            start = i + 1;
        }
    }
    return ok;
}

static bool finish(lp_buf_t *b, bool ok, char *out)
{
    out[ok ? b->len : 0] = '\0';
    return ok;
}

bool lp_subject_of_topic(lp_span_t topic, char out[LP_SUBJECT_SIZE])
{
    lp_buf_t b = lp_buf(out, LP_SUBJECT_SIZE - 1);
    return finish(&b, lp_mqtt_topic_is_valid(topic) && put_all(&b, topic, false), out);
}

bool lp_subject_of_filter(lp_span_t filter, char out[LP_SUBJECT_SIZE])
{
    lp_buf_t b = lp_buf(out, LP_SUBJECT_SIZE - 1);
    bool is_shared = filter.len >= 7 && memcmp(filter.ptr, "$share/", 7) == 0;
    return finish(&b, !is_shared && lp_mqtt_filter_is_valid(filter) && put_all(&b, filter, true),
                  out);
}

bool lp_subject_of_text(lp_span_t text, char out[LP_SUBJECT_SIZE])
{
    lp_buf_t b = lp_buf(out, LP_SUBJECT_SIZE - 1);
    return finish(&b, put_token(&b, text), out);
}

static int digit(char c)
{
    const char *at = c != '\0' ? strchr(hex, c) : NULL;
    return at != NULL ? (int)(at - hex) : -1;
}

// One byte of a topic off *at. A lone % stands for nothing.
static bool take_byte(const char **at, lp_buf_t *out)
{
    const char *s = *at;
    if (*s == '.') {
        *at += 1;
        return put(out, '/');
    }
    if (*s != '%') {
        *at += 1;
        return put(out, (uint8_t)*s);
    }
    int high = digit(s[1]);
    int low = high >= 0 ? digit(s[2]) : -1;
    if (low >= 0) {
        *at += 3;
        return put(out, (uint8_t)(high << 4 | low));
    }
    *at += 1;
    return s[1] == '.' || s[1] == '\0';
}

bool lp_subject_topic(const char *subject, char out[LP_SUBJECT_SIZE])
{
    char again[LP_SUBJECT_SIZE];
    lp_buf_t b = lp_buf(out, LP_SUBJECT_SIZE - 1);
    bool ok = (subject[0] == 'm' || subject[0] == 's') && subject[1] == '.';
    const char *at = ok ? subject + 2 : "";
    while (ok && *at != '\0') {
        ok = take_byte(&at, &b);
    }
    // Whatever could be written in two ways is not taken in the second.
    ok = ok && lp_subject_of_topic(lp_buf_span(&b), again) && strcmp(again, subject) == 0;
    return finish(&b, ok, out);
}

bool lp_subject_text(const char *token, char out[LP_SUBJECT_SIZE])
{
    char again[LP_SUBJECT_SIZE];
    lp_buf_t b = lp_buf(out, LP_SUBJECT_SIZE - 1);
    bool ok = strchr(token, '.') == NULL;
    for (const char *at = token; ok && *at != '\0';) {
        ok = take_byte(&at, &b);
    }
    ok = ok && memchr(out, '\0', b.len) == NULL && lp_subject_of_text(lp_buf_span(&b), again) &&
         strcmp(again, token) == 0;
    return finish(&b, ok, out);
}
