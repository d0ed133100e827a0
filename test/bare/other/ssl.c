// SPDX-License-Identifier: Apache-2.0
// mbedTLS's server behind OpenSSL's names: P-256, certificates for both ends, no tickets.
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "other.h"

struct bio_st {
    unsigned char *bytes;
    size_t from, to, cap;
};
struct x509_store_st {
    X509 *cert; // borrowed
};
struct ssl_ctx_st {
    unsigned refs;
    int min, max;
    int suites[2]; // the last one is 0
    X509_STORE *store;
    int authmode;
    mbedtls_x509_crt own, ca;
    mbedtls_pk_context key;
};
struct ssl_st {
    SSL_CTX *ctx;
    mbedtls_ssl_config config;
    mbedtls_ssl_context tls;
    BIO *in, *out;
    void *data;
    bool is_dead;
    bool is_told_goodbye;
};

static void check(bool is_fine, const char *what)
{
    if (!is_fine) {
        printf("test server: %s\n", what);
        abort();
    }
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *ctx,
                                             uint8_t *bytes, size_t cap, size_t *len)
{
    (void)ctx;
    *len = cap;
    return other_rng(NULL, bytes, cap) == 0 ? PSA_SUCCESS : PSA_ERROR_INSUFFICIENT_ENTROPY;
}

// ---- bytes in memory ---------------------------------------------------------------------------

const BIO_METHOD *BIO_s_mem(void)
{
    return NULL;
}

BIO *BIO_new(const BIO_METHOD *method)
{
    (void)method;
    return other_new(sizeof(BIO));
}

void BIO_free(BIO *bio)
{
    free(bio->bytes);
    free(bio);
}

int BIO_read(BIO *bio, void *data, int cap)
{
    const size_t left = bio->to - bio->from;
    const size_t n = left < (size_t)cap ? left : (size_t)cap;
    if (n == 0) {
        return -1;
    }
    memcpy(data, bio->bytes + bio->from, n);
    bio->from += n;
    return (int)n;
}

int BIO_write(BIO *bio, const void *data, int len)
{
    if (bio->from > 0) {
        memmove(bio->bytes, bio->bytes + bio->from, bio->to - bio->from);
        bio->to -= bio->from;
        bio->from = 0;
    }
    if (bio->to + (size_t)len > bio->cap) {
        bio->cap = bio->to + 2 * (size_t)len;
        bio->bytes = realloc(bio->bytes, bio->cap);
        check(bio->bytes != NULL, "memory");
    }
    memcpy(bio->bytes + bio->to, data, (size_t)len);
    bio->to += (size_t)len;
    return len;
}

// ---- whom it trusts ----------------------------------------------------------------------------

X509_STORE *X509_STORE_new(void)
{
    return other_new(sizeof(X509_STORE));
}

int X509_STORE_add_cert(X509_STORE *store, X509 *cert)
{
    store->cert = cert;
    return 1;
}

X509_VERIFY_PARAM *X509_STORE_get0_param(X509_STORE *store)
{
    (void)store;
    return NULL;
}

void X509_VERIFY_PARAM_set_time(X509_VERIFY_PARAM *param, long long at)
{
    (void)param;
    (void)at; // it has no clock and looks at no dates
}

// ---- the server --------------------------------------------------------------------------------

const SSL_METHOD *TLS_server_method(void)
{
    return NULL;
}

SSL_CTX *SSL_CTX_new(const SSL_METHOD *method)
{
    (void)method;
    check(psa_crypto_init() == PSA_SUCCESS, "PSA");
    SSL_CTX *ctx = other_new(sizeof *ctx);
    ctx->refs = 1;
    ctx->authmode = MBEDTLS_SSL_VERIFY_NONE;
    mbedtls_x509_crt_init(&ctx->own);
    mbedtls_x509_crt_init(&ctx->ca);
    mbedtls_pk_init(&ctx->key);
    return ctx;
}

void SSL_CTX_free(SSL_CTX *ctx)
{
    if (--ctx->refs > 0) {
        return;
    }
    mbedtls_x509_crt_free(&ctx->own);
    mbedtls_x509_crt_free(&ctx->ca);
    mbedtls_pk_free(&ctx->key);
    free(ctx->store);
    free(ctx);
}

int SSL_CTX_set_min_proto_version(SSL_CTX *ctx, int version)
{
    ctx->min = version;
    return 1;
}

int SSL_CTX_set_max_proto_version(SSL_CTX *ctx, int version)
{
    ctx->max = version;
    return 1;
}

