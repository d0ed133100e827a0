// SPDX-License-Identifier: Apache-2.0
// WebSocket frames: however the bytes are cut, the same is read; text is UTF-8; no message is
// longer than was said. The first byte says which end reads and where to cut.
#include <string.h>

#include "fuzz.h"
#include "limpet/utf8.h"
#include "limpet/ws.h"

enum { MAX_MESSAGE = 300, SAID_MAX = 1 << 16 };

typedef struct {
    size_t len;
    uint8_t bytes[SAID_MAX];
} said_t;

static said_t whole;
static said_t cut;

static void say(said_t *s, const void *bytes, size_t len)
{
    if (len > 0 && len <= SAID_MAX - s->len) {
        memcpy(s->bytes + s->len, bytes, len);
        s->len += len;
    }
}

static void say_head(said_t *s, char tag, unsigned opcode, unsigned code)
{
    const uint8_t head[4] = {(uint8_t)tag, (uint8_t)opcode, (uint8_t)(code >> 8), (uint8_t)code};
    say(s, head, sizeof head);
}

static uint8_t message[MAX_MESSAGE];
static size_t message_len;

static void take_data(said_t *s, const lp_ws_reader_t *r)
{
    MUST(r->opcode == LP_WS_TEXT || r->opcode == LP_WS_BINARY);
    MUST(r->piece.len <= MAX_MESSAGE - message_len);
    if (r->piece.len > 0) {
        memcpy(message + message_len, r->piece.ptr, r->piece.len);
        message_len += r->piece.len;
    }
    if (r->is_end) {
        MUST(r->opcode == LP_WS_BINARY || lp_utf8_is_valid(lp_span(message, message_len)));
        say_head(s, 'm', r->opcode, (unsigned)message_len);
        say(s, message, message_len);
        message_len = 0;
    }
}

static void take(said_t *s, const lp_ws_reader_t *r, lp_ws_event_t ev)
{
    if (ev == LP_WS_EV_DATA) {
        take_data(s, r);
    } else if (ev == LP_WS_EV_CONTROL) {
        MUST(r->opcode >= LP_WS_CLOSE && r->piece.len <= LP_WS_CONTROL_MAX);
        say_head(s, 'c', r->opcode, r->opcode == LP_WS_CLOSE ? r->code : 0);
        say(s, r->piece.ptr, r->piece.len);
    } else if (ev == LP_WS_EV_BAD) {
        MUST(r->code == LP_WS_PROTOCOL || r->code == LP_WS_NOT_UTF8 || r->code == LP_WS_TOO_BIG);
        say_head(s, 'b', 0, r->code);
    }
}

static void read_all(said_t *s, lp_ws_role_t role, lp_span_t bytes, size_t step)
{
    static uint8_t copy[SAID_MAX];
    lp_ws_reader_t r;
    lp_ws_event_t ev = LP_WS_EV_MORE;
    memcpy(copy, bytes.ptr, bytes.len);
    lp_ws_reader_init(&r, role, MAX_MESSAGE);
    s->len = 0;
    message_len = 0;
    for (size_t at = 0; at < bytes.len && ev != LP_WS_EV_BAD; at += step) {
        uint8_t *p = copy + at;
        size_t n = bytes.len - at < step ? bytes.len - at : step;
        while ((ev = lp_ws_read(&r, &p, &n)) != LP_WS_EV_MORE && ev != LP_WS_EV_BAD) {
            take(s, &r, ev);
        }
        take(s, &r, ev);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > SAID_MAX) {
        return 0;
    }
    const lp_ws_role_t role = (data[0] & 1) != 0 ? LP_WS_CLIENT : LP_WS_SERVER;
    read_all(&whole, role, lp_span(data + 1, size - 1), size);
    read_all(&cut, role, lp_span(data + 1, size - 1), 1u + data[0] / 2 % 16);
    MUST(whole.len == cut.len && memcmp(whole.bytes, cut.bytes, whole.len) == 0);
    return 0;
}
