// SPDX-License-Identifier: Apache-2.0
// FS.* as a tool sees it: content both ways, puts in parts that count when they are complete, and
// the ways to ask for too much.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "fake/stream.h"
#include "limpet/sha256.h"
#include "limpet/svc_fs.h"
#include "limpet/svc_rpc.h"

enum { STORE_BYTES = 16384, FLASH_BYTES = 131072, BIG = 10000 };

static lp_loop_t loop;
static fake_stream_t line;
static lp_rpc_t rpc;
static lp_rpc_channel_t channel;
static lp_rpc_set_t rpc_set;
static lp_store_t store;
static lp_store_entry_t entries[8];
static lp_files_t files;
static lp_svc_fs_t fs;
static uint8_t big[BIG];

static void power_on(lp_rpc_level_t level)
{
    fake_flash_power_on();
    lp_loop_init(&loop);
    fake_stream_init(&line, &loop);
    const lp_store_config_t s = {.size_bytes = STORE_BYTES, .entries = entries, .max_entries = 8};
    assert_int_equal(lp_store_open(&store, &s), LP_OK);
    const lp_files_config_t config = {.offset = STORE_BYTES,
                                      .size_bytes = FLASH_BYTES - STORE_BYTES,
                                      .max_file_bytes = 40000,
                                      .max_files = 10,
                                      .store = &store};
    (void)lp_files_open(&files, &config);
    lp_rpc_init(&rpc);
    lp_svc_rpc_init(&rpc_set, &rpc);
    lp_svc_fs_init(&fs, &rpc, &files, "lp-4f21c0");
    lp_rpc_open(&channel, &rpc, &line.stream, level);
}

static int setup(void **state)
{
    (void)state;
    fake_system_reset();
    fake_flash_reset((lp_flash_geometry_t){FLASH_BYTES, 4096, 4});
    for (size_t i = 0; i < BIG; i++) {
        big[i] = (uint8_t)(i * 7 + i / 256);
    }
    power_on(LP_RPC_CHIP);
    return 0;
}

// The answer's result or error as text.
static const char *call(const char *method, const char *params)
{
    static char text[8192];
    snprintf(text, sizeof text, "{\"id\":1,\"method\":\"%s\",\"params\":%s}\n", method, params);
    fake_stream_feed_str(&line, text);
    for (int i = 0; line.out_len == 0 && i < 100; i++) {
        lp_loop_turn(&loop, 10);
    }
    const char *answer = fake_stream_take(&line);
    snprintf(text, sizeof text, "%.*s", (int)strcspn(answer, "\r\n"), answer);
    return text;
}

// Value at `path` as JSON text, "" when it is not there.
static const char *at(const char *answer, const char *path)
{
    static char value[8192];
    lp_json_t frame;
    lp_json_t found;
    if (lp_json_parse(lp_span_str(answer), &frame) != LP_OK ||
        lp_json_find(frame, path, &found) != LP_OK) {
        return "";
    }
    snprintf(value, sizeof value, "%.*s", (int)found.raw.len, (const char *)found.raw.ptr);
    return value;
}

#define assert_result(answer, path, expected)                                                      \
    assert_string_equal(at(answer, "result" path), expected)
#define assert_refused(answer, name) assert_string_equal(at(answer, "error.name"), "\"" name "\"")

static const char *base64(const uint8_t *bytes, size_t len)
{
    static char text[8192];
    lp_buf_t out = lp_buf(text, sizeof text - 1);
    assert_int_equal(lp_base64_encode(&out, lp_span(bytes, len)), LP_OK);
    text[out.len] = '\0';
    return text;
}

// A part of `big`; `rest` are further parameters.
static const char *put_part(const char *name, size_t offset, size_t len, const char *rest)
{
    static char params[8192];
    snprintf(params, sizeof params, "{\"filename\":\"%s\",\"offset\":%u,\"data\":\"%s\"%s}", name,
             (unsigned)offset, base64(big + offset, len), rest);
    return call("FS.Put", params);
}

static bool is_big(const char *name)
{
    static uint8_t back[BIG + 1];
    size_t got = 0;
    return lp_files_read(&files, LP_FILES_PLAIN, name, 0, back, sizeof back, &got) == LP_OK &&
           lp_span_equal(lp_span(back, got), lp_span(big, BIG));
}

