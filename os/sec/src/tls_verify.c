// SPDX-License-Identifier: Apache-2.0
// The server's certificates: what is wrong with which one, in words. Everything in a certificate is
// written by somebody else, so names are reduced to printable characters before they reach a log.
#include <string.h>

#include "limpet/fmt.h"
#include "tls_session.h"

enum {
    DATE_FLAGS = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE,
    PRINTED_MAX = 48,
};

static void name_of(const mbedtls_x509_buf *name, char *text, size_t cap)
{
    lp_tls_print_name(name->p, name->len, text, cap);
}

static bool has_ip(const mbedtls_x509_crt *crt, const uint8_t *ip, size_t len)
{
    for (const mbedtls_x509_sequence *san = &crt->subject_alt_names; san != NULL; san = san->next) {
        if ((san->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == MBEDTLS_X509_SAN_IP_ADDRESS &&
            san->buf.len == len && memcmp(san->buf.p, ip, len) == 0) {
            return true;
        }
    }
    return false;
}

static void first_name(const mbedtls_x509_crt *crt, char *text, size_t cap)
{
    for (const mbedtls_x509_sequence *san = &crt->subject_alt_names; san != NULL; san = san->next) {
        if ((san->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == MBEDTLS_X509_SAN_DNS_NAME) {
            lp_tls_print(san->buf.p, san->buf.len, text, cap);
            return;
        }
    }
    name_of(&crt->subject_raw, text, cap);
}

lp_err_t lp_tls_verify_error(uint32_t flags)
{
    if ((flags & ~(uint32_t)(DATE_FLAGS | MBEDTLS_X509_BADCERT_CN_MISMATCH)) != 0) {
        return LP_E_TLS_CERT;
    }
    return (flags & DATE_FLAGS) != 0 ? LP_E_TLS_EXPIRED : LP_E_TLS_NAME;
}

static const char *what_is_weak(uint32_t flags)
{
    if ((flags & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK)) != 0) {
        return "is signed with an algorithm that is too weak";
    }
    if ((flags & MBEDTLS_X509_BADCERT_BAD_KEY) != 0) {
        return "has a key of a kind or size that is not accepted";
    }
    if ((flags & (MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
                  MBEDTLS_X509_BADCERT_NS_CERT_TYPE)) != 0) {
        return "is not meant for a TLS server";
    }
    return "cannot be verified";
}

static void explain_trust(lp_tls_t *tls, const mbedtls_x509_crt *crt, int depth, uint32_t flags,
                          const char *who)
{
    char issuer[PRINTED_MAX];
    name_of(&crt->issuer_raw, issuer, sizeof issuer);
    bool is_own_issuer = crt->subject_raw.len == crt->issuer_raw.len &&
                         memcmp(crt->subject_raw.p, crt->issuer_raw.p, crt->issuer_raw.len) == 0;
    if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) == 0) {
        LP_TLS_DETAIL(tls, "%s %s", who, what_is_weak(flags));
    } else if (is_own_issuer && depth == 0) {
        LP_TLS_DETAIL(tls, "%s is self-signed and not one of the trust anchors", who);
    } else {
        LP_TLS_DETAIL(tls, "%s leads to \"%s\", which is not one of the trust anchors",
                      depth == 0 ? who : "the server's certificate", issuer);
    }
}

static void explain_dates(lp_tls_t *tls, const mbedtls_x509_crt *crt, uint32_t flags,
                          const char *who)
{
    bool is_past = (flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0;
    const mbedtls_x509_time *t = is_past ? &crt->valid_to : &crt->valid_from;
    LP_TLS_DETAIL(tls, "%s %s %d-%02d-%02d; is this board's clock right?", who,
                  is_past ? "expired on" : "is not valid before", t->year, t->mon, t->day);
}

static void explain(lp_tls_t *tls, const mbedtls_x509_crt *crt, int depth, uint32_t flags)
{
    if (crt->raw.p ==
        NULL) { // mbedTLS leaves out what it cannot parse, and verifies nothing at all
        LP_TLS_DETAIL(tls, "the server's certificate uses algorithms that are too weak or unknown");
        return;
    }
    char who[PRINTED_MAX + 48];
    char name[PRINTED_MAX];
    name_of(&crt->subject_raw, name, sizeof name);
    (void)lp_fmt_str(who, sizeof who, "%s \"%s\"",
                     depth == 0 ? "the server's certificate" : "the authority's certificate", name);
    lp_err_t err = lp_tls_verify_error(flags);
    if (err == LP_E_TLS_CERT) {
        explain_trust(tls, crt, depth, flags, who);
    } else if (err == LP_E_TLS_EXPIRED) {
        explain_dates(tls, crt, flags, who);
    } else {
        first_name(crt, name, sizeof name);
        LP_TLS_DETAIL(tls, "the server's certificate is for \"%s\", not for \"%s\"", name,
                      tls->session_->papers->host);
    }
}

// Trust before dates before name: the gravest finding is the one that is told.
static int severity(uint32_t flags)
{
    if (flags == 0) {
        return 0;
    }
    lp_err_t err = lp_tls_verify_error(flags);
    return err == LP_E_TLS_CERT ? 3 : err == LP_E_TLS_EXPIRED ? 2 : 1;
}

int lp_tls_verify(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    lp_tls_t *tls = ctx;
    lp_tls_session_t *s = tls->session_;
    if (!s->c.check_dates) {
        *flags &= ~(uint32_t)DATE_FLAGS;
    }
    if (depth == 0 && s->c.ip_len > 0 && !has_ip(crt, s->c.ip, s->c.ip_len)) {
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    }
    if (severity(*flags) > severity(s->verify_flags)) {
        explain(tls, crt, depth, *flags);
    }
    s->verify_flags |= *flags;
    lp_tls_resume_saw(tls, crt);
    return 0;
}
