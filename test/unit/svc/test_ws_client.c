// SPDX-License-Identifier: Apache-2.0
// WebSocket connections on a network of the test's: the opening, frames both ways, and every way in
// which a server can break the protocol.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/ws_client.h"
#include "web_rig.h"

static lp_ws_client_t ws;
static unsigned opened, closed, messages;
static lp_err_t why;
static uint16_t code;
static char text[256];
static size_t text_len;

static void on_open(void *ctx)
{
    (void)ctx;
    opened++;
}

static void on_piece(void *ctx, lp_ws_opcode_t kind, lp_span_t piece, bool is_end)
{
    (void)ctx;
    (void)kind;
    assert_true(text_len + piece.len < sizeof text);
    memcpy(text + text_len, piece.ptr, piece.len);
    text_len += piece.len;
    text[text_len] = '\0';
    messages += is_end;
}

static void on_closed(void *ctx, lp_err_t err, uint16_t with)
{
    (void)ctx;
    closed++;
    why = err;
    code = with;
}

static lp_ws_wish_t wish_of(const char *url)
{
    return (lp_ws_wish_t){
        .url = url, .on_open = on_open, .on_piece = on_piece, .on_closed = on_closed};
}

static int setup(void **state)
{
    const int rc = web_setup(state);
    memset(&ws, 0, sizeof ws);
    lp_ws_client_init(&ws, &base);
    opened = closed = messages = 0;
    text_len = 0;
    text[0] = '\0';
    return rc;
}

// What the client has asked for, and the key that it wants an answer to.
static const char *ask(const lp_ws_wish_t *wish, char accept[LP_WS_ACCEPT_BYTES])
{
    assert_int_equal(lp_ws_client_start(&ws, wish), LP_OK);
    web_run(50);
    const char *request = fake_stream_take(&net.wire);
    const char *key = strstr(request, "Sec-WebSocket-Key: ");
    assert_non_null(key);
    assert_int_equal(lp_ws_accept(lp_span(key + 19, strcspn(key + 19, "\r")), accept), LP_OK);
    return request;
}

static void answer(const char *accept, const char *more)
{
    char response[400];
    (void)snprintf(
        response, sizeof response,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n%s\r\n",
        accept, more);
    fake_stream_feed_str(&net.wire, response);
    web_run(50);
}

static void open_it(void)
{
    char accept[LP_WS_ACCEPT_BYTES];
    const lp_ws_wish_t wish = wish_of("ws://a.example/feed");
    (void)ask(&wish, accept);
    answer(accept, "");
    assert_int_equal(opened, 1);
    (void)fake_stream_take(&net.wire);
}

static void feed(const char *bytes, size_t len)
{
    fake_stream_feed(&net.wire, bytes, len);
    web_run(50);
}

// A frame of the client, unmasked: its first byte, and its content as text.
static uint8_t sent_frame(char content[130])
{
    const uint8_t *f = (const uint8_t *)fake_stream_take(&net.wire);
    const size_t len = f[1] & 0x7F;
    assert_int_equal(f[1] & 0x80, 0x80); // each one is masked
    assert_true(len < 126);
    for (size_t i = 0; i < len; i++) {
        content[i] = (char)(f[6 + i] ^ f[2 + i % 4]);
    }
    content[len] = '\0';
    return f[0];
}

static void opening_is_as_the_standard_has_it(void **state)
{
    (void)state;
    char accept[LP_WS_ACCEPT_BYTES];
    lp_ws_wish_t wish = wish_of("ws://a.example:8080/feed?x=1");
    wish.protocol = "feed.v1";
    const char *request = ask(&wish, accept);
    assert_memory_equal(request, "GET /feed?x=1 HTTP/1.1\r\n", 24);
    assert_non_null(strstr(request, "Host: a.example:8080\r\n"));
    assert_non_null(strstr(request, "Sec-WebSocket-Version: 13\r\n"));
    assert_non_null(strstr(request, "Sec-WebSocket-Protocol: feed.v1\r\n"));
    assert_int_equal(opened, 0);
    answer(accept, "Sec-WebSocket-Protocol: feed.v1\r\n");
    assert_int_equal(opened, 1);
    assert_int_equal(closed, 0);
}

