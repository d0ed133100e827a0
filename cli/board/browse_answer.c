// SPDX-License-Identifier: Apache-2.0
// What comes back of a query for boards. Whoever is on the link may answer: what they say is shown,
// cleaned, and nothing is done with it.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "browse.h"
#include "limpet/dns.h"
#include "limpet/ui.h"
#include "limpet/utf8.h"

// What an answer says about one board.
typedef struct {
    char id[64];
    char app[64];
    char version[32];
    char rpc[64];
    char addr[INET6_ADDRSTRLEN + 16];
} seen_t;

// What is too long ends anywhere in a character of several bytes: no text ends with half of one.
static void put_cut(char *out, size_t cap, const char *text)
{
    snprintf(out, cap, "%s", text);
    lp_utf8_mask((uint8_t *)out, strlen(out));
}

static void take_text(const char *key, lp_span_t string, char *out, size_t cap)
{
    const size_t key_len = strlen(key);
    char text[256];
    char clean[264];
    if (string.len <= key_len || memcmp(string.ptr, key, key_len) != 0 ||
        string.ptr[key_len] != '=') {
        return;
    }
    const size_t len = string.len - key_len - 1;
    memcpy(text, string.ptr + key_len + 1, len);
    text[len] = '\0';
    lp_ui_clean(clean, sizeof clean, text);
    for (char *p = clean; *p != '\0'; p++) {
        *p = *p == '\n' || *p == '\t' ? '?' : *p;
    }
    put_cut(out, cap, clean);
}

static void take_txt(lp_span_t data, seen_t *seen)
{
    lp_span_t string;
    while (lp_dns_txt_next(&data, &string) == LP_OK) {
        take_text("id", string, seen->id, sizeof seen->id);
        take_text("app", string, seen->app, sizeof seen->app);
        take_text("version", string, seen->version, sizeof seen->version);
        take_text("rpc", string, seen->rpc, sizeof seen->rpc);
    }
}

// False: it is not an answer, or not one about a board.
static bool read_answer(lp_span_t packet, seen_t *seen)
{
    lp_dns_reader_t r;
    lp_dns_record_t record;
    lp_dns_name_t type;
    lp_err_t err;
    bool has_txt = false;
    (void)lp_dns_name_of(&type, "_limpet._tcp.local");
    if (lp_dns_read(&r, packet) != LP_OK || (r.flags & LP_DNS_RESPONSE) == 0) {
        return false;
    }
    while ((err = lp_dns_next(&r, &record)) == LP_OK) {
        if (record.part != LP_DNS_QUESTION && record.type == LP_DNS_TXT && !has_txt &&
            lp_dns_name_is_child(&record.name, &type)) {
            take_txt(record.data, seen);
            has_txt = true;
        }
    }
    return err == LP_E_NOT_FOUND && has_txt && seen->rpc[0] != '\0';
}

// Where the answer comes from is where the board is.
static void take_address(const struct sockaddr_storage *from, seen_t *seen)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (from->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, from, sizeof v4);
        (void)inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
        snprintf(seen->addr, sizeof seen->addr, "%s", text);
    } else {
        struct sockaddr_in6 v6;
        char name[IF_NAMESIZE] = "";
        memcpy(&v6, from, sizeof v6);
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
        const bool has_zone =
            IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) && if_indextoname(v6.sin6_scope_id, name) != NULL;
        snprintf(seen->addr, sizeof seen->addr, "[%.40s%s%.8s]", text, has_zone ? "%25" : "",
                 has_zone ? name : "");
    }
}

// The first channel, "http:8080", as a port for --port.
static bool make_port(const seen_t *seen, lp_board_found_t *found)
{
    char kind[8];
    unsigned number = 0;
    if (sscanf(seen->rpc, "%7[a-z]:%5u", kind, &number) != 2 || number == 0 || number > 65535 ||
        (strcmp(kind, "http") != 0 && strcmp(kind, "https") != 0 && strcmp(kind, "tcp") != 0)) {
        return false;
    }
    snprintf(found->port, sizeof found->port, "%s://%s:%u", kind, seen->addr, number);
    snprintf(found->id, sizeof found->id, "%s", seen->id);
    snprintf(found->about, sizeof found->about, "network: %.60s %.30s, %.60s", seen->app,
             seen->version, seen->rpc);
    lp_utf8_mask((uint8_t *)found->about, strlen(found->about));
    return true;
}

// A board answers over IPv4 and IPv6, and on each link that it shares with this computer: once is
// enough. One without an id is told apart by its address.
static void add(lp_board_found_t *found, size_t cap, size_t *n, const lp_board_found_t *one)
{
    for (size_t i = 0; i < *n && i < cap; i++) {
        const char *a = one->id[0] != '\0' ? one->id : one->port;
        const char *b = one->id[0] != '\0' ? found[i].id : found[i].port;
        if (strcmp(a, b) == 0) {
            const bool is_better = strchr(found[i].port, '[') != NULL && one->port[0] != '\0' &&
                                   strchr(one->port, '[') == NULL;
            found[i] = is_better ? *one : found[i];
            return;
        }
    }
    if (*n < cap) {
        found[*n] = *one;
    }
    (*n)++;
}

void lp_browse_take(lp_span_t packet, const struct sockaddr_storage *from, lp_board_found_t *found,
                    size_t cap, size_t *n)
{
    seen_t seen = {.id = ""};
    lp_board_found_t one = {.source = "network"};
    if (read_answer(packet, &seen)) {
        take_address(from, &seen);
        if (make_port(&seen, &one)) {
            add(found, cap, n, &one);
        }
    }
}
