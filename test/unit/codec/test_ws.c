// SPDX-License-Identifier: Apache-2.0
// WebSocket frames: what RFC 6455 shows, what it forbids, and that it does not matter how the bytes
// are cut.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/ws.h"

enum { MAX = 4096 };

static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};

// What a reader said, as text: "T:Hel", "t" for a piece that is not the last, "C1000:bye", "!1002".
static char said[16384];
static size_t said_len;

static void say(const char *what, lp_span_t bytes)
{
    said_len += (size_t)snprintf(said + said_len, sizeof said - said_len, "%s%.*s ", what,
                                 (int)bytes.len, bytes.len > 0 ? (const char *)bytes.ptr : "");
}

static void tell(const lp_ws_reader_t *r, lp_ws_event_t ev)
{
    char what[16];
    if (ev == LP_WS_EV_BAD) {
        snprintf(what, sizeof what, "!%u", r->code);
        say(what, lp_span(NULL, 0));
    } else if (ev == LP_WS_EV_DATA) {
        // Pieces are put together, so that cuts do not show.
        static const char *const names[] = {[LP_WS_TEXT] = "T", [LP_WS_BINARY] = "B"};
        if (r->piece.len > 0) {
            say("", r->piece);
            said_len--;
        }
        if (r->is_end) {
            say(names[r->opcode], lp_span(NULL, 0));
        }
    } else if (r->opcode == LP_WS_CLOSE) {
        snprintf(what, sizeof what, "C%u:", r->code);
        say(what, r->piece);
    } else {
        say(r->opcode == LP_WS_PING ? "P:" : "p:", r->piece);
    }
}

static const char *read_all(lp_ws_role_t role, const uint8_t *bytes, size_t len, size_t cut)
{
    lp_ws_reader_t r;
    static uint8_t copy[200000];
    memcpy(copy, bytes, len);
    said_len = 0;
    said[0] = '\0';
    lp_ws_reader_init(&r, role, MAX);
    for (size_t at = 0; at < len;) {
        size_t n = len - at < cut ? len - at : cut;
        uint8_t *p = copy + at;
        at += n;
        lp_ws_event_t ev;
        while ((ev = lp_ws_read(&r, &p, &n)) != LP_WS_EV_MORE) {
            tell(&r, ev);
            if (ev == LP_WS_EV_BAD) {
                uint8_t more[] = {0x81, 0x00};
                uint8_t *q = more;
                size_t left = 2;
                assert_int_equal(lp_ws_read(&r, &q, &left), LP_WS_EV_BAD); // for good
                return said;
            }
        }
        assert_int_equal(n, 0);
    }
    return said;
}

static void expect(lp_ws_role_t role, const void *bytes, size_t len, const char *want)
{
    for (size_t cut = 1; cut <= 9; cut++) {
        assert_string_equal(read_all(role, bytes, len, cut), want);
    }
    assert_string_equal(read_all(role, bytes, len, len), want);
}

#define CLIENT_READS(bytes, want) expect(LP_WS_CLIENT, bytes, sizeof(bytes) - 1, want)
#define SERVER_READS(bytes, want) expect(LP_WS_SERVER, bytes, sizeof(bytes) - 1, want)

