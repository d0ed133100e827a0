// SPDX-License-Identifier: Apache-2.0
#include "peer.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static peer_t *of(lp_stream_t *s)
{
    return (peer_t *)s;
}

static void post(peer_t *peer)
{
    lp_loop_post(peer->loop, &peer->event);
}

static void pump_ssl(peer_t *peer)
{
    if (peer->shake_result != 1) {
        peer->shake_result = SSL_accept(peer->ssl);
    }
    if (peer->shake_result != 1) {
        return;
    }
    char data[2048];
    for (int n; (n = SSL_read(peer->ssl, data, sizeof data)) > 0;) {
        size_t room = sizeof peer->got - peer->got_len;
        size_t len = (size_t)n < room ? (size_t)n : room;
        memcpy(peer->got + peer->got_len, data, len);
        peer->got_len += len;
        // The peer's configuration says whether; SSL's own place for such things carries it.
        if (SSL_get_app_data(peer->ssl) != NULL) {
            SSL_write(peer->ssl, data, n);
        }
    }
}

static bool is_cut(const peer_t *peer)
{
    return peer->cut_after != 0 && peer->to_client >= peer->cut_after;
}

static void on_event(void *ctx)
{
    peer_t *peer = ctx;
    if (peer->ssl != NULL) {
        pump_ssl(peer);
        ERR_clear_error();
    }
    if (peer->is_closed || peer->fn == NULL) {
        return;
    }
    bool ends = (is_cut(peer) && !peer->is_cut_silent) || peer->end_why != LP_OK;
    if (ends && !peer->has_ended) {
        peer->has_ended = true;
        lp_err_t why = peer->end_why != LP_OK ? peer->end_why : LP_E_NET_RESET;
        peer->fn(peer->ctx, LP_STREAM_READABLE | LP_STREAM_CLOSED, why);
    } else {
        peer->fn(peer->ctx, LP_STREAM_READABLE | LP_STREAM_WRITABLE, LP_OK);
    }
}

static void peer_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    of(s)->fn = fn;
    of(s)->ctx = ctx;
}

static lp_err_t peer_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    peer_t *peer = of(s);
    if (peer->is_closed) {
        return LP_E_CLOSED;
    }
    if (is_cut(peer)) {
        return peer->is_cut_silent ? LP_E_AGAIN : LP_E_CLOSED;
    }
    if (peer->chunk != 0 && cap > peer->chunk) {
        cap = peer->chunk;
    }
    if (peer->cut_after != 0 && cap > peer->cut_after - peer->to_client) {
        cap = peer->cut_after - peer->to_client;
    }
    int got = BIO_read(peer->out, buf, (int)cap);
    if (got <= 0) {
        return peer->end_why != LP_OK ? LP_E_CLOSED : LP_E_AGAIN;
    }
    if (peer->flip_at > peer->to_client && peer->flip_at <= peer->to_client + (size_t)got) {
        buf[peer->flip_at - peer->to_client - 1] ^= 0x10;
    }
    peer->to_client += (size_t)got;
    post(peer); // there may be more
    *n = (size_t)got;
    return LP_OK;
}

static lp_err_t peer_write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    peer_t *peer = of(s);
    if (peer->is_closed || peer->has_ended) {
        return LP_E_CLOSED;
    }
    if (peer->write_refusals > 0) {
        peer->write_refusals--;
        post(peer);
        return LP_E_AGAIN;
    }
    size_t len = peer->write_cap != 0 && data.len > peer->write_cap ? peer->write_cap : data.len;
    if (peer->client_hello_len + len <= sizeof peer->client_hello) {
        memcpy(peer->client_hello + peer->client_hello_len, data.ptr, len);
        peer->client_hello_len += len;
    }
    if (peer->ssl != NULL) {
        BIO_write(peer->in, data.ptr, (int)len);
    }
    peer->to_server += len;
    post(peer);
    *n = len;
    return LP_OK;
}

static void peer_stream_close(lp_stream_t *s)
{
    of(s)->is_closed = true;
    post(of(s)); // the server still reads what came before
}

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned in_len, void *arg)
{
    (void)ssl;
    peer_t *peer = arg;
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, out_len, peer->alpn_wire_, peer->alpn_wire_[0] + 1u, in,
                              in_len) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void expect(bool is_fine, const char *what)
{
    if (!is_fine) {
        fprintf(stderr, "test peer: %s\n", what);
        ERR_print_errors_fp(stderr);
        abort();
    }
}

static void set_client_ca(SSL_CTX *ctx, const pki_id_t *ca)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_add_cert(store, ca->cert);
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), PKI_NOW_S);
    SSL_CTX_set_cert_store(ctx, store);
    SSL_CTX_add_client_CA(ctx, ca->cert);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

static int add_ballast(SSL *ssl, void *arg)
{
    static const unsigned char ballast[1 << 15];
    const size_t *len = arg;
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), ballast, *len);
}

