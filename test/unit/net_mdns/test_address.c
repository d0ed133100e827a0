// SPDX-License-Identifier: Apache-2.0
// Addresses as they are written, against the C library's reader of them.
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/address.h"

static void same_as_the_library(const char *text)
{
    uint8_t wanted[16] = {[10] = 0xFF, [11] = 0xFF};
    uint8_t got[16] = {0};
    const bool is_v6 = strchr(text, ':') != NULL;
    const bool is_good =
        is_v6 ? inet_pton(AF_INET6, text, wanted) == 1 : inet_pton(AF_INET, text, wanted + 12) == 1;
    const lp_err_t err = lp_address_of(text, got);
    if (is_good != (err == LP_OK) || (is_good && memcmp(got, wanted, 16) != 0)) {
        fail_msg("\"%s\"", text);
    }
}

static void address_is_read_as_the_library_reads_it(void **state)
{
    (void)state;
    static const char *const texts[] = {"192.0.2.1",
                                        "0.0.0.0",
                                        "255.255.255.255",
                                        "256.1.1.1",
                                        "1.2.3",
                                        "1.2.3.4.5",
                                        "1.2.3.",
                                        ".1.2.3",
                                        "1..2.3",
                                        "",
                                        " 1.2.3.4",
                                        "1.2.3.4 ",
                                        "a.b.c.d",
                                        "2001:db8::1",
                                        "::",
                                        "::1",
                                        "1::",
                                        "fe80::1:2:3:4",
                                        "1:2:3:4:5:6:7:8",
                                        "1:2:3:4:5:6:7::",
                                        "::2:3:4:5:6:7:8",
                                        "1:2:3:4:5:6:7",
                                        "1:2:3:4:5:6:7:8:9",
                                        "1::2::3",
                                        ":1::",
                                        "1:",
                                        "::1:",
                                        ":::",
                                        "12345::",
                                        "g::",
                                        "::G",
                                        "FE80::aBcD",
                                        "1::2:3:4:5:6:7:8",
                                        ":",
                                        "1:2",
                                        "::1%lo"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        same_as_the_library(texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_is_read_as_the_library_reads_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
