// SPDX-License-Identifier: Apache-2.0
// One caller as the stream of a channel, in virtual time: however bytes are cut and however little
// room there is to write, the same is answered; and nobody holds a connection for long.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "fake/stream.h"
#include "limpet/port/clock.h"
#include "limpet/rpc_web.h"

enum { REQUEST_MS = 10000, IDLE_MS = 60000 };

static lp_loop_t loop;
static fake_stream_t lower;
static lp_rpc_t rpc;
static lp_rpc_set_t set;
static lp_rpc_web_t web;
static lp_rpc_channel_t channel;
static lp_loan_t loan; // as a board with little RAM has it
static uint8_t lent[LP_RPC_LOAN_MIN];
static const char *over_why; // null: it lives

// -- a small board

static lp_rpc_req_t *late;

static void echo(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_value(w, req->params);
    lp_rpc_done(req);
}

static void big(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    static char text[5001];
    memset(text, 'x', sizeof text - 1);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_str(w, text);
    lp_rpc_done(req);
}

static void wait(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    late = req;
}

static const lp_rpc_method_t methods[] = {
    {"T.Echo", LP_RPC_READ, echo, "", ""},
    {"T.Big", LP_RPC_READ, big, "", ""},
    {"T.Wait", LP_RPC_READ, wait, "", ""},
    {"T.Chip", LP_RPC_CHIP, echo, "", ""},
};

static bool is_host_ours(void *ctx, lp_span_t host)
{
    (void)ctx;
    return lp_span_equal_str(host, "board");
}

static void challenge(void *ctx, lp_buf_t *out)
{
    (void)ctx;
    (void)lp_fmt(out, "Digest nonce=\"n\"");
}

static void over(void *ctx, const char *why)
{
    (void)ctx;
    over_why = why;
    lp_rpc_close(&channel);
    lp_rpc_web_close(&web);
}

static void start(lp_rpc_web_kind_t kind)
{
    const lp_rpc_web_owner_t owner = {.is_host_ours = is_host_ours,
                                      .challenge = challenge,
                                      .over = over,
                                      .request_ms = REQUEST_MS,
                                      .idle_ms = IDLE_MS};
    fake_clock_reset();
    lp_loop_init(&loop);
    fake_stream_init(&lower, &loop);
    lp_rpc_init(&rpc);
    lp_loan_init(&loan, lent, sizeof lent);
    rpc.loan = &loan;
    set = (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0]};
    lp_rpc_add(&rpc, &set);
    over_why = NULL;
    late = NULL;
    lp_rpc_web_open(&web, &loop, &lower.stream, kind, &owner);
    lp_rpc_open(&channel, &rpc, &web.stream, LP_RPC_READ);
}

static void turn(int times)
{
    for (int i = 0; i < times; i++) {
        lp_loop_turn(&loop, 0);
    }
}

// Lets virtual time pass in small steps.
static void pass(uint32_t ms)
{
    const uint64_t end = lp_port_now_ms() + ms;
    while (lp_port_now_ms() < end && over_why == NULL) {
        lp_loop_turn(&loop, 50);
    }
}

static const char *ask(const char *bytes, size_t len, size_t cut)
{
    for (size_t at = 0; at < len; at += cut) {
        fake_stream_feed(&lower, bytes + at, len - at < cut ? len - at : cut);
        turn(2);
    }
    turn(10);
    return fake_stream_take(&lower);
}

static const char *ask_str(const char *text)
{
    return ask(text, strlen(text), strlen(text));
}

#define HEAD "POST /rpc/T.Echo HTTP/1.1\r\nHost: board\r\n"

static const char *body_of(const char *response)
{
    const char *end = strstr(response, "\r\n\r\n");
    return end != NULL ? end + 4 : "";
}

static unsigned status_of(const char *response)
{
    unsigned status = 0;
    (void)sscanf(response, "HTTP/1.1 %u", &status);
    return status;
}

// -- HTTP

static void web_answers_the_same_however_bytes_are_cut(void **state)
{
    (void)state;
    const char *text = HEAD "Content-Length: 9\r\n\r\n{\"a\":[1]}";
    for (size_t cut = 1; cut < strlen(text); cut++) {
        start(LP_RPC_WEB_HTTP);
        const char *response = ask(text, strlen(text), cut);
        assert_int_equal(status_of(response), 200);
        assert_string_equal(body_of(response), "{\"a\":[1]}");
        assert_null(over_why);
    }
}

