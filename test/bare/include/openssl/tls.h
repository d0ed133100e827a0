// SPDX-License-Identifier: Apache-2.0
// As much of OpenSSL's TLS server and of its certificates as test/unit/sec/peer.c uses: bare.h.
// What mbedTLS's server cannot do ends the test.
#ifndef LP_BARE_OPENSSL_TLS_H
#define LP_BARE_OPENSSL_TLS_H

#include <stdio.h>

#include "bare.h"

// ---- bytes in memory ---------------------------------------------------------------------------
typedef struct bio_st BIO;
typedef struct bio_method_st BIO_METHOD;

const BIO_METHOD *BIO_s_mem(void);
BIO *BIO_new(const BIO_METHOD *method);
void BIO_free(BIO *bio);
int BIO_read(BIO *bio, void *data, int cap);
int BIO_write(BIO *bio, const void *data, int len);

// ---- certificates ------------------------------------------------------------------------------
typedef struct x509_st X509;
typedef struct x509_store_st X509_STORE;
typedef struct x509_verify_param_st X509_VERIFY_PARAM;

void X509_free(X509 *cert);
X509_STORE *X509_STORE_new(void);
int X509_STORE_add_cert(X509_STORE *store, X509 *cert);
X509_VERIFY_PARAM *X509_STORE_get0_param(X509_STORE *store);
void X509_VERIFY_PARAM_set_time(X509_VERIFY_PARAM *param, long long at);

// ---- the server --------------------------------------------------------------------------------
typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_method_st SSL_METHOD;
typedef struct ssl_session_st SSL_SESSION;
typedef int SSL_TICKET_STATUS;
typedef int SSL_TICKET_RETURN;
typedef int (*other_alpn_fn)(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                             const unsigned char *in, unsigned in_len, void *arg);
typedef int (*other_gen_ticket_fn)(SSL *ssl, void *arg);
typedef SSL_TICKET_RETURN (*other_dec_ticket_fn)(SSL *ssl, SSL_SESSION *session,
                                                 const unsigned char *name, size_t name_len,
                                                 SSL_TICKET_STATUS status, void *arg);
enum { TLS1_2_VERSION = 0x0303, TLS1_3_VERSION = 0x0304 };
enum { SSL_VERIFY_PEER = 1, SSL_VERIFY_FAIL_IF_NO_PEER_CERT = 2 };
enum { SSL_TLSEXT_ERR_OK, SSL_TLSEXT_ERR_ALERT_FATAL = 2, OPENSSL_NPN_NEGOTIATED = 1 };
enum { SSL_TICKET_SUCCESS = 3, SSL_TICKET_RETURN_USE = 3, SSL_TICKET_RETURN_IGNORE_RENEW = 2 };
enum { SSL_MODE_NO_AUTO_CHAIN = 8 };
enum { SSL_RECEIVED_SHUTDOWN = 2, SSL_KEY_UPDATE_NOT_REQUESTED = 0 };
enum {
    SSL_OP_NO_TICKET = 1 << 14,
    SSL_OP_CIPHER_SERVER_PREFERENCE = 1 << 22,
    SSL_OP_NO_EXTENDED_MASTER_SECRET = 1 << 0
};

const SSL_METHOD *TLS_server_method(void);
SSL_CTX *SSL_CTX_new(const SSL_METHOD *method);
void SSL_CTX_free(SSL_CTX *ctx);
int SSL_CTX_set_min_proto_version(SSL_CTX *ctx, int version);
int SSL_CTX_set_max_proto_version(SSL_CTX *ctx, int version);
int SSL_CTX_set_cipher_list(SSL_CTX *ctx, const char *names);
int SSL_CTX_set_ciphersuites(SSL_CTX *ctx, const char *names);
int SSL_CTX_set1_groups_list(SSL_CTX *ctx, const char *names);
int SSL_CTX_use_certificate(SSL_CTX *ctx, X509 *cert);
int SSL_CTX_use_PrivateKey(SSL_CTX *ctx, EVP_PKEY *key);
int SSL_CTX_add1_chain_cert(SSL_CTX *ctx, X509 *cert);
void SSL_CTX_set_cert_store(SSL_CTX *ctx, X509_STORE *store);
int SSL_CTX_add_client_CA(SSL_CTX *ctx, X509 *cert);
void SSL_CTX_set_verify(SSL_CTX *ctx, int mode, void *fn);
void SSL_CTX_set_mode(SSL_CTX *ctx, int mode);
void SSL_CTX_set_options(SSL_CTX *ctx, int options);
void SSL_CTX_set_num_tickets(SSL_CTX *ctx, int count);
void SSL_CTX_set_security_level(SSL_CTX *ctx, int level);
int SSL_CTX_set_session_id_context(SSL_CTX *ctx, const unsigned char *id, unsigned len);
int SSL_CTX_set_tlsext_ticket_keys(SSL_CTX *ctx, void *keys, size_t len);
void SSL_CTX_set_session_ticket_cb(SSL_CTX *ctx, other_gen_ticket_fn gen, other_dec_ticket_fn dec,
                                   void *arg);
void SSL_CTX_set_alpn_select_cb(SSL_CTX *ctx, other_alpn_fn fn, void *arg);
int SSL_select_next_proto(unsigned char **out, unsigned char *out_len, const unsigned char *own,
                          unsigned own_len, const unsigned char *in, unsigned in_len);
SSL_SESSION *SSL_get_session(const SSL *ssl);
int SSL_SESSION_set1_ticket_appdata(SSL_SESSION *session, const void *data, size_t len);

SSL *SSL_new(SSL_CTX *ctx);
void SSL_free(SSL *ssl);
void SSL_set_bio(SSL *ssl, BIO *in, BIO *out);
void SSL_set_accept_state(SSL *ssl);
void SSL_set_app_data(SSL *ssl, void *data);
void *SSL_get_app_data(const SSL *ssl);
int SSL_accept(SSL *ssl);
int SSL_read(SSL *ssl, void *data, int cap);
int SSL_write(SSL *ssl, const void *data, int len);
int SSL_shutdown(SSL *ssl);
int SSL_get_shutdown(const SSL *ssl);
int SSL_renegotiate(SSL *ssl);
int SSL_do_handshake(SSL *ssl);
int SSL_key_update(SSL *ssl, int kind);
void ERR_clear_error(void);
void ERR_print_errors_fp(FILE *file);

#endif
