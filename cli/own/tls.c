// SPDX-License-Identifier: Apache-2.0
// There is no way around the check of the broker's certificate, and each of its findings has words.
#include "tls.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECT_MS = 15000, STEP_MS = 100 };

// --- the socket

// False: time is up, or Ctrl-C.
static bool wait_for(int fd, short events, uint64_t deadline)
{
    struct pollfd p = {.fd = fd, .events = events};
    while (!lp_interrupt_seen()) {
        uint64_t now = lp_ui_now_ms();
        if (now >= deadline) {
            return false;
        }
        uint64_t left = deadline - now;
        if (poll(&p, 1, left < STEP_MS ? (int)left : STEP_MS) > 0) {
            return true;
        }
    }
    return false;
}

static lp_exit_t fail_unreachable(const lp_broker_t *b, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_NETWORK, "broker-unreachable", "the broker cannot be reached");
    lp_fault_why(f, "%s: %s", b->server, why);
    lp_fault_next(f, "is it running, does it listen on this port, is a firewall in between?");
    return f->exit;
}

// Errno, 0 for a connection.
static int try_address(const struct addrinfo *a, uint64_t deadline, int *out)
{
    int error = 0;
    socklen_t len = sizeof error;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return errno;
    }
    if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
        error = errno;
        if (error == EINPROGRESS) {
            error = ETIMEDOUT;
            if (wait_for(fd, POLLOUT, deadline)) {
                (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
            }
        }
    }
    if (error != 0) {
        close(fd);
        return error;
    }
    *out = fd;
    return 0;
}

static lp_exit_t dial(lp_tls_link_t *t, uint64_t deadline, lp_fault_t *f)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", t->broker->port);
    int rc = getaddrinfo(t->broker->host, port, &hints, &list);
    if (rc != 0) {
        return fail_unreachable(t->broker, gai_strerror(rc), f);
    }
    int error = EHOSTUNREACH;
    for (const struct addrinfo *a = list; a != NULL && error != 0 && !lp_interrupt_seen();
         a = a->ai_next) {
        error = try_address(a, deadline, &t->fd);
    }
    freeaddrinfo(list);
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    return error == 0 ? LP_EXIT_OK : fail_unreachable(t->broker, strerror(error), f);
}

// --- what is wrong with the broker's certificate

static void say_date(const ASN1_TIME *time, char out[16])
{
    struct tm tm = {.tm_mday = 1};
    (void)ASN1_TIME_to_tm(time, &tm);
    strftime(out, 16, "%Y-%m-%d", &tm);
}

static void list_names(X509 *cert, char *out, size_t cap)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        size_t n = strlen(out);
        if (name->type == GEN_DNS) {
            snprintf(out + n, cap - n, "%s%.*s", n > 0 ? ", " : "",
                     ASN1_STRING_length(name->d.dNSName),
                     (const char *)ASN1_STRING_get0_data(name->d.dNSName));
        } else if (name->type == GEN_IPADD && ASN1_STRING_length(name->d.iPAddress) == 4) {
            const unsigned char *a = ASN1_STRING_get0_data(name->d.iPAddress);
            snprintf(out + n, cap - n, "%s%u.%u.%u.%u", n > 0 ? ", " : "", a[0], a[1], a[2], a[3]);
        }
    }
    GENERAL_NAMES_free(names);
}

static int on_verify(int is_fine, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    lp_tls_link_t *t = SSL_get_app_data(ssl);
    X509 *cert = X509_STORE_CTX_get_current_cert(store);
    int error = X509_STORE_CTX_get_error(store);
    if (!is_fine && t->verify_error == 0) {
        t->verify_error = error;
        if (cert != NULL) {
            say_date(error == X509_V_ERR_CERT_NOT_YET_VALID ? X509_get0_notBefore(cert)
                                                            : X509_get0_notAfter(cert),
                     t->ended);
            list_names(cert, t->names, sizeof t->names);
        }
    }
    if (is_fine && cert != NULL && X509_STORE_CTX_get_error_depth(store) == 0) {
        struct tm tm;
        if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1) {
            t->cert_end_s = (int64_t)timegm(&tm);
        }
    }
    return is_fine;
}