static SSL_TICKET_RETURN take_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
                                     size_t name_len, SSL_TICKET_STATUS status, void *arg)
{
    (void)ssl;
    (void)session;
    (void)name;
    (void)name_len;
    (void)arg;
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_IGNORE_RENEW;
}

static void set_tickets(SSL_CTX *ctx, peer_t *peer, const peer_config_t *config)
{
    static const unsigned char id[] = "limpet";
    SSL_CTX_set_session_id_context(ctx, id, sizeof id);
    if (config->has_no_ems) {
        SSL_CTX_set_options(ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    }
    if (config->ticket_keys != NULL) {
        char keys[80]; // OpenSSL's macro takes the const away
        memcpy(keys, config->ticket_keys, sizeof keys);
        SSL_CTX_set_tlsext_ticket_keys(ctx, keys, sizeof keys);
    }
    if (config->ticket_ballast > 0) {
        peer->ticket_ballast_ = config->ticket_ballast;
        SSL_CTX_set_session_ticket_cb(ctx, add_ballast, take_ticket, &peer->ticket_ballast_);
    }
}

static void set_protocols(SSL_CTX *ctx, const peer_config_t *config)
{
    SSL_CTX_set_min_proto_version(ctx, config->min_version);
    SSL_CTX_set_max_proto_version(ctx, config->max_version);
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    if (config->has_no_tickets) {
        SSL_CTX_set_num_tickets(ctx, 0);
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    }
    if (config->prefers_own) {
        SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
    }
    if (config->is_weak) {
        SSL_CTX_set_security_level(ctx, 0);
    }
    expect(config->suites_12 == NULL || SSL_CTX_set_cipher_list(ctx, config->suites_12) == 1,
           "cipher list");
    expect(config->suites_13 == NULL || SSL_CTX_set_ciphersuites(ctx, config->suites_13) == 1,
           "ciphersuites");
    char groups[64]; // OpenSSL's macro takes the const away
    snprintf(groups, sizeof groups, "%s", config->groups != NULL ? config->groups : "");
    expect(config->groups == NULL || SSL_CTX_set1_groups_list(ctx, groups) == 1, "groups");
}

static void open_wire(peer_t *peer, lp_loop_t *loop)
{
    static const lp_stream_ops_t ops = {
        .listen = peer_listen, .read = peer_read, .write = peer_write, .close = peer_stream_close};
    memset(peer, 0, sizeof *peer);
    peer->stream.ops = &ops;
    peer->loop = loop;
    peer->in = BIO_new(BIO_s_mem());
    peer->out = BIO_new(BIO_s_mem());
    lp_event_init(&peer->event, on_event, peer);
}

void peer_open(peer_t *peer, lp_loop_t *loop, const peer_config_t *config)
{
    open_wire(peer, loop);
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    peer->ssl_ctx = ctx;
    set_protocols(ctx, config);
    expect(SSL_CTX_use_certificate(ctx, config->id->cert) == 1 &&
               SSL_CTX_use_PrivateKey(ctx, config->id->key) == 1,
           "server certificate");
    if (config->chain != NULL) {
        SSL_CTX_add1_chain_cert(ctx, config->chain->cert);
    }
    if (config->chain2 != NULL) {
        SSL_CTX_add1_chain_cert(ctx, config->chain2->cert);
    }
    if (config->client_ca != NULL) {
        set_client_ca(ctx, config->client_ca);
    }
    if (config->alpn != NULL) {
        peer->alpn_wire_[0] = (unsigned char)strlen(config->alpn);
        memcpy(peer->alpn_wire_ + 1, config->alpn, peer->alpn_wire_[0]);
        SSL_CTX_set_alpn_select_cb(ctx, select_alpn, peer);
    }
    set_tickets(ctx, peer, config);
    peer->ssl = SSL_new(ctx);
    SSL_set_bio(peer->ssl, peer->in, peer->out);
    SSL_set_accept_state(peer->ssl);
    SSL_set_app_data(peer->ssl, config->is_echo ? peer : NULL);
}

void peer_open_script(peer_t *peer, lp_loop_t *loop, const void *script, size_t len)
{
    open_wire(peer, loop);
    if (len > 0) {
        BIO_write(peer->out, script, (int)len);
    }
    post(peer);
}

void peer_close(peer_t *peer)
{
    lp_loop_unpost(peer->loop, &peer->event);
    if (peer->ssl != NULL) {
        SSL_free(peer->ssl); // frees the BIOs
        SSL_CTX_free(peer->ssl_ctx);
    } else {
        BIO_free(peer->in);
        BIO_free(peer->out);
    }
    memset(peer, 0, sizeof *peer);
}

void peer_send(peer_t *peer, const void *data, size_t len)
{
    expect(SSL_write(peer->ssl, data, (int)len) == (int)len, "SSL_write");
    post(peer);
}

void peer_shut_down(peer_t *peer)
{
    SSL_shutdown(peer->ssl);
    peer_hang_up(peer, LP_E_CLOSED);
}

void peer_hang_up(peer_t *peer, lp_err_t why)
{
    peer->end_why = why;
    post(peer);
}