static void fs_put_of_a_mos_client_counts_frame_by_frame(void **state)
{
    (void)state;
    const char *answer =
        call("FS.Put", "{\"filename\":\"a.txt\",\"append\":false,\"data\":\"b25l\"}");
    assert_result(answer, ".size", "3");
    answer = call("FS.Put", "{\"filename\":\"a.txt\",\"append\":true,\"data\":\"IHR3bw==\"}");
    assert_result(answer, ".size", "7");
    answer = call("FS.Get", "{\"filename\":\"a.txt\"}");
    assert_result(answer, ".data", "\"b25lIHR3bw==\"");
    answer = call("FS.Get", "{\"filename\":\"a.txt\",\"offset\":2,\"len\":3}");
    assert_result(answer, ".data", "\"ZSB0\"");
    answer = call("FS.Get", "{\"filename\":\"a.txt\",\"offset\":2,\"len\":3}");
    assert_result(answer, ".left", "2");
    assert_result(call("FS.Get", "{\"filename\":\"a.txt\",\"offset\":7}"), ".data", "\"\"");
    assert_result(call("FS.List", "{}"), "", "[\"a.txt\"]");
    assert_result(call("FS.ListExt", "{}"), "", "[{\"name\":\"a.txt\",\"size\":7}]");
    assert_result(call("FS.Put", "{\"filename\":\"a.txt\",\"data\":\"\\/w==\"}"), ".size", "1");
    assert_result(call("FS.Get", "{\"filename\":\"a.txt\"}"), ".data", "\"/w==\"");
}

static void fs_put_in_parts_counts_when_it_is_complete(void **state)
{
    (void)state;
    char last[128];
    uint8_t hash[LP_SHA256_LEN];
    char digits[65] = "";
    lp_sha256(lp_span(big, BIG), hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        snprintf(digits + 2 * i, 3, "%02x", hash[i]);
    }
    snprintf(last, sizeof last, ",\"sha256\":\"%s\"", digits);
    assert_result(call("FS.Put", "{\"filename\":\"f\",\"data\":\"b2xk\"}"), ".size", "3");
    assert_result(put_part("f", 0, 4096, ",\"more\":true"), ".size", "4096");
    power_on(LP_RPC_CHIP); // a restart in the middle
    assert_result(put_part("f", 0, 4096, ",\"more\":true"), ".size", "4096"); // the frame again
    assert_result(put_part("f", 4096, 4096, ",\"more\":true"), ".size", "8192");
    assert_result(put_part("f", 4096, 4096, ",\"more\":true"), ".size", "8192");
    assert_refused(put_part("f", 9000, 100, ",\"more\":true"), "LP_E_STATE");
    assert_result(call("FS.Get", "{\"filename\":\"f\"}"), ".data", "\"b2xk\"");
    assert_result(call("FS.Stat", "{\"filename\":\"f\"}"), ".staged.size", "8192");
    assert_result(put_part("f", 8192, BIG - 8192, last), ".size", "10000");
    assert_true(is_big("f"));
    assert_result(put_part("f", 8192, BIG - 8192, last), ".size", "10000"); // its answer was lost
    assert_result(call("FS.Stat", "{\"filename\":\"f\"}"), ".staged", "null");
    char expected[80];
    snprintf(expected, sizeof expected, "\"%s\"", digits);
    assert_result(call("FS.Stat", "{\"filename\":\"f\",\"hash\":true}"), ".file.sha256", expected);
}

static void fs_put_that_arrived_otherwise_is_dropped(void **state)
{
    (void)state;
    assert_result(call("FS.Put", "{\"filename\":\"f\",\"data\":\"b2xk\"}"), ".size", "3");
    assert_result(put_part("f", 0, 4096, ",\"more\":true"), ".size", "4096");
    assert_refused(put_part("f", 4096, 10,
                            ",\"sha256\":\"00000000000000000000000000000000000000000000000000000000"
                            "00000000\""),
                   "LP_E_VERIFY");
    assert_result(call("FS.Get", "{\"filename\":\"f\"}"), ".data", "\"b2xk\"");
    assert_result(call("FS.Stat", "{\"filename\":\"f\"}"), ".staged", "null");
}

static void fs_put_is_cut_at_every_operation(void **state)
{
    (void)state;
    bool is_whole = false;
    for (unsigned n = 1; !is_whole; n++) {
        setup(NULL);
        assert_result(call("FS.Put", "{\"filename\":\"f\",\"data\":\"b2xk\"}"), ".size", "3");
        fake_flash_cut_at(n, n);
        (void)put_part("f", 0, 4096, ",\"more\":true");
        (void)put_part("f", 4096, 4096, ",\"more\":true");
        const char *answer = put_part("f", 8192, BIG - 8192, "");
        is_whole = at(answer, "result.size")[0] != '\0';
        power_on(LP_RPC_CHIP);
        assert_true(files.is_usable);
        if (is_whole) {
            assert_true(is_big("f"));
        } else if (!is_big("f")) {
            assert_result(call("FS.Get", "{\"filename\":\"f\"}"), ".data", "\"b2xk\"");
        }
    }
}