static void web_answers_the_same_however_little_room_there_is(void **state)
{
    (void)state;
    static char whole[8192];
    start(LP_RPC_WEB_HTTP);
    snprintf(whole, sizeof whole, "%s",
             ask_str("POST /rpc/T.Big HTTP/1.1\r\nHost: board\r\n\r\n" HEAD "\r\n"));
    assert_int_equal(strlen(body_of(whole)) > 5000, 1);
    for (size_t room = 1; room < 700; room += 37) {
        static char text[8192];
        size_t len = 0;
        start(LP_RPC_WEB_HTTP);
        lower.write_room = 0;
        len += strlen(ask_str("POST /rpc/T.Big HTTP/1.1\r\nHost: board\r\n\r\n" HEAD "\r\n"));
        assert_int_equal(len, 0);
        while (len < strlen(whole)) {
            fake_stream_give_room(&lower, room);
            turn(3);
            const char *more = fake_stream_take(&lower);
            assert_true(more[0] != '\0');
            len += (size_t)snprintf(text + len, sizeof text - len, "%s", more);
        }
        assert_string_equal(text, whole);
    }
}

static void web_waits_for_one_answer_before_the_next_request(void **state)
{
    (void)state;
    start(LP_RPC_WEB_HTTP);
    const char *none = ask_str("POST /rpc/T.Wait HTTP/1.1\r\nHost: board\r\n\r\n" HEAD
                               "Content-Length: 2\r\n\r\n{}");
    assert_string_equal(none, "");
    assert_non_null(late);
    lp_rpc_fail(late, LP_E_DENIED, "no");
    turn(10);
    const char *both = fake_stream_take(&lower);
    assert_int_equal(status_of(both), 403);
    const char *second = strstr(both + 1, "HTTP/1.1 200");
    assert_non_null(second);
    assert_string_equal(body_of(second), "{}");
}

static void web_says_by_status_what_went_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        unsigned status;
    } table[] = {
        {HEAD "Content-Length: 1\r\n\r\n{", 400},
        {HEAD "Content-Length: 2\r\n\r\n[]", 400},
        {"POST /rpc/T.None HTTP/1.1\r\nHost: board\r\n\r\n", 404},
        {"POST /rpc/T.Chip HTTP/1.1\r\nHost: board\r\n\r\n", 403},
        {"POST /rpc HTTP/1.1\r\nHost: board\r\nContent-Length: 4\r\n\r\nnull", 400},
        {"POST /rpc HTTP/1.1\r\nHost: board\r\n\r\n", 401},
        {"POST /rpc?x HTTP/1.1\r\nHost: board\r\n\r\n", 404},
        {"POST /rpc/ HTTP/1.1\r\nHost: board\r\n\r\n", 404},
        {"POST /rpc/T%2eEcho HTTP/1.1\r\nHost: board\r\n\r\n", 404},
        {"POST /rpc/../rpc HTTP/1.1\r\nHost: board\r\n\r\n", 404},
        {"GET /rpc HTTP/1.1\r\nHost: board\r\n\r\n", 405},
        {"DELETE /rpc HTTP/1.1\r\nHost: board\r\n\r\n", 405},
        {HEAD "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", 417},
        {"POST /rpc/T.Echo HTTP/1.1\r\nHost: evil\r\n\r\n", 421},
        {"POST /rpc/T.Echo HTTP/1.0\r\n\r\n", 421},
        {HEAD "Origin: http://evil\r\n\r\n", 403},
        {HEAD "Origin: http://board\r\n\r\n", 200},
        {HEAD "Origin: https://board\r\n\r\n", 403},
        {"GET /rpc HTTP/1.1\r\nHost: board\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n",
         426},
        {"GET /rpc HTTP/1.1\r\nHost: board\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Key: short\r\nSec-WebSocket-Version: 13\r\n\r\n",
         400},
        {"nonsense\r\n", 400},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        start(LP_RPC_WEB_HTTP);
        const char *response = ask_str(table[i].request);
        if (status_of(response) != table[i].status) {
            fail_msg("%s\ngot %u, expected %u", table[i].request, status_of(response),
                     table[i].status);
        }
    }
}

// A body that ends its line early, or opens another frame, is one that is wrong.
static void web_a_body_is_one_line(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{}\n{\"method\":\"T.Big\"}", "{}}\n{\"method\":\"T.Big\"", "{\"a\":\"\n\"}", "\x04{}",
        "{},\"method\":\"T.Big\"",    "{},\"params\":{\"b\":1}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char text[256];
        start(LP_RPC_WEB_HTTP);
        snprintf(text, sizeof text, HEAD "Content-Length: %zu\r\n\r\n%s", strlen(bodies[i]),
                 bodies[i]);
        const char *response = ask_str(text);
        assert_int_equal(status_of(response), 400);
        assert_null(strstr(response + 1, "HTTP/1.1"));
        assert_null(strstr(response, "xxxx"));
    }
}

