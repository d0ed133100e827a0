// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/http_client.h"

static lp_http_url_t url;

static void gives(const char *text, bool is_secure, const char *host, uint16_t port,
                  const char *path)
{
    assert_int_equal(lp_http_url_parse(text, &url), LP_OK);
    assert_int_equal(url.is_secure, is_secure);
    assert_string_equal(url.host, host);
    assert_int_equal(url.port, port);
    assert_string_equal(url.path, path);
}

static void http_url_is_taken_apart(void **state)
{
    (void)state;
    gives("http://a.example", false, "a.example", 80, "/");
    gives("HTTPS://A.example/x/y?z=1#part", true, "A.example", 443, "/x/y?z=1");
    gives("http://192.0.2.1:8080?q", false, "192.0.2.1", 8080, "/?q");
    gives("https://[2001:db8::1]:1/", true, "2001:db8::1", 1, "/");
    gives("http://a/%0d%0a", false, "a", 80, "/%0d%0a");
}

static void http_url_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "http",
                                      "http:/a",
                                      "http://",
                                      "https:///x",
                                      "ftp://a/",
                                      "//a/",
                                      "http://a:/",
                                      "http://a:0/",
                                      "http://a:65536/",
                                      "http://a:1234567/",
                                      "http://a:8x/",
                                      "http://u@a/",
                                      "http://u:p@a/",
                                      "http://a b/",
                                      "http://a/ b",
                                      "http://a/\r\nX: y",
                                      "http://a/\x7F",
                                      "http://a/\xC3\xA4",
                                      "http://[::1",
                                      "http://[]/",
                                      "http://[a]b/",
                                      "http://a\\b/",
                                      "http://a/<x>",
                                      "http://a!b/"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (lp_http_url_parse(bad[i], &url) != LP_E_INVALID) {
            fail_msg("%s", bad[i]);
        }
    }
    char text[700] = "http://a/";
    memset(text + 9, 'x', 600);
    assert_int_equal(lp_http_url_parse(text, &url), LP_E_INVALID);
    memset(text + 7, 'x', 300);
    assert_int_equal(lp_http_url_parse(text, &url), LP_E_INVALID);
}

static void leads_to(const char *from, const char *location, const char *wanted)
{
    lp_http_url_t start;
    lp_http_url_t next;
    assert_int_equal(lp_http_url_parse(from, &start), LP_OK);
    const lp_err_t err = lp_http_url_follow(&start, location, &next);
    if (wanted == NULL) {
        assert_int_equal(err, LP_E_INVALID);
        return;
    }
    assert_int_equal(err, LP_OK);
    assert_int_equal(lp_http_url_parse(wanted, &url), LP_OK);
    assert_memory_equal(&next, &url, sizeof url.is_secure);
    assert_string_equal(next.host, url.host);
    assert_int_equal(next.port, url.port);
    assert_string_equal(next.path, url.path);
}

static void http_location_is_followed(void **state)
{
    (void)state;
    leads_to("http://a:81/b/c?d", "http://x/y", "http://x/y");
    leads_to("http://a:81/b/c?d", "/y", "http://a:81/y");
    leads_to("http://a:81/b/c?d", "y", "http://a:81/b/y");
    leads_to("http://a:81/b/c?d/e", "y#z", "http://a:81/b/y");
    leads_to("http://a:81/b/c?d", "?y", "http://a:81/b/c?y");
    leads_to("https://a/b", "//x:5/y", "https://x:5/y");
    leads_to("https://a/b", "javascript:alert(1)", NULL);
    leads_to("https://a/b", "file:///etc", NULL);
    leads_to("https://a/b", "", NULL);
    leads_to("https://a/b", "/y z", NULL);
    leads_to("https://a/b", "https://u@x/", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_url_is_taken_apart),
        cmocka_unit_test(http_url_that_is_none_is_refused),
        cmocka_unit_test(http_location_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