static void fs_nonsense_is_refused_with_words(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *params;
        const char *error;
    } bad[] = {
        {"FS.Get", "{}", "LP_E_INVALID"},
        {"FS.Get", "{\"filename\":\"../settings\"}", "LP_E_INVALID"},
        {"FS.Get", "{\"filename\":\"/a\"}", "LP_E_INVALID"},
        {"FS.Get", "{\"filename\":\"=a\"}", "LP_E_INVALID"},
        {"FS.Get", "{\"filename\":\"a\\u0000b\"}", "LP_E_INVALID"},
        {"FS.Get", "{\"filename\":7}", "LP_E_INVALID"},
        {"FS.Get", "{\"filename\":\"none\"}", "LP_E_NOT_FOUND"},
        {"FS.Get", "{\"filename\":\"a\",\"offset\":-1}", "LP_E_INVALID"},
        {"FS.Get", "{\"filename\":\"a\",\"len\":\"7\"}", "LP_E_INVALID"},
        {"FS.Put", "{\"filename\":\"a\"}", "LP_E_FORMAT"},
        {"FS.Put", "{\"filename\":\"a\",\"data\":\"b25\"}", "LP_E_FORMAT"},
        {"FS.Put", "{\"filename\":\"a\",\"data\":\"b25l=\"}", "LP_E_FORMAT"},
        {"FS.Put", "{\"filename\":\"a\",\"data\":17}", "LP_E_FORMAT"},
        {"FS.Put", "{\"filename\":\"a\",\"data\":\"\",\"more\":true}", "LP_E_INVALID"},
        {"FS.Put", "{\"filename\":\"a\",\"data\":\"\",\"offset\":0,\"append\":true}",
         "LP_E_INVALID"},
        {"FS.Put", "{\"filename\":\"a\",\"data\":\"\",\"offset\":0,\"sha256\":\"12\"}",
         "LP_E_INVALID"},
        {"FS.Put", "{\"filename\":\"a\",\"data\":\"\",\"append\":1}", "LP_E_INVALID"},
        {"FS.Remove", "{\"filename\":\"none\"}", "LP_E_NOT_FOUND"},
        {"FS.Rename", "{\"src\":\"none\",\"dst\":\"b\"}", "LP_E_NOT_FOUND"},
        {"FS.Rename", "{\"src\":\"none\",\"dst\":\"../b\"}", "LP_E_INVALID"},
        {"FS.Mkfs", "{}", "LP_E_INVALID"},
        {"FS.Mkfs", "{\"confirm\":\"lp-000000\"}", "LP_E_INVALID"},
        {"FS.Stat", "{\"filename\":\"a\",\"hash\":3}", "LP_E_INVALID"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "\"%s\"", bad[i].error);
        assert_string_equal(at(call(bad[i].method, bad[i].params), "error.name"), name);
    }
    assert_result(call("FS.List", "{}"), "", "[]");
}

static void fs_text_that_is_padded_in_the_middle_is_refused(void **state)
{
    (void)state;
    char params[256] = "{\"filename\":\"a\",\"data\":\"";
    for (int i = 0; i < 15; i++) {
        strcat(params, "AAAA");
    }
    strcat(params, "AA==AAAA\"}");
    assert_refused(call("FS.Put", params), "LP_E_FORMAT");
}

static void fs_a_part_is_as_long_as_promised(void **state)
{
    (void)state;
    assert_result(call("FS.Info", "{}"), ".part", "4096");
    assert_result(put_part("f", 0, 4096, ""), ".size", "4096");
    assert_refused(put_part("f", 0, 4097, ""), "LP_E_NOSPACE");
    const char *answer = call("FS.Get", "{\"filename\":\"f\",\"len\":1000000}");
    assert_result(answer, ".left", "0");
    char expected[8192];
    snprintf(expected, sizeof expected, "\"%s\"", base64(big, 4096));
    assert_result(call("FS.Get", "{\"filename\":\"f\"}"), ".data", expected);
}

static void fs_lists_of_all_files_fit_a_frame(void **state)
{
    (void)state;
    char params[128];
    for (int i = 0; i < 10; i++) {
        snprintf(
            params, sizeof params,
            "{\"filename\":\"a-name-that-is-as-long-as-it-may-be-0123456789-0123456789-012-%d\","
            "\"data\":\"\"}",
            i);
        assert_result(call("FS.Put", params), ".size", "0");
    }
    assert_refused(call("FS.Put", "{\"filename\":\"x\",\"data\":\"\"}"), "LP_E_NOSPACE");
    assert_string_equal(at(call("FS.ListExt", "{}"), "error"), "");
}