static void web_last_request_ends_the_connection(void **state)
{
    (void)state;
    start(LP_RPC_WEB_HTTP);
    const char *response = ask_str(HEAD "Connection: close\r\n\r\n" HEAD "\r\n");
    assert_non_null(strstr(response, "Connection: close\r\n"));
    assert_null(strstr(response + 1, "HTTP/1.1"));
    pass(2000);
    assert_string_equal(over_why, "done");
    assert_true(lower.is_closed);
}

// -- time

static void web_slow_requests_end_however_busy_they_are(void **state)
{
    (void)state;
    static const char *const begins[] = {"P", HEAD "X: ", HEAD "Content-Length: 6000\r\n\r\n{"};
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        start(LP_RPC_WEB_HTTP);
        lp_rpc_web_trust(&web); // even somebody who is known
        fake_stream_feed_str(&lower, begins[i]);
        turn(3);
        for (int n = 0; n < 100 && over_why == NULL; n++) {
            fake_stream_feed_str(&lower, "x");
            pass(200);
        }
        assert_non_null(over_why);
        assert_true(lp_port_now_ms() >= REQUEST_MS && lp_port_now_ms() <= REQUEST_MS + 1500);
    }
}

static void web_slow_lines_and_messages_end(void **state)
{
    (void)state;
    start(LP_RPC_WEB_LINES);
    lp_rpc_web_trust(&web);
    for (int n = 0; n < 100 && over_why == NULL; n++) {
        fake_stream_feed_str(&lower, "x");
        pass(200);
    }
    assert_string_equal(over_why, "the request was not whole in time");
    assert_true(lp_port_now_ms() <= REQUEST_MS + 1500);
}

static void web_strangers_go_whatever_they_do(void **state)
{
    (void)state;
    start(LP_RPC_WEB_LINES);
    for (int n = 0; n < 200 && over_why == NULL; n++) {
        fake_stream_feed_str(&lower, "{\"id\":1,\"method\":\"T.Echo\"}\n");
        pass(200);
    }
    assert_string_equal(over_why, "nothing proven in time");
    assert_true(lp_port_now_ms() >= 2 * REQUEST_MS && lp_port_now_ms() <= 2 * REQUEST_MS + 500);
}

static void web_known_callers_stay_while_they_talk(void **state)
{
    (void)state;
    for (int kind = LP_RPC_WEB_LINES; kind <= LP_RPC_WEB_HTTP; kind++) {
        start((lp_rpc_web_kind_t)kind);
        lp_rpc_web_trust(&web);
        for (int n = 0; n < 20; n++) {
            fake_stream_feed_str(&lower, kind == LP_RPC_WEB_LINES
                                             ? "{\"id\":1,\"method\":\"T.Echo\",\"params\":{}}\n"
                                             : HEAD "\r\n");
            pass(IDLE_MS - 1000);
            assert_null(over_why);
        }
        pass(IDLE_MS + 1000);
        assert_string_equal(over_why, "idle");
    }
}

static void web_answers_that_nobody_takes_end(void **state)
{
    (void)state;
    for (int kind = LP_RPC_WEB_LINES; kind <= LP_RPC_WEB_HTTP; kind++) {
        start((lp_rpc_web_kind_t)kind);
        lp_rpc_web_trust(&web);
        lower.write_room = 10;
        fake_stream_feed_str(&lower, kind == LP_RPC_WEB_LINES
                                         ? "{\"id\":1,\"method\":\"T.Big\"}\n"
                                         : "POST /rpc/T.Big HTTP/1.1\r\nHost: board\r\n\r\n");
        pass(LP_RPC_WEB_ANSWER_MS + 1000);
        assert_string_equal(over_why, "the answer was not taken in time");
    }
}

static void web_hang_ups_are_noticed(void **state)
{
    (void)state;
    start(LP_RPC_WEB_HTTP);
    ask_str("POST /rpc/T.Wait HTTP/1.1\r\nHost: board\r\n\r\n");
    fake_stream_hang_up(&lower, LP_E_CLOSED);
    turn(4);
    assert_string_equal(over_why, "the caller has hung up");
    lp_rpc_ok(late); // goes nowhere
    turn(4);
    assert_string_equal(fake_stream_take(&lower), "");
}

// -- WebSocket

