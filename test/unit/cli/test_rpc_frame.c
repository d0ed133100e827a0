// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "limpet/rpc_frame.h"

enum { MAX_LOG = 256 };

static lp_rpc_reader_t reader;

// Feeds `text` in pieces of `piece` bytes and returns the first line that comes out.
static lp_rpc_line_t feed(const char *text, size_t len, size_t piece, char *log, cJSON **frame)
{
    lp_rpc_reader_reset(&reader);
    for (size_t at = 0; at < len; at += piece) {
        size_t n = len - at < piece ? len - at : piece;
        size_t used = 0;
        const char *line = NULL;
        lp_rpc_line_t kind =
            lp_rpc_reader_feed(&reader, (const uint8_t *)text + at, n, &used, &line, frame);
        if (kind != LP_RPC_LINE_NONE) {
            if (kind == LP_RPC_LINE_LOG) {
                snprintf(log, MAX_LOG, "%s", line);
            }
            return kind;
        }
        assert_int_equal(used, n);
    }
    return LP_RPC_LINE_NONE;
}

static void frame_crc_is_the_ieee_one(void **state)
{
    (void)state;
    assert_int_equal(lp_rpc_crc32("123456789", 9), 0xCBF43926u);
    assert_int_equal(lp_rpc_crc32("", 0), 0);
}

static void frame_lines_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        lp_rpc_line_t kind;
    } cases[] = {
        {"\n", LP_RPC_LINE_EMPTY},
        {"\r\n", LP_RPC_LINE_EMPTY},
        {"\x04\n", LP_RPC_LINE_EMPTY},
        {"I 0.1 boot: hello\r\n", LP_RPC_LINE_LOG},
        {"{\"id\":1,\"result\":{}}\n", LP_RPC_LINE_FRAME},
        {"{\"id\":1,\"result\":{}}\r\n", LP_RPC_LINE_FRAME},
        {"{\"id\":1,\"result\":{}}00000000\n", LP_RPC_LINE_DAMAGED},
        {"{\"id\":1,\"result\":{}}DEADBEEF\n", LP_RPC_LINE_DAMAGED},
        {"{\"id\":1,\"result\":{}\n", LP_RPC_LINE_DAMAGED},
        {"{}{}\n", LP_RPC_LINE_DAMAGED},
        {"{}x\n", LP_RPC_LINE_DAMAGED},
        {"{\n", LP_RPC_LINE_DAMAGED},
        {"{\"id\":1", LP_RPC_LINE_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t piece = 1; piece < 30; piece += 7) {
            char log[MAX_LOG] = "";
            cJSON *frame = NULL;
            assert_int_equal(feed(cases[i].text, strlen(cases[i].text), piece, log, &frame),
                             cases[i].kind);
            assert_int_equal(frame != NULL, cases[i].kind == LP_RPC_LINE_FRAME);
            cJSON_Delete(frame);
        }
    }
}

static void frame_every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    cJSON *params = cJSON_Parse("{\"key\":\"cloud.server\"}");
    char *line = lp_rpc_request(7, "Config.Get", params);
    cJSON_Delete(params);
    size_t len = strlen(line);
    char log[MAX_LOG];
    cJSON *frame = NULL;
    assert_int_equal(feed(line, len, 5, log, &frame), LP_RPC_LINE_FRAME);
    assert_string_equal(cJSON_GetObjectItem(frame, "method")->valuestring, "Config.Get");
    cJSON_Delete(frame);
    for (size_t i = 0; i < 8 * (len - 1); i++) {
        line[i / 8] ^= (char)(1 << i % 8);
        frame = NULL;
        lp_rpc_line_t kind = feed(line, len, len, log, &frame);
        assert_int_not_equal(kind, LP_RPC_LINE_FRAME);
        line[i / 8] ^= (char)(1 << i % 8);
    }
    free(line);
}

static void frame_too_long_line_is_dropped_and_the_next_is_read(void **state)
{
    (void)state;
    enum { LONG = LP_RPC_MAX_LINE + 100 };
    char *text = malloc(LONG + 64);
    memset(text, 'x', LONG);
    memcpy(text + LONG, "\nI after\n", sizeof "\nI after\n");
    lp_rpc_reader_reset(&reader);
    size_t used = 0;
    const char *line = NULL;
    cJSON *frame = NULL;
    size_t len = strlen(text);
    assert_int_equal(lp_rpc_reader_feed(&reader, (const uint8_t *)text, len, &used, &line, &frame),
                     LP_RPC_LINE_TOO_LONG);
    assert_int_equal(lp_rpc_reader_feed(&reader, (const uint8_t *)text, len, &used, &line, &frame),
                     LP_RPC_LINE_LOG);
    assert_string_equal(line, "I after");
    free(text);
}

static void frame_longer_than_a_board_takes_is_not_made(void **state)
{
    (void)state;
    char *big = malloc(LP_RPC_MAX_REQUEST + 1);
    memset(big, 'a', LP_RPC_MAX_REQUEST);
    big[LP_RPC_MAX_REQUEST] = '\0';
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "x", big);
    assert_null(lp_rpc_request(1, "A.B", params));
    cJSON_Delete(params);
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_crc_is_the_ieee_one),
        cmocka_unit_test(frame_lines_are_told_apart),
        cmocka_unit_test(frame_every_flipped_bit_is_noticed),
        cmocka_unit_test(frame_too_long_line_is_dropped_and_the_next_is_read),
        cmocka_unit_test(frame_longer_than_a_board_takes_is_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