static void fs_remove_rename_and_mkfs(void **state)
{
    (void)state;
    assert_result(call("FS.Put", "{\"filename\":\"a\",\"data\":\"AA==\"}"), ".size", "1");
    assert_result(call("FS.Put", "{\"filename\":\"b\",\"data\":\"\"}"), ".size", "0");
    assert_refused(call("FS.Rename", "{\"src\":\"a\",\"dst\":\"b\"}"), "LP_E_EXISTS");
    assert_result(call("FS.Rename", "{\"src\":\"a\",\"dst\":\"b\",\"replace\":true}"), "", "{}");
    assert_result(call("FS.ListExt", "{}"), "", "[{\"name\":\"b\",\"size\":1}]");
    assert_result(put_part("c", 0, 10, ",\"more\":true"), ".size", "10");
    assert_result(call("FS.Info", "{}"), ".staged", "[{\"name\":\"c\",\"size\":10}]");
    assert_result(call("FS.Remove", "{\"filename\":\"c\"}"), "", "{}"); // what is staged goes, too
    assert_result(call("FS.Info", "{}"), ".staged", "[]");
    assert_result(call("FS.Mkfs", "{\"confirm\":\"lp-4f21c0\"}"), "", "{}");
    assert_result(call("FS.List", "{}"), "", "[]");
}

static void fs_content_needs_the_level_write(void **state)
{
    (void)state;
    power_on(LP_RPC_READ);
    assert_result(call("FS.List", "{}"), "", "[]");
    static const char *const methods[] = {"FS.Get", "FS.Put", "FS.Remove", "FS.Rename", "FS.Mkfs"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        assert_refused(call(methods[i], "{\"filename\":\"a\",\"data\":\"\"}"), "LP_E_DENIED");
    }
}

static void fs_damaged_file_system_is_said_and_left_alone(void **state)
{
    (void)state;
    assert_result(call("FS.Put", "{\"filename\":\"a\",\"data\":\"AA==\"}"), ".size", "1");
    memset(fake_flash_bytes() + STORE_BYTES, 0, 8192);
    power_on(LP_RPC_CHIP);
    assert_refused(call("FS.List", "{}"), "LP_E_STATE");
    assert_refused(call("FS.Info", "{}"), "LP_E_STATE");
    assert_refused(call("FS.Put", "{\"filename\":\"a\",\"data\":\"AA==\"}"), "LP_E_STATE");
    assert_refused(call("FS.Get", "{\"filename\":\"a\"}"), "LP_E_STATE");
    assert_non_null(strstr(call("FS.Stat", "{\"filename\":\"a\"}"), "FS.Mkfs"));
    assert_result(call("FS.Mkfs", "{\"confirm\":\"lp-4f21c0\"}"), "", "{}");
    assert_result(call("FS.List", "{}"), "", "[]");
}

static void fs_methods_are_documented(void **state)
{
    (void)state;
    static char doc[65536];
    FILE *f = fopen(RPC_DOC, "r");
    assert_non_null(f);
    doc[fread(doc, 1, sizeof doc - 1, f)] = '\0';
    fclose(f);
    for (size_t i = 0; i < fs.set_.count; i++) {
        char row[96];
        snprintf(row, sizeof row, "| %s | %s |", fs.set_.methods[i].name,
                 lp_rpc_level_name(fs.set_.methods[i].level));
        if (strstr(doc, row) == NULL) {
            fail_msg("docs/rpc.md has no row %s", row);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fs_put_of_a_mos_client_counts_frame_by_frame, setup),
        cmocka_unit_test_setup(fs_put_in_parts_counts_when_it_is_complete, setup),
        cmocka_unit_test_setup(fs_put_that_arrived_otherwise_is_dropped, setup),
        cmocka_unit_test_setup(fs_put_is_cut_at_every_operation, setup),
        cmocka_unit_test_setup(fs_nonsense_is_refused_with_words, setup),
        cmocka_unit_test_setup(fs_text_that_is_padded_in_the_middle_is_refused, setup),
        cmocka_unit_test_setup(fs_a_part_is_as_long_as_promised, setup),
        cmocka_unit_test_setup(fs_lists_of_all_files_fit_a_frame, setup),
        cmocka_unit_test_setup(fs_remove_rename_and_mkfs, setup),
        cmocka_unit_test_setup(fs_content_needs_the_level_write, setup),
        cmocka_unit_test_setup(fs_damaged_file_system_is_said_and_left_alone, setup),
        cmocka_unit_test_setup(fs_methods_are_documented, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
