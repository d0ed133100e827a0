// SPDX-License-Identifier: Apache-2.0
// Answers to the search for boards, from anybody on the link: datagrams, each with a byte for where
// it comes from and two for its length. What is shown is one clean line, and what is opened is a
// port on the computer that answered.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "browse.h"
#include "fuzz.h"
#include "limpet/utf8.h"

enum { CAP = 4 };

static void from_whom(unsigned who, struct sockaddr_storage *from)
{
    *from = (struct sockaddr_storage){.ss_family = (who & 1) != 0 ? AF_INET6 : AF_INET};
    if ((who & 1) != 0) {
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_scope_id = who >> 2};
        MUST(inet_pton(AF_INET6, (who & 2) != 0 ? "fe80::1" : "2001:db8::1", &v6.sin6_addr) == 1);
        memcpy(from, &v6, sizeof v6);
    } else {
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        v4.sin_addr.s_addr = htonl(0x0A000200U + who);
        memcpy(from, &v4, sizeof v4);
    }
}

static void look_at(const lp_board_found_t *one)
{
    static const char *const starts[] = {"http://", "https://", "tcp://"};
    bool is_known = false;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        const size_t len = strlen(starts[i]);
        is_known = is_known || (strncmp(one->port, starts[i], len) == 0 &&
                                (strncmp(one->port + len, "10.0.2.", 7) == 0 ||
                                 strncmp(one->port + len, "[fe80::1", 8) == 0 ||
                                 strncmp(one->port + len, "[2001:db8::1]", 13) == 0));
    }
    MUST(is_known && strcmp(one->source, "network") == 0);
    const char *const texts[] = {one->port, one->id, one->about};
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
        for (const char *p = texts[t]; *p != '\0'; p++) {
            MUST((unsigned char)*p >= ' ' && *p != 0x7F);
        }
        MUST(lp_utf8_is_valid(lp_span(texts[t], strlen(texts[t]))));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lp_board_found_t found[CAP];
    size_t n = 0;
    while (size > 3) {
        struct sockaddr_storage from;
        const size_t wanted = (size_t)data[1] << 8 | data[2];
        const size_t len = wanted < size - 3 ? wanted : size - 3;
        from_whom(data[0], &from);
        lp_browse_take(lp_span(data + 3, len), &from, found, CAP, &n);
        data += 3 + len;
        size -= 3 + len;
    }
    for (size_t i = 0; i < n && i < CAP; i++) {
        look_at(&found[i]);
    }
    return 0;
}
