// SPDX-License-Identifier: Apache-2.0
// TLS as AWS IoT speaks it: 1.2 and 1.3, a client certificate, a server name, no resumption, no
// maximum fragment length. @source AWS IoT Core Developer Guide, "Transport security in AWS IoT
// Core", "Device communication protocols".
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"

// IoTSecurityPolicy_TLS13_1_2_2022_10.
static const char suites_13[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const char suites_12[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256:"
    "ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-SHA384:"
    "ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"
    "AES128-GCM-SHA256:AES128-SHA256:AES128-SHA:AES256-GCM-SHA384:AES256-SHA256:AES256-SHA";

static const unsigned char alpn_mqtt[] = "x-amzn-mqtt-ca";
static const unsigned char alpn_http[] = "x-amzn-http-ca";

static conn_t *conn_of(SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

static bool refusal(conn_t *conn, const char *reason)
{
    snprintf(conn->refusal, sizeof conn->refusal, "%s", reason);
    return false;
}

// --- server name --------------------------------------------------------------------------------

static int on_server_name(SSL *ssl, int *alert, void *arg)
{
    const lp_front_t *front = arg;
    conn_t *conn = conn_of(ssl);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    if (name == NULL) {
        refusal(conn, "the ClientHello has no server name (SNI)");
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    if (X509_check_host(front->certificate, name, 0, 0, NULL) != 1) {
        snprintf(conn->refusal, sizeof conn->refusal,
                 "the server name (SNI) %.100s is not this cloud's", name);
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_OK;
}

// --- ALPN ---------------------------------------------------------------------------------------

static const unsigned char *offered(const unsigned char *in, unsigned int len,
                                    const unsigned char *name)
{
    size_t want = strlen((const char *)name);
    for (unsigned int at = 0; at < len; at += 1U + in[at]) {
        if (in[at] == want && at + 1U + in[at] <= len && memcmp(in + at + 1, name, want) == 0) {
            return in + at + 1;
        }
    }
    return NULL;
}

// On the port that has ALPN the protocol is chosen by it; elsewhere AWS does not ask for it.
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned int len, void *arg)
{
    (void)arg;
    conn_t *conn = conn_of(ssl);
    const unsigned char *name = conn->kind != LP_FRONT_HTTPS ? offered(in, len, alpn_mqtt) : NULL;
    if (name == NULL && conn->kind != LP_FRONT_MQTT) {
        name = offered(in, len, alpn_http);
    }
    if (name != NULL) {
        *out = name;
        *out_len = sizeof alpn_mqtt - 1; // both names are as long
        return SSL_TLSEXT_ERR_OK;
    }
    if (conn->kind != LP_FRONT_ALPN) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    refusal(conn, "ALPN offers neither x-amzn-mqtt-ca nor x-amzn-http-ca");
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// --- maximum fragment length --------------------------------------------------------------------

// OpenSSL cannot be told to ignore this extension; it keeps what the client asked for in the
// session object. One without it takes that object's place before anything of worth was put into
// it. What is in it by then is the mark of an extended master secret, which therefore cannot be had
// together with this extension; nothing depends on it where sessions are neither resumed nor
// renegotiated.
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    const unsigned char *ext = NULL;
    size_t len = 0;
    (void)alert;
    (void)arg;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_max_fragment_length, &ext, &len) == 1) {
        SSL_set_options(ssl, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

// A session is only taken where the context's method is the connection's, which has been narrowed
// to one version by now; hence the loan of another context.
static int set_session(SSL *ssl, SSL_SESSION *session)
{
    SSL_CTX *own = SSL_get_SSL_CTX(ssl);
    SSL_CTX *loan = SSL_CTX_new(SSL_get_ssl_method(ssl));
    int ok = loan != NULL && SSL_set_SSL_CTX(ssl, loan) == loan &&
             SSL_set_session(ssl, session) == 1 && SSL_set_SSL_CTX(ssl, own) == own;
    SSL_CTX_free(loan);
    return ok;
}

static int on_certificate_choice(SSL *ssl, void *arg)
{
    (void)arg;
    SSL_SESSION *old = SSL_get_session(ssl);
    if (old == NULL ||
        SSL_SESSION_get_max_fragment_length(old) == TLSEXT_max_fragment_length_DISABLED) {
        return 1;
    }
    SSL_SESSION *plain = SSL_SESSION_new();
    int ok = plain != NULL && SSL_SESSION_set_protocol_version(plain, SSL_version(ssl)) == 1 &&
             set_session(ssl, plain) == 1;
    SSL_SESSION_free(plain);
    return ok;
}

// --- the context --------------------------------------------------------------------------------

static bool load(SSL_CTX *ctx, const char *folder)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/server.pem", folder);
    bool ok = SSL_CTX_use_certificate_chain_file(ctx, path) == 1;
    snprintf(path, sizeof path, "%s/server.key", folder);
    ok = ok && SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1;
    snprintf(path, sizeof path, "%s/trust", folder);
    return ok && SSL_CTX_load_verify_dir(ctx, path) == 1;
}

static bool set_rules(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_read_ahead(ctx, 1); // a record takes one system call, not two
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    // A certificate that was registered without its CA is itself the anchor.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_cipher_list(ctx, suites_12) == 1 &&
           SSL_CTX_set_ciphersuites(ctx, suites_13) == 1;
}

SSL_CTX *front_tls_new(lp_front_t *front, lp_front_kind_t kind, char *why, size_t size)
{
    (void)kind; // the callbacks ask the connection
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL || !set_rules(ctx) || !load(ctx, front->config.folder)) {
        ERR_error_string_n(ERR_peek_last_error(), why, size);
        SSL_CTX_free(ctx);
        return NULL;
    }
    SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
    SSL_CTX_set_tlsext_servername_arg(ctx, front);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
    SSL_CTX_set_cert_cb(ctx, on_certificate_choice, NULL);
    if (front->certificate == NULL) {
        front->certificate = SSL_CTX_get0_certificate(ctx);
        X509_up_ref(front->certificate);
    }
    return ctx;
}

// --- a connection -------------------------------------------------------------------------------

static char *to_pem(X509 *cert)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *text = NULL;
    char *pem = NULL;
    if (out != NULL && PEM_write_bio_X509(out, cert) == 1) {
        long len = BIO_get_mem_data(out, &text);
        pem = len > 0 ? strndup(text, (size_t)len) : NULL;
    }
    BIO_free(out);
    return pem;
}

bool front_tls_identity(conn_t *conn)
{
    const unsigned char *name = NULL;
    unsigned int len = 0;
    X509 *cert = SSL_get1_peer_certificate(conn->ssl);
    conn->pem = cert != NULL ? to_pem(cert) : NULL;
    bool ok = conn->pem != NULL && lp_pass_certificate_id(cert, conn->certificate_id);
    X509_free(cert);
    if (!ok) {
        return refusal(conn, "no client certificate");
    }
    SSL_get0_alpn_selected(conn->ssl, &name, &len);
    if (len == 0 && conn->kind == LP_FRONT_ALPN) {
        return refusal(conn, "no ALPN on the port that needs it");
    }
    bool is_http = len > 0 ? memcmp(name, alpn_http, len) == 0 : conn->kind == LP_FRONT_HTTPS;
    conn->state = is_http ? CONN_HTTP : CONN_MQTT;
    return true;
}

void front_tls_explain(conn_t *conn)
{
    long verdict = SSL_get_verify_result(conn->ssl);
    unsigned long error = ERR_peek_last_error();
    if (conn->refusal[0] != '\0' || !conn->has_spoken) {
        return;
    }
    if (verdict != X509_V_OK && ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        snprintf(conn->refusal, sizeof conn->refusal, "the client certificate is not accepted: %s",
                 X509_verify_cert_error_string(verdict));
    } else if (error != 0) {
        const char *reason = ERR_reason_error_string(error);
        snprintf(conn->refusal, sizeof conn->refusal, "the TLS handshake failed: %s",
                 reason != NULL ? reason : "unknown");
    }
}
