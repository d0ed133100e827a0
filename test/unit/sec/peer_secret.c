// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "peer.h"

// Computed once more, with the server's ephemeral key, which OpenSSL forgets in TLS 1.2.
bool peer_secret(peer_t *peer, uint8_t secret[32])
{
    EVP_PKEY *own = NULL;
    EVP_PKEY *theirs = NULL;
    size_t len = 32;
    if (SSL_version(peer->ssl) == TLS1_2_VERSION) {
        return false;
    }
    if (SSL_get_tmp_key(peer->ssl, &own) != 1 || SSL_get_peer_tmp_key(peer->ssl, &theirs) != 1) {
        abort();
    }
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    if (EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, theirs) != 1 ||
        EVP_PKEY_derive(ctx, secret, &len) != 1 || len != 32) {
        abort();
    }
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(own);
    EVP_PKEY_free(theirs);
    return true;
}
