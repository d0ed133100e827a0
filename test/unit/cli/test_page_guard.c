// SPDX-License-Identifier: Apache-2.0
// Who may ask the server of `limpet ui`: every part of a request that is not as it should be.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"

static const lp_page_guard_t guard = {"0123456789abcdef0123456789abcdef", 4711};

#define KEY "/0123456789abcdef0123456789abcdef"

static int check(const char *path, const char *host, const char *origin, bool is_socket)
{
    const lp_page_request_t request = {path, host, origin, is_socket};
    const char *rest = "untouched";
    const int status = lp_page_guard_check(&guard, &request, &rest);
    assert_int_equal(strcmp(rest, "untouched") != 0, status == LP_PAGE_STATUS_OK);
    return status;
}

static void guard_lets_its_own_page_in(void **state)
{
    (void)state;
    const lp_page_request_t request = {KEY "/app.js", "127.0.0.1:4711", "", false};
    const char *rest = NULL;
    assert_int_equal(lp_page_guard_check(&guard, &request, &rest), 200);
    assert_string_equal(rest, "app.js");
    assert_int_equal(check(KEY "/", "localhost:4711", "http://localhost:4711", true), 200);
    assert_int_equal(check(KEY "/rpc", "127.0.0.1:4711", "http://127.0.0.1:4711", true), 200);
}

static void guard_wants_its_own_host(void **state)
{
    (void)state;
    static const char *const hosts[] = {"",
                                        "127.0.0.1",
                                        "127.0.0.1:4712",
                                        "evil.example:4711",
                                        "127.0.0.1:4711.evil.example",
                                        "localhost.:4711",
                                        "LOCALHOST:4711",
                                        "[::1]:4711",
                                        " 127.0.0.1:4711"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        assert_int_equal(check(KEY "/", hosts[i], "", false), 421);
    }
}

static void guard_wants_no_origin_or_its_own(void **state)
{
    (void)state;
    static const char *const origins[] = {"null",
                                          "http://evil.example",
                                          "https://127.0.0.1:4711",
                                          "http://127.0.0.1",
                                          "http://127.0.0.1:47110",
                                          "http://127.0.0.1:4711/"};
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        assert_int_equal(check(KEY "/", "127.0.0.1:4711", origins[i], false), 403);
        assert_int_equal(check(KEY "/rpc", "127.0.0.1:4711", origins[i], true), 403);
    }
    assert_int_equal(check(KEY "/rpc", "127.0.0.1:4711", "", true), 403); // a socket says its own
}

static void guard_wants_the_whole_secret(void **state)
{
    (void)state;
    static const char *const paths[] = {"",
                                        "/",
                                        "/index.html",
                                        KEY,
                                        KEY "x/",
                                        "/0123456789abcdef0123456789abcdee/",
                                        "/1123456789abcdef0123456789abcdef/",
                                        "//0123456789abcdef0123456789abcdef/",
                                        "/0123456789ABCDEF0123456789ABCDEF/",
                                        "0123456789abcdef0123456789abcdef/"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_int_equal(check(paths[i], "127.0.0.1:4711", "", false), 404);
    }
}

static void guard_without_a_secret_lets_nobody_in(void **state)
{
    (void)state;
    const lp_page_guard_t none = {"", 4711};
    const char zeros[] = "/00000000000000000000000000000000/";
    const lp_page_request_t request = {zeros, "127.0.0.1:4711", "", false};
    const char *rest = NULL;
    assert_int_equal(lp_page_guard_check(&none, &request, &rest), 404);
}

static void guard_makes_a_new_secret_each_time(void **state)
{
    (void)state;
    lp_page_guard_t a = {"", 1};
    lp_page_guard_t b = {"", 1};
    assert_true(lp_page_guard_make(&a) && lp_page_guard_make(&b));
    assert_int_equal(strlen(a.key), LP_PAGE_KEY);
    assert_string_not_equal(a.key, b.key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guard_lets_its_own_page_in),
        cmocka_unit_test(guard_wants_its_own_host),
        cmocka_unit_test(guard_wants_no_origin_or_its_own),
        cmocka_unit_test(guard_wants_the_whole_secret),
        cmocka_unit_test(guard_without_a_secret_lets_nobody_in),
        cmocka_unit_test(guard_makes_a_new_secret_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
