// SPDX-License-Identifier: Apache-2.0
#include "caller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/port/clock.h"

enum { PATIENCE_MS = 1000, PAGE_BYTES = 256 * 1024 };

caller_t caller;

void caller_start(void)
{
    lp_loop_init(&caller.loop);
    fake_stream_init(&caller.line, &caller.loop);
    lp_rpc_init(&caller.rpc);
    lp_loan_init(&caller.loan, caller.lent, sizeof caller.lent);
    caller.rpc.loan = &caller.loan;
    caller.answer[0] = '\0';
}

void caller_open(lp_rpc_level_t level)
{
    lp_rpc_open(&caller.channel, &caller.rpc, &caller.line.stream, level);
}

void caller_send(const char *method, const char *params)
{
    char text[512];
    const int len =
        snprintf(text, sizeof text, "{\"id\":1,\"method\":\"%s\",\"params\":%s}\n", method, params);
    assert_in_range(len, 1, sizeof text - 1);
    fake_stream_feed_str(&caller.line, text);
}

void caller_run(uint32_t ms)
{
    const uint64_t end_ms = lp_port_now_ms() + ms;
    do {
        lp_loop_turn(&caller.loop, (uint32_t)(end_ms - lp_port_now_ms()));
    } while (lp_port_now_ms() < end_ms && caller.line.out_len == 0);
}

bool caller_has_answer(void)
{
    if (caller.line.out_len == 0) {
        return false;
    }
    const char *text = fake_stream_take(&caller.line);
    snprintf(caller.answer, sizeof caller.answer, "%.*s", (int)strcspn(text, "\r"), text);
    return true;
}

const char *caller_call(const char *method, const char *params)
{
    caller_send(method, params);
    caller_run(PATIENCE_MS);
    assert_true(caller_has_answer());
    return caller.answer;
}

const char *caller_get(const char *path)
{
    static char value[sizeof caller.answer];
    lp_json_t frame;
    lp_json_t found;
    value[0] = '\0';
    if (lp_json_parse(lp_span_str(caller.answer), &frame) == LP_OK &&
        lp_json_find(frame, path, &found) == LP_OK) {
        snprintf(value, sizeof value, "%.*s", LP_FMT_SPAN(found.raw));
    }
    return value;
}

const char *caller_go_on(const char *more)
{
    static char params[128];
    char cursor[40];
    snprintf(cursor, sizeof cursor, "%s", caller_get("result.cursor"));
    snprintf(params, sizeof params, "{\"cursor\":%s%s}", cursor, more);
    return params;
}

bool caller_page_has(const char *path, const char *text)
{
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    char *page = malloc(PAGE_BYTES);
    assert_non_null(page);
    page[fread(page, 1, PAGE_BYTES - 1, f)] = '\0';
    fclose(f);
    const bool has = strstr(page, text) != NULL;
    free(page);
    return has;
}