static void openings_that_prove_nothing_are_refused(void **state)
{
    char accept[LP_WS_ACCEPT_BYTES];
    const lp_ws_wish_t wish = wish_of("ws://a.example/feed");
    (void)ask(&wish, accept);
    accept[3] = accept[3] == 'A' ? 'B' : 'A'; // the answer to another key
    answer(accept, "");
    assert_int_equal(opened, 0);
    assert_int_equal(closed, 1);
    assert_int_equal(why, LP_E_FORMAT);
    setup(state);
    (void)ask(&wish, accept);
    answer(accept, "Sec-WebSocket-Extensions: permessage-deflate\r\n"); // nobody asked for it
    assert_int_equal(opened, 0);
    assert_int_equal(closed, 1);
    setup(state);
    (void)ask(&wish, accept);
    fake_stream_feed_str(&net.wire, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    web_run(50);
    assert_int_equal(why, LP_E_DENIED);
    assert_int_equal(code, 403);
    setup(state);
    lp_ws_wish_t picky = wish;
    picky.protocol = "feed.v1";
    (void)ask(&picky, accept);
    answer(accept, "Sec-WebSocket-Protocol: feed.v2\r\n"); // nobody offered that one
    assert_int_equal(why, LP_E_FORMAT);
    setup(state);
    (void)ask(&picky, accept);
    answer(accept, "");
    assert_int_equal(why, LP_E_UNSUPPORTED);
    assert_false(net.is_tcp_open);
}

static void messages_come_in_frames_and_single_bytes(void **state)
{
    (void)state;
    static const char frames[] = "\x01\x03hel\x89\x01!\x80\x02lo"; // a ping inside of a message
    char content[130];
    open_it();
    for (size_t i = 0; i < sizeof frames - 1; i++) {
        feed(frames + i, 1);
    }
    assert_int_equal(messages, 1);
    assert_string_equal(text, "hello");
    assert_int_equal(sent_frame(content), 0x8A); // the pong, with what the ping had
    assert_string_equal(content, "!");
}

static void messages_go_masked_and_each_with_another_mask(void **state)
{
    (void)state;
    char content[130];
    uint8_t first[4];
    open_it();
    assert_int_equal(lp_ws_client_send(&ws, LP_WS_TEXT, lp_span_str("same"), true), LP_OK);
    web_run(20);
    memcpy(first, net.wire.out + 2, 4);
    assert_int_equal(sent_frame(content), 0x81);
    assert_string_equal(content, "same");
    assert_int_equal(lp_ws_client_send(&ws, LP_WS_TEXT, lp_span_str("same"), true), LP_OK);
    web_run(20);
    assert_memory_not_equal(first, net.wire.out + 2, 4);
}

// Each of them is told with its code, and ends the connection.
static void servers_that_break_the_protocol_are_left(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        uint16_t code;
    } table[] = {
        {"\x81\x81\x01\x02\x03\x04\x05", 7, 1002}, // masked
        {"\xC1\x01x", 3, 1002},                    // a bit of an extension
        {"\x83\x01x", 3, 1002},                    // an opcode that nobody knows
        {"\x80\x01x", 3, 1002},                    // goes on with nothing
        {"\x01\x01x\x01\x01y", 6, 1002},           // a message inside of a message
        {"\x09\x01x", 3, 1002},                    // a ping in pieces
        {"\x89\x7E\x00\x80", 4, 1002},             // a ping that is too long
        {"\x81\x02\xC3\x28", 4, 1007},             // no UTF-8
        {"\x82\x7F\x00\x00\x00\x00\x7F\xFF\xFF\xFF", 10, 1009},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char content[130];
        setup(state);
        open_it();
        feed(table[i].bytes, table[i].len);
        assert_int_equal(sent_frame(content), 0x88);
        assert_int_equal((uint8_t)content[0] << 8 | (uint8_t)content[1], table[i].code);
        web_run(LP_WS_GOODBYE_MS + 1000);
        assert_int_equal(closed, 1);
        assert_int_equal(why, table[i].code == 1009 ? LP_E_RANGE : LP_E_FORMAT);
        assert_false(net.is_tcp_open);
    }
}

static void goodbye_of_either_end(void **state)
{
    char content[130];
    open_it();
    feed("\x88\x02\x03\xE9", 4); // the server's, 1001
    assert_int_equal(sent_frame(content), 0x88);
    assert_false(net.is_tcp_open);
    assert_int_equal(closed, 1);
    assert_int_equal(why, LP_OK);
    assert_int_equal(code, 1001);
    setup(state);
    open_it();
    lp_ws_client_close(&ws, 1000, "bye");
    web_run(50);
    assert_int_equal(sent_frame(content), 0x88);
    assert_string_equal(content + 2, "bye");
    feed("\x88\x02\x03\xE8", 4);
    assert_int_equal(closed, 1);
    assert_int_equal(why, LP_OK);
    setup(state);
    open_it();
    fake_stream_hang_up(&net.wire, LP_E_CLOSED); // without a word
    web_run(100);
    assert_int_equal(why, LP_E_CLOSED);
}

static void silence_is_asked_about_and_then_left(void **state)
{
    (void)state;
    char content[130];
    open_it();
    web_run(LP_WS_PING_MS + 1000);
    assert_int_equal(sent_frame(content), 0x89);
    assert_int_equal(closed, 0);
    web_run(LP_WS_PING_MS + 1000);
    assert_int_equal(closed, 1);
    assert_int_equal(why, LP_E_TIMEOUT);
    assert_false(net.is_tcp_open);
}

static void opening_without_a_network_is_refused(void **state)
{
    static lp_ws_client_t none;
    const lp_ws_wish_t wish = wish_of("ws://a.example/");
    (void)state;
    lp_ws_client_init(&none, NULL);
    assert_int_equal(lp_ws_client_start(&none, &wish), LP_E_UNSUPPORTED);
    assert_int_equal(none.state, LP_WS_CLIENT_IDLE);
    lp_ws_client_cancel(&none);
    web_run(20);
    assert_int_equal(net.dials, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(opening_is_as_the_standard_has_it, setup),
        cmocka_unit_test_setup(opening_without_a_network_is_refused, setup),
        cmocka_unit_test_setup(openings_that_prove_nothing_are_refused, setup),
        cmocka_unit_test_setup(messages_come_in_frames_and_single_bytes, setup),
        cmocka_unit_test_setup(messages_go_masked_and_each_with_another_mask, setup),
        cmocka_unit_test_setup(servers_that_break_the_protocol_are_left, setup),
        cmocka_unit_test_setup(goodbye_of_either_end, setup),
        cmocka_unit_test_setup(silence_is_asked_about_and_then_left, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