static lp_exit_t fail_certificate(const lp_tls_link_t *t, lp_fault_t *f)
{
    const char *host = t->broker->host;
    lp_fault_set(f, LP_EXIT_NETWORK, "broker-tls", "the broker's certificate is not right");
    switch (t->verify_error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        lp_fault_why(f, "it ended on %s", t->ended);
        lp_fault_next(f, "make a new one (limpet ca server %.100s) and restart the broker", host);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        lp_fault_why(f, "it begins on %s only", t->ended);
        lp_fault_next(f, "check the clock of this computer (timedatectl)");
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        lp_fault_why(f, "it is for %s, not for %.100s", t->names[0] != '\0' ? t->names : "nobody",
                     host);
        lp_fault_next(f, "use a name that is in it, or make one for this: limpet ca server %.100s",
                      host);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        lp_fault_why(f, "another CA signed it than the one that is trusted here");
        lp_fault_next(f, "is this the right broker? Name the CA that signs it with --ca-file FILE");
        break;
    default:
        lp_fault_why(f, "%s", X509_verify_cert_error_string(t->verify_error));
        lp_fault_next(f, "look at it: openssl s_client -connect %.100s -showcerts",
                      t->broker->server);
    }
    return f->exit;
}

// --- what the broker says of ours

static const char *alert_words(int reason)
{
    switch (reason) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "it does not know the CA that signed it: is this CA's ca.pem the broker's cafile?";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        return "it is on the broker's revocation list";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        return "it is not valid at the broker's time: compare the clocks";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return "it wants a certificate";
    default:
        return NULL;
    }
}

// The newest error of OpenSSL, as a refusal or as a broken connection.
static lp_exit_t fail_connection(lp_fault_t *f)
{
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_REASON(error);
    const char *words = ERR_reason_error_string(error);
    bool is_alert = ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET;
    if (is_alert) {
        const char *known = alert_words(reason);
        lp_fault_set(f, LP_EXIT_CLOUD, "broker-refused",
                     "the broker refuses this tool's certificate");
        lp_fault_why(f, "%s", known != NULL ? known : words != NULL ? words : "TLS alert");
        lp_fault_next(f, "the broker's log says more");
    } else {
        lp_fault_set(f, LP_EXIT_NETWORK, "broker-lost", "the broker closed the connection");
        lp_fault_why(f, "%s", words != NULL ? words : "without a word");
        lp_fault_next(f, "the broker's log says why; is it an MQTT broker with TLS?");
    }
    ERR_clear_error();
    return f->exit;
}

// --- the handshake

static bool load_roots(SSL_CTX *ctx, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    size_t n = 0;
    for (X509 *x; bio != NULL && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL;) {
        n += X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x) == 1 ? 1u : 0u;
        X509_free(x);
    }
    BIO_free(bio);
    ERR_clear_error();
    return n > 0;
}

static bool set_host(SSL *ssl, const char *host)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    ERR_clear_error();
    if (address != NULL) {
        ASN1_OCTET_STRING_free(address);
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    }
    char name[LP_BROKER_HOST_MAX + 1]; // the macro takes what it does not change
    snprintf(name, sizeof name, "%s", host);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 &&
           SSL_set_tlsext_host_name(ssl, name) == 1;
}

static bool prepare(lp_tls_link_t *t, const lp_broker_self_t *self)
{
    t->ctx = SSL_CTX_new(TLS_client_method());
    if (t->ctx == NULL || SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION) != 1 ||
        !load_roots(t->ctx, self->roots)) {
        return false;
    }
    // An intermediate that the user named as trusted is enough.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(t->ctx), X509_V_FLAG_PARTIAL_CHAIN);
    SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, on_verify);
    if (self->cert != NULL && (SSL_CTX_use_certificate(t->ctx, self->cert) != 1 ||
                               SSL_CTX_use_PrivateKey(t->ctx, self->key) != 1)) {
        return false;
    }
    t->ssl = SSL_new(t->ctx);
    if (t->ssl == NULL || SSL_set_fd(t->ssl, t->fd) != 1 || !set_host(t->ssl, t->broker->host)) {
        return false;
    }
    SSL_set_app_data(t->ssl, t);
    return true;
}