int SSL_CTX_set_cipher_list(SSL_CTX *ctx, const char *names)
{
    ctx->suites[0] = strcmp(names, "ECDHE-ECDSA-AES128-GCM-SHA256") == 0
                         ? MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                         : 0;
    return ctx->suites[0] != 0;
}

int SSL_CTX_set_ciphersuites(SSL_CTX *ctx, const char *names)
{
    ctx->suites[0] =
        strcmp(names, "TLS_AES_128_GCM_SHA256") == 0 ? MBEDTLS_TLS1_3_AES_128_GCM_SHA256 : 0;
    return ctx->suites[0] != 0;
}

int SSL_CTX_set1_groups_list(SSL_CTX *ctx, const char *names)
{
    (void)ctx;
    return strcmp(names, "P-256") == 0;
}

int SSL_CTX_use_certificate(SSL_CTX *ctx, X509 *cert)
{
    return other_ok(mbedtls_x509_crt_parse_der(&ctx->own, cert->bytes, cert->len));
}

int SSL_CTX_add1_chain_cert(SSL_CTX *ctx, X509 *cert)
{
    return SSL_CTX_use_certificate(ctx, cert);
}

int SSL_CTX_use_PrivateKey(SSL_CTX *ctx, EVP_PKEY *key)
{
    other_pk(&ctx->key, key);
    return 1;
}

void SSL_CTX_set_cert_store(SSL_CTX *ctx, X509_STORE *store)
{
    ctx->store = store;
    check(mbedtls_x509_crt_parse_der(&ctx->ca, store->cert->bytes, store->cert->len) == 0, "CA");
}

int SSL_CTX_add_client_CA(SSL_CTX *ctx, X509 *cert)
{
    (void)ctx;
    (void)cert;
    return 1; // mbedTLS names those it trusts
}

void SSL_CTX_set_verify(SSL_CTX *ctx, int mode, void *fn)
{
    (void)fn;
    ctx->authmode =
        (mode & SSL_VERIFY_PEER) != 0 ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_NONE;
}

void SSL_CTX_set_mode(SSL_CTX *ctx, int mode)
{
    (void)ctx;
    (void)mode; // no chain of its own is made here anyway
}

void SSL_CTX_set_options(SSL_CTX *ctx, int options)
{
    (void)ctx;
    check(options == SSL_OP_NO_TICKET, "this server has no such option");
}

void SSL_CTX_set_num_tickets(SSL_CTX *ctx, int count)
{
    (void)ctx;
    check(count == 0, "this server has no tickets");
}

void SSL_CTX_set_security_level(SSL_CTX *ctx, int level)
{
    (void)ctx;
    (void)level;
    check(false, "this server cannot be weak");
}

int SSL_CTX_set_session_id_context(SSL_CTX *ctx, const unsigned char *id, unsigned len)
{
    (void)ctx;
    (void)id;
    (void)len;
    return 1;
}

int SSL_CTX_set_tlsext_ticket_keys(SSL_CTX *ctx, void *keys, size_t len)
{
    (void)ctx;
    (void)keys;
    (void)len;
    check(false, "this server has no tickets");
    return 0;
}

void SSL_CTX_set_session_ticket_cb(SSL_CTX *ctx, other_gen_ticket_fn gen, other_dec_ticket_fn dec,
                                   void *arg)
{
    (void)ctx;
    (void)gen;
    (void)dec;
    (void)arg;
    check(false, "this server has no tickets");
}

void SSL_CTX_set_alpn_select_cb(SSL_CTX *ctx, other_alpn_fn fn, void *arg)
{
    (void)ctx;
    (void)fn;
    (void)arg;
    check(false, "this server has no ALPN");
}

int SSL_select_next_proto(unsigned char **out, unsigned char *out_len, const unsigned char *own,
                          unsigned own_len, const unsigned char *in, unsigned in_len)
{
    (void)out;
    (void)out_len;
    (void)own;
    (void)own_len;
    (void)in;
    (void)in_len;
    return 0;
}

SSL_SESSION *SSL_get_session(const SSL *ssl)
{
    (void)ssl;
    return NULL;
}

int SSL_SESSION_set1_ticket_appdata(SSL_SESSION *session, const void *data, size_t len)
{
    (void)session;
    (void)data;
    (void)len;
    return 0;
}

// ---- a connection ------------------------------------------------------------------------------

static int send_out(void *arg, const unsigned char *data, size_t len)
{
    return BIO_write(((SSL *)arg)->out, data, (int)len);
}

static int take_in(void *arg, unsigned char *data, size_t cap)
{
    const int n = BIO_read(((SSL *)arg)->in, data, (int)cap);
    return n > 0 ? n : MBEDTLS_ERR_SSL_WANT_READ;
}

