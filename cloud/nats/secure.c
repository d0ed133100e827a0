// SPDX-License-Identifier: Apache-2.0
// What the client library is told of TLS and identity. With TLS asked for it goes away from a
// server that does not offer it, before it says who it is.
#include "secure.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
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

// A JWT is read by the library, again for each connection; a seed alone needs its public key.
static bool set_creds(natsOptions *opts, const char *path)
{
    char text[CREDS_SIZE];
    char public_key[LP_NATS_KEY_SIZE];
    size_t len = 0;
    bool ok = read_text(path, text, &len);
    if (ok && memmem(text, len, "BEGIN NATS USER JWT", 19) != NULL) {
        ok = natsOptions_SetUserCredentialsFromFiles(opts, path, NULL) == NATS_OK;
    } else if (ok) {
        ok = lp_nats_key_public(lp_nats_seed_find(lp_span(text, len)), public_key) &&
             natsOptions_SetNKeyFromSeed(opts, public_key, path) == NATS_OK;
    }
    OPENSSL_cleanse(text, sizeof text);
    return ok;
}

bool secure_set(natsOptions *opts, const lp_nats_access_t *a, char *why, size_t size)
{
    lp_nats_servers_t servers;
    const char *fault = NULL;
    if (!lp_nats_servers_read(a->servers, &servers) || !set_servers(opts, &servers, true)) {
        fault = "the addresses of the NATS servers cannot be used";
    } else if (servers.is_tls && !set_tls(opts, a->ca)) {
        fault = "the file of --nats-ca has no certificates";
    } else if (servers.is_tls && a->cert != NULL &&
               natsOptions_LoadCertificatesChain(opts, a->cert, a->key) != NATS_OK) {
        fault = "the files of --nats-cert and --nats-key are no certificate and its key";
    } else if (a->creds != NULL && !set_creds(opts, a->creds)) {
        fault = "the file of --nats-creds has neither a user's JWT nor a user's seed";
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
