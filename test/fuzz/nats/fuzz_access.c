// SPDX-License-Identifier: Apache-2.0
// Any bytes as a list of servers and as a file with a seed. What counts as this computer has no
// character that another reader could split a host at; a seed that is taken gives a public key.
#include <stdlib.h>
#include <string.h>

#include "limpet/nats_access.h"
#include "limpet/nats_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void is_strict(const char *url, bool is_tls)
{
    must(strncmp(url, is_tls ? "tls://" : "nats://", is_tls ? 6 : 7) == 0);
    const char *host = url + (is_tls ? 6 : 7);
    const char *at = strchr(host, '@');
    must(strpbrk(host, "/\\?#, \t\r\n") == NULL);
    must(at == NULL || strchr(at + 1, '@') == NULL);
}

static void try_servers(const char *text)
{
    lp_nats_servers_t s;
    if (!lp_nats_servers_read(text, &s)) {
        must(s.count == 0);
        return;
    }
    must(s.count > 0 && s.count <= LP_NATS_SERVERS_MAX && !(s.is_tls && s.far_plain != NULL));
    for (int i = 0; i < s.count; i++) {
        is_strict(s.url[i], s.is_tls);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char out[LP_NATS_KEY_SIZE];
    char *text = malloc(size + 1);
    must(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    try_servers(text);
    lp_span_t seed = lp_nats_seed_find(lp_span(text, size));
    if (seed.len > 0 && lp_nats_key_public(seed, out)) {
        must(strlen(out) == LP_NATS_KEY_SIZE - 1 && out[0] == 'U');
    } else if (seed.len > 0) {
        must(out[0] == '\0');
    }
    lp_span_t jwt = lp_nats_jwt_find(lp_span(text, size));
    must(jwt.len == 0 || (jwt.ptr[0] != '-' && memchr(jwt.ptr, '\n', jwt.len) == NULL));
    free(text);
    return 0;
}