static void upgrade(void)
{
    start(LP_RPC_WEB_HTTP);
    const char *response =
        ask_str("GET /rpc HTTP/1.1\r\nHost: board\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    assert_int_equal(status_of(response), 101);
    assert_non_null(strstr(response, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
}

static size_t message(uint8_t *dst, const char *text, bool is_fin, lp_ws_opcode_t opcode)
{
    static const uint8_t mask[4] = {1, 2, 3, 4};
    const size_t head = lp_ws_head(dst, opcode, is_fin, strlen(text), mask);
    memcpy(dst + head, text, strlen(text));
    lp_ws_mask(dst + head, strlen(text), mask, 0);
    return head + strlen(text);
}

static void web_messages_are_frames_however_they_are_cut(void **state)
{
    (void)state;
    uint8_t bytes[512];
    size_t len = message(bytes, "  {\"id\":7,\"method\":\"T.Ec", false, LP_WS_TEXT);
    len += message(bytes + len, "now", true, LP_WS_PING);
    len += message(bytes + len, "ho\",\n\"params\":{\"a\":1}}", true, LP_WS_CONTINUATION);
    len += message(bytes + len, "", true, LP_WS_TEXT);
    len += message(bytes + len, "{\"id\":8,\"method\":\"T.Echo\"}", true, LP_WS_BINARY);
    static const char pong[] = "\x8a\x03now";
    static const char first[] = "{\"id\":7,\"result\":{\"a\":1}}";
    for (size_t cut = 1; cut <= len; cut++) {
        upgrade();
        const char *out = ask((const char *)bytes, len, cut);
        assert_memory_equal(out, pong, sizeof pong - 1);
        assert_int_equal((uint8_t)out[5], 0x81);
        assert_int_equal((uint8_t)out[6], strlen(first));
        assert_memory_equal(out + 7, first, strlen(first));
        assert_non_null(strstr(out + 7 + strlen(first), "{\"id\":8,"));
        assert_null(over_why);
    }
}

static void web_messages_that_are_none_close_the_connection(void **state)
{
    (void)state;
    uint8_t bytes[64];
    upgrade();
    const size_t len = message(bytes, "hello", true, LP_WS_TEXT);
    const char *out = ask((const char *)bytes, len, len);
    assert_memory_equal(out, "\x88\x02\x03\xef", 4);
    pass(2000);
    assert_string_equal(over_why, "done");
}

// Back to back, and always with the next one half there: that is a busy caller, not a slow one.
static void web_busy_callers_are_not_slow_ones(void **state)
{
    (void)state;
    uint8_t bytes[128];
    upgrade();
    lp_rpc_web_trust(&web);
    const size_t len = message(bytes, "{\"id\":1,\"method\":\"T.Echo\"}", true, LP_WS_TEXT);
    fake_stream_feed(&lower, bytes, len / 2);
    for (int n = 0; n < 100; n++) {
        fake_stream_feed(&lower, bytes + len / 2, len - len / 2);
        fake_stream_feed(&lower, bytes, len / 2);
        pass(REQUEST_MS / 10);
        assert_null(over_why);
        (void)fake_stream_take(&lower);
    }
    pass(REQUEST_MS + 100);
    assert_string_equal(over_why, "the request was not whole in time");
}

static void web_closing_twice_or_early_is_harmless(void **state)
{
    (void)state;
    start(LP_RPC_WEB_HTTP);
    fake_stream_feed_str(&lower, HEAD "\r\n");
    lp_rpc_close(&channel);
    lp_rpc_web_close(&web);
    lp_rpc_web_close(&web);
    turn(5);
    assert_null(over_why);
    uint8_t byte;
    size_t n;
    assert_int_equal(lp_stream_read(&web.stream, &byte, 1, &n), LP_E_CLOSED);
    assert_int_equal(lp_stream_write(&web.stream, lp_span("x", 1), &n), LP_E_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(web_answers_the_same_however_bytes_are_cut),
        cmocka_unit_test(web_answers_the_same_however_little_room_there_is),
        cmocka_unit_test(web_waits_for_one_answer_before_the_next_request),
        cmocka_unit_test(web_says_by_status_what_went_wrong),
        cmocka_unit_test(web_a_body_is_one_line),
        cmocka_unit_test(web_last_request_ends_the_connection),
        cmocka_unit_test(web_slow_requests_end_however_busy_they_are),
        cmocka_unit_test(web_slow_lines_and_messages_end),
        cmocka_unit_test(web_strangers_go_whatever_they_do),
        cmocka_unit_test(web_known_callers_stay_while_they_talk),
        cmocka_unit_test(web_answers_that_nobody_takes_end),
        cmocka_unit_test(web_hang_ups_are_noticed),
        cmocka_unit_test(web_messages_are_frames_however_they_are_cut),
        cmocka_unit_test(web_messages_that_are_none_close_the_connection),
        cmocka_unit_test(web_busy_callers_are_not_slow_ones),
        cmocka_unit_test(web_closing_twice_or_early_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
