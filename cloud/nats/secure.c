// SPDX-License-Identifier: Apache-2.0
// What the client library is told of TLS and identity. With TLS asked for it goes away from a
// server that does not offer it, before it says who it is.
#include "secure.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limpet/nats_key.h"

enum { CREDS_SIZE = 16 * 1024, PROBE_MS = 3000 };

static bool set_servers(natsOptions *opts, const lp_nats_servers_t *servers, bool with_user)
{
    const char *list[LP_NATS_SERVERS_MAX];
    char bare[LP_NATS_SERVERS_MAX][LP_NATS_URL_SIZE];
    for (int i = 0; i < servers->count; i++) {
        const char *at = strchr(servers->url[i], '@');
        list[i] = servers->url[i];
        if (at != NULL && !with_user) {
            snprintf(bare[i], sizeof bare[i], "tls://%s", at + 1);
            list[i] = bare[i];
        }
    }
    return natsOptions_SetServers(opts, list, servers->count) == NATS_OK;
}

static bool set_tls(natsOptions *opts, const char *ca)
{
    return natsOptions_SetSecure(opts, true) == NATS_OK &&
           natsOptions_LoadCATrustedCertificates(opts, ca) == NATS_OK;
}

static bool read_text(const char *path, char text[CREDS_SIZE], size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, CREDS_SIZE) : -1;
    if (fd >= 0) {
        close(fd);
    }
    *len = n > 0 ? (size_t)n : 0;
    return n > 0 && n < CREDS_SIZE;
}

// Both are called by the library for each connection. It could read the file and sign by itself;
// but a server turned away about one connection in a hundred then (3.4), and none of 400 with
// these.
static natsStatus sign_nonce(char **fault, unsigned char **signature, int *len, const char *nonce,
                             void *closure)
{
    const secure_t *own = closure;
    // A server that knows no seeds gives none, and will turn us away.
    lp_span_t message = lp_span_str(nonce != NULL ? nonce : "");
    char text[CREDS_SIZE];
    size_t text_len = 0;
    uint8_t *out = malloc(LP_NATS_SIGNATURE_SIZE);
    bool ok = out != NULL && read_text(own->creds, text, &text_len) &&
              lp_nats_key_sign(lp_nats_seed_find(lp_span(text, text_len)), message, out);
    OPENSSL_cleanse(text, sizeof text);
    if (!ok) {
        free(out);
        *fault = strdup("the file of --nats-creds has no user's seed");
        return NATS_ERR;
    }
    *signature = out;
    *len = LP_NATS_SIGNATURE_SIZE;
    return NATS_OK;
}

static natsStatus give_jwt(char **jwt, char **fault, void *closure)
{
    const secure_t *own = closure;
    char text[CREDS_SIZE];
    size_t len = 0;
    lp_span_t found = lp_span(NULL, 0);
    if (read_text(own->creds, text, &len)) {
        found = lp_nats_jwt_find(lp_span(text, len));
    }
    *jwt = found.len > 0 ? strndup((const char *)found.ptr, found.len) : NULL;
    OPENSSL_cleanse(text, sizeof text);
    if (*jwt == NULL) {
        *fault = strdup("the file of --nats-creds has no user's JWT");
        return NATS_ERR;
    }
    return NATS_OK;
}

static bool set_creds(secure_t *own, natsOptions *opts)
{
    char text[CREDS_SIZE];
    char public_key[LP_NATS_KEY_SIZE];
    size_t len = 0;
    bool ok = read_text(own->creds, text, &len) &&
              lp_nats_key_public(lp_nats_seed_find(lp_span(text, len)), public_key);
    bool has_jwt = ok && lp_nats_jwt_find(lp_span(text, len)).len > 0;
    OPENSSL_cleanse(text, sizeof text);
    return ok &&
           (has_jwt ? natsOptions_SetUserCredentialsCallbacks(opts, give_jwt, own, sign_nonce, own)
                    : natsOptions_SetNKey(opts, public_key, sign_nonce, own)) == NATS_OK;
}

bool secure_set(secure_t *own, natsOptions *opts, const lp_nats_access_t *a, char *why, size_t size)
{
    own->creds = a->creds;
    lp_nats_servers_t servers;
    const char *fault = NULL;
    if (!lp_nats_servers_read(a->servers, &servers) || !set_servers(opts, &servers, true)) {
        fault = "the addresses of the NATS servers cannot be used";
    } else if (servers.is_tls && !set_tls(opts, a->ca)) {
        fault = "the file of --nats-ca has no certificates";
    } else if (servers.is_tls && a->cert != NULL &&
               natsOptions_LoadCertificatesChain(opts, a->cert, a->key) != NATS_OK) {
        fault = "the files of --nats-cert and --nats-key are no certificate and its key";
    } else if (a->creds != NULL && !set_creds(own, opts)) {
        fault = "the file of --nats-creds has no user's seed";
    }
    lp_nats_servers_wipe(&servers);
    if (fault != NULL) {
        snprintf(why, size, "%s", fault);
    }
    return fault == NULL;
}

bool secure_lets_anybody_in(const lp_nats_access_t *a)
{
    lp_nats_servers_t servers;
    natsOptions *opts = NULL;
    natsConnection *nc = NULL;
    bool is_open = lp_nats_servers_read(a->servers, &servers) && servers.is_tls &&
                   natsOptions_Create(&opts) == NATS_OK && set_servers(opts, &servers, false) &&
                   set_tls(opts, a->ca) && natsOptions_SetTimeout(opts, PROBE_MS) == NATS_OK &&
                   natsOptions_SetName(opts, "limpet-gateway-probe") == NATS_OK &&
                   natsOptions_SetAllowReconnect(opts, false) == NATS_OK &&
                   natsConnection_Connect(&nc, opts) == NATS_OK;
    natsConnection_Destroy(nc);
    natsOptions_Destroy(opts);
    lp_nats_servers_wipe(&servers);
    return is_open;
}