// @source RFC 6455, 5.7
static void ws_examples_of_the_rfc(void **state)
{
    (void)state;
    CLIENT_READS("\x81\x05Hello", "HelloT ");
    SERVER_READS("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "HelloT ");
    CLIENT_READS("\x01\x03Hel\x80\x02lo", "HelloT ");
    CLIENT_READS("\x89\x05Hello", "P:Hello ");
    SERVER_READS("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "p:Hello ");
}

static void ws_masks_are_for_clients_and_must_be_there(void **state)
{
    (void)state;
    SERVER_READS("\x81\x05Hello", "!1002 ");
    CLIENT_READS("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "!1002 ");
}

static void ws_control_frames_may_stand_between_pieces(void **state)
{
    (void)state;
    CLIENT_READS("\x02\x02"
                 "ab\x89\x01x\x00\x01"
                 "c\x8a\x00\x80\x01"
                 "d",
                 "abP:x cp: dB ");
}

static void ws_what_the_rfc_forbids_is_refused(void **state)
{
    (void)state;
    CLIENT_READS("\xc1\x00", "!1002 "); // RSV1
    CLIENT_READS("\xa1\x00", "!1002 "); // RSV2
    CLIENT_READS("\x91\x00", "!1002 "); // RSV3
    CLIENT_READS("\x83\x00", "!1002 "); // opcodes that are not defined
    CLIENT_READS("\x87\x00", "!1002 ");
    CLIENT_READS("\x8b\x00", "!1002 ");
    CLIENT_READS("\x8f\x00", "!1002 ");
    CLIENT_READS("\x80\x01x", "!1002 ");           // continues nothing
    CLIENT_READS("\x01\x01x\x81\x01y", "x!1002 "); // a new message inside of one
    CLIENT_READS("\x09\x00", "!1002 ");            // a ping in pieces
    CLIENT_READS("\x89\x7e\x00\x80", "!1002 ");    // a long ping
    CLIENT_READS("\x81\x7e\x00\x7d", "!1002 ");    // lengths in more bytes than needed
    CLIENT_READS("\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff", "!1002 ");
    CLIENT_READS("\x81\x7f\x80\x00\x00\x00\x00\x01\x00\x00", "!1002 "); // the highest bit
    CLIENT_READS("\x88\x01\x03", "!1002 ");                             // half a code
    CLIENT_READS("\x88\x02\x03\xed", "!1002 "); // 1005, 1006, 999, 1015, 2999, 5000: never sent
    CLIENT_READS("\x88\x02\x03\xee", "!1002 ");
    CLIENT_READS("\x88\x02\x03\xe7", "!1002 ");
    CLIENT_READS("\x88\x02\x03\xf7", "!1002 ");
    CLIENT_READS("\x88\x02\x0b\xb7", "!1002 ");
    CLIENT_READS("\x88\x02\x13\x88", "!1002 ");
    CLIENT_READS("\x88\x03\x03\xe8\xff", "!1007 ");
}

static void ws_close_has_its_code_and_words(void **state)
{
    (void)state;
    CLIENT_READS("\x88\x00", "C1005: ");
    CLIENT_READS("\x88\x02\x03\xe8", "C1000: ");
    CLIENT_READS("\x88\x05\x0f\xa0"
                 "bye",
                 "C4000:bye ");
}

static void ws_too_long_is_refused_before_it_is_read(void **state)
{
    (void)state;
    CLIENT_READS("\x82\x7e\x10\x01", "!1009 ");
    CLIENT_READS("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", "!1009 ");
    static uint8_t frames[MAX + 16];
    size_t n = lp_ws_head(frames, LP_WS_BINARY, false, MAX, NULL);
    memset(frames + n, 'x', MAX);
    n += MAX;
    memcpy(frames + n, "\x80\x01y", 3);
    const char *text = read_all(LP_WS_CLIENT, frames, n + 3, 1000);
    assert_string_equal(text + strspn(text, "x"), "!1009 ");
    assert_int_equal(strspn(text, "x"), MAX);
}

static void ws_text_is_utf8_also_across_frames(void **state)
{
    (void)state;
    CLIENT_READS("\x01\x01\xc3\x80\x01\xa4", "\xc3\xa4T ");
    CLIENT_READS("\x01\x01\xf0\x00\x01\x9f\x00\x01\x90\x80\x01\x9a", "\xf0\x9f\x90\x9aT ");
    const char *const bad[] = {
        "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80",
        "\xff",     "\x80",         "\xc3",         "\xe2\x82",         "a\xf0\x9f\x90\x20"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t frame[16] = {0x81, (uint8_t)strlen(bad[i])};
        memcpy(frame + 2, bad[i], strlen(bad[i]));
        for (size_t cut = 1; cut < 8; cut++) {
            const char *text = read_all(LP_WS_CLIENT, frame, 2 + strlen(bad[i]), cut);
            assert_non_null(strstr(text, "!1007"));
        }
    }
    CLIENT_READS("\x82\x01\xff", "\xff"
                                 "B "); // of binary nothing is asked
}

static void ws_heads_are_read_back(void **state)
{
    (void)state;
    const uint64_t lens[] = {0, 1, 125, 126, 127, 65535, 65536, 100000};
    static uint8_t frame[LP_WS_HEAD_MAX + 100000];
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        for (int is_masked = 0; is_masked < 2; is_masked++) {
            lp_ws_reader_t r;
            const size_t head =
                lp_ws_head(frame, LP_WS_BINARY, true, lens[i], is_masked ? mask : NULL);
            memset(frame + head, 'z', lens[i]);
            if (is_masked) {
                lp_ws_mask(frame + head, 3 < lens[i] ? 3 : lens[i], mask, 0); // in two goes
                lp_ws_mask(frame + head + 3, lens[i] > 3 ? lens[i] - 3 : 0, mask, 3);
            }
            lp_ws_reader_init(&r, is_masked ? LP_WS_SERVER : LP_WS_CLIENT, 100000);
            uint8_t *p = frame;
            size_t left = head + lens[i];
            assert_int_equal(lp_ws_read(&r, &p, &left), LP_WS_EV_DATA);
            assert_int_equal(r.piece.len, lens[i]);
            assert_true(r.is_end && left == 0);
            for (size_t k = 0; k < r.piece.len; k++) {
                assert_int_equal(r.piece.ptr[k], 'z');
            }
            assert_false(lp_ws_is_begun(&r));
        }
    }
}

static void ws_says_when_something_is_half_there(void **state)
{
    (void)state;
    lp_ws_reader_t r;
    uint8_t bytes[] = {0x01, 0x01, 'x', 0x80, 0x00};
    lp_ws_reader_init(&r, LP_WS_CLIENT, MAX);
    assert_false(lp_ws_is_begun(&r));
    for (size_t i = 0; i < sizeof bytes; i++) {
        uint8_t *p = bytes + i;
        size_t left = 1;
        while (lp_ws_read(&r, &p, &left) != LP_WS_EV_MORE) {
        }
        assert_int_equal(lp_ws_is_begun(&r), i + 1 < sizeof bytes);
    }
}

// @source RFC 6455, 1.3
static void ws_accept_is_that_of_the_rfc(void **state)
{
    (void)state;
    char accept[LP_WS_ACCEPT_BYTES];
    assert_int_equal(lp_ws_accept(lp_span_str("dGhlIHNhbXBsZSBub25jZQ=="), accept), LP_OK);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_int_equal(lp_ws_accept(lp_span_str("dGhlIHNhbXBsZSBub25jZQ="), accept), LP_E_FORMAT);
    assert_int_equal(lp_ws_accept(lp_span_str("dGhlIHNhbXBsZSBub25jZSE="), accept), LP_E_FORMAT);
    assert_int_equal(lp_ws_accept(lp_span_str("!GhlIHNhbXBsZSBub25jZQ=="), accept), LP_E_FORMAT);
    assert_int_equal(lp_ws_accept(lp_span_str(""), accept), LP_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ws_examples_of_the_rfc),
        cmocka_unit_test(ws_masks_are_for_clients_and_must_be_there),
        cmocka_unit_test(ws_control_frames_may_stand_between_pieces),
        cmocka_unit_test(ws_what_the_rfc_forbids_is_refused),
        cmocka_unit_test(ws_close_has_its_code_and_words),
        cmocka_unit_test(ws_too_long_is_refused_before_it_is_read),
        cmocka_unit_test(ws_text_is_utf8_also_across_frames),
        cmocka_unit_test(ws_heads_are_read_back),
        cmocka_unit_test(ws_says_when_something_is_half_there),
        cmocka_unit_test(ws_accept_is_that_of_the_rfc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