// What SSL waits for after `rc`; 0: it failed.
static short wanted(const lp_tls_link_t *t, int rc)
{
    int error = SSL_get_error(t->ssl, rc);
    return error == SSL_ERROR_WANT_READ    ? (short)POLLIN
           : error == SSL_ERROR_WANT_WRITE ? (short)POLLOUT
                                           : (short)0;
}

static lp_exit_t fail_silent(lp_fault_t *f)
{
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    lp_fault_set(f, LP_EXIT_NETWORK, "broker-silent", "the broker does not answer");
    lp_fault_why(f, "a connection was made, and then nothing came for %d s", CONNECT_MS / 1000);
    lp_fault_next(f, "does this port speak TLS? 8883 is the usual one");
    return f->exit;
}

static lp_exit_t shake_hands(lp_tls_link_t *t, uint64_t deadline, lp_fault_t *f)
{
    int rc = 0;
    ERR_clear_error();
    while ((rc = SSL_connect(t->ssl)) != 1) {
        short events = wanted(t, rc);
        if (events == 0) {
            lp_exit_t failed = t->verify_error != 0 ? fail_certificate(t, f) : fail_connection(f);
            ERR_clear_error();
            return failed;
        }
        if (!wait_for(t->fd, events, deadline)) {
            return fail_silent(f);
        }
    }
    return LP_EXIT_OK;
}

lp_exit_t lp_tls_open(lp_tls_link_t *t, const lp_broker_t *broker, const lp_broker_self_t *self,
                      lp_fault_t *f)
{
    uint64_t deadline = lp_ui_now_ms() + CONNECT_MS;
    *t = (lp_tls_link_t){.fd = -1, .broker = broker};
    lp_exit_t rc = dial(t, deadline, f);
    if (rc == LP_EXIT_OK && !prepare(t, self)) {
        ERR_clear_error();
        rc = lp_fault_set(f, LP_EXIT_LOCAL, "broker-tls", "TLS cannot be set up");
        lp_fault_why(f, "the trusted roots, the certificate or its key cannot be used");
    }
    rc = rc == LP_EXIT_OK ? shake_hands(t, deadline, f) : rc;
    if (rc != LP_EXIT_OK) {
        lp_tls_close(t);
    }
    return rc;
}

void lp_tls_close(lp_tls_link_t *t)
{
    if (t->ssl != NULL) {
        (void)SSL_shutdown(t->ssl);
    }
    SSL_free(t->ssl);
    SSL_CTX_free(t->ctx);
    if (t->fd >= 0) {
        close(t->fd);
    }
    t->ssl = NULL;
    t->ctx = NULL;
    t->fd = -1;
    ERR_clear_error();
}

lp_exit_t lp_tls_write(lp_tls_link_t *t, const uint8_t *data, size_t len, lp_fault_t *f)
{
    uint64_t deadline = lp_ui_now_ms() + CONNECT_MS;
    size_t n = 0;
    int rc = 0;
    ERR_clear_error();
    while ((rc = SSL_write_ex(t->ssl, data, len, &n)) != 1) {
        short events = wanted(t, rc);
        if (events == 0) {
            return fail_connection(f);
        }
        if (!wait_for(t->fd, events, deadline)) {
            return fail_silent(f);
        }
    }
    return LP_EXIT_OK;
}

lp_tls_io_t lp_tls_read(lp_tls_link_t *t, uint8_t *data, size_t cap, int timeout_ms, size_t *got,
                        lp_fault_t *f)
{
    uint64_t deadline = lp_ui_now_ms() + (uint64_t)timeout_ms;
    int rc = 0;
    ERR_clear_error();
    while ((rc = SSL_read_ex(t->ssl, data, cap, got)) != 1) {
        short events = wanted(t, rc);
        if (events == 0) {
            (void)fail_connection(f);
            return LP_TLS_CLOSED;
        }
        if (!wait_for(t->fd, events, deadline)) {
            return LP_TLS_LATER;
        }
    }
    return LP_TLS_DONE;
}