SSL *SSL_new(SSL_CTX *ctx)
{
    SSL *ssl = other_new(sizeof *ssl);
    ssl->ctx = ctx;
    ctx->refs++;
    mbedtls_ssl_config *config = &ssl->config;
    mbedtls_ssl_config_init(config);
    mbedtls_ssl_init(&ssl->tls);
    check(mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                      MBEDTLS_SSL_PRESET_DEFAULT) == 0,
          "configuration");
    mbedtls_ssl_conf_rng(config, other_rng, NULL);
    mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_ENABLED); // when it asks
    mbedtls_ssl_conf_authmode(config, ctx->authmode);
    mbedtls_ssl_conf_ca_chain(config, &ctx->ca, NULL);
    check(mbedtls_ssl_conf_own_cert(config, &ctx->own, &ctx->key) == 0, "own certificate");
    if (ctx->min != 0) {
        mbedtls_ssl_conf_min_tls_version(config, (mbedtls_ssl_protocol_version)ctx->min);
    }
    if (ctx->max != 0) {
        mbedtls_ssl_conf_max_tls_version(config, (mbedtls_ssl_protocol_version)ctx->max);
    }
    if (ctx->suites[0] != 0) {
        mbedtls_ssl_conf_ciphersuites(config, ctx->suites);
    }
    check(mbedtls_ssl_setup(&ssl->tls, config) == 0, "set-up");
    return ssl;
}

void SSL_free(SSL *ssl)
{
    mbedtls_ssl_free(&ssl->tls);
    mbedtls_ssl_config_free(&ssl->config);
    BIO_free(ssl->in);
    BIO_free(ssl->out);
    SSL_CTX_free(ssl->ctx);
    free(ssl);
}

void SSL_set_bio(SSL *ssl, BIO *in, BIO *out)
{
    ssl->in = in;
    ssl->out = out;
    mbedtls_ssl_set_bio(&ssl->tls, ssl, send_out, take_in, NULL);
}

void SSL_set_accept_state(SSL *ssl)
{
    (void)ssl;
}

void SSL_set_app_data(SSL *ssl, void *data)
{
    ssl->data = data;
}

void *SSL_get_app_data(const SSL *ssl)
{
    return ssl->data;
}

// After an error of mbedTLS's the connection must not be used again. Who signs wrongly in TLS 1.2
// is told nothing by mbedTLS, by other servers what OpenSSL's says.
static int result(SSL *ssl, int n)
{
    if (n == MBEDTLS_ERR_ECP_VERIFY_FAILED && !ssl->is_dead) {
        (void)mbedtls_ssl_send_alert_message(&ssl->tls, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                             MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR);
    }
    ssl->is_told_goodbye = ssl->is_told_goodbye || n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY;
    ssl->is_dead = ssl->is_dead || (n < 0 && n != MBEDTLS_ERR_SSL_WANT_READ);
    return n < 0 ? -1 : n;
}

int SSL_accept(SSL *ssl)
{
    return !ssl->is_dead && result(ssl, mbedtls_ssl_handshake(&ssl->tls)) == 0 ? 1 : -1;
}

int SSL_read(SSL *ssl, void *data, int cap)
{
    return ssl->is_dead ? -1 : result(ssl, mbedtls_ssl_read(&ssl->tls, data, (size_t)cap));
}

int SSL_write(SSL *ssl, const void *data, int len)
{
    int done = 0;
    while (!ssl->is_dead && done < len) {
        const int n = result(ssl, mbedtls_ssl_write(&ssl->tls, (const unsigned char *)data + done,
                                                    (size_t)(len - done)));
        if (n < 0) {
            return -1;
        }
        done += n;
    }
    return ssl->is_dead ? -1 : done;
}

int SSL_shutdown(SSL *ssl)
{
    return ssl->is_dead ? -1 : result(ssl, mbedtls_ssl_close_notify(&ssl->tls));
}

int SSL_get_shutdown(const SSL *ssl)
{
    return ssl->is_told_goodbye ? SSL_RECEIVED_SHUTDOWN : 0;
}

int SSL_renegotiate(SSL *ssl)
{
    return !ssl->is_dead;
}

// After SSL_renegotiate() alone: asks for another handshake.
int SSL_do_handshake(SSL *ssl)
{
    return result(ssl, mbedtls_ssl_renegotiate(&ssl->tls)) == 0 ? 1 : -1;
}

int SSL_key_update(SSL *ssl, int kind)
{
    (void)ssl;
    (void)kind;
    check(false, "this server has no key updates");
    return 0;
}

void ERR_clear_error(void)
{
}

void ERR_print_errors_fp(FILE *file)
{
    (void)file;
}
