// SPDX-License-Identifier: Apache-2.0
// Certificates: ours, the trust anchors, and the way from the server's to one of them.
//
//   server's --signed by--> [intermediates, in the order sent] --signed by--> a trust anchor
//
// Checked of each: signature, dates, version and extensions; of each authority that it is one, may
// sign, and allows as many below it; of the server's what it may be used for and whose it is.
// @source RFC 5280, section 6.1, without policies and name constraints, which are refused when
// critical
#include <string.h>

#include "limpet/pem.h"
#include "limpet/port/clock.h"
#include "limpet/x509.h"
#include "lp_mbedtls_platform.h"
#include "tls12.h"

enum { PRINTED_MAX = 48, DEPTH_MAX = 8, LENGTH = 3 };

typedef struct {
    lp_span_t der;
    lp_x509_t x;
    lp_x509_ext_t ext;
} cert_t;

// ---- Reading -----------------------------------------------------------------------------------

static lp_err_t read_cert(lp_span_t der, cert_t *cert)
{
    lp_err_t err = lp_x509_read(der, &cert->x);
    if (err == LP_OK) {
        err = lp_x509_read_extensions(cert->x.extensions, &cert->ext);
    }
    cert->der = der;
    return err;
}

// Trust anchors that could not be used are passed over, which must not be all of them.
static lp_err_t judge(lp_span_t der, bool is_trust, unsigned *skipped, bool *is_kept)
{
    cert_t cert;
    const lp_err_t err = read_cert(der, &cert);
    *is_kept = !is_trust || (err == LP_OK && cert.x.p256.len > 0);
    *skipped += *is_kept ? 0 : 1;
    return err == LP_E_FORMAT ? err : LP_OK;
}

// Base64 is longer than what it stands for, and a block has two lines besides, so blocks are
// decoded over the text that they are made of, lengths and all.
static lp_err_t decode(lp_span_t text, lp_buf_t *out, bool is_trust, unsigned *skipped)
{
    for (;;) {
        const size_t at = out->len;
        bool is_kept = false;
        out->len += LENGTH;
        lp_err_t err =
            out->len <= out->cap ? lp_pem_decode(&text, "CERTIFICATE", out) : LP_E_NOT_FOUND;
        const lp_span_t der = lp_span(out->ptr + at + LENGTH, out->len - at - LENGTH);
        if (err == LP_OK) {
            err = judge(der, is_trust, skipped, &is_kept);
        }
        if (is_kept) {
            lp_tls12_put_number(out->ptr + at, LENGTH, der.len);
        } else {
            out->len = at;
        }
        if (err != LP_OK) {
            return err == LP_E_NOT_FOUND && out->len > 0 ? LP_OK : LP_E_FORMAT;
        }
    }
}

lp_err_t lp_tls12_load(lp_tls12_certs_t *certs, const lp_tls_pem_t *pem, bool is_trust,
                       unsigned *skipped)
{
    uint8_t *room = lp_tls_calloc(1, pem->len);
    if (room == NULL) {
        return LP_E_NOSPACE;
    }
    lp_buf_t out = lp_buf(room, pem->len);
    lp_err_t err = lp_tls_read_pem(pem, 0, room, pem->len);
    if (err == LP_OK) {
        err = decode(lp_span(room, pem->len), &out, is_trust, skipped);
    }
    if (err == LP_OK) {
        certs->ptr = lp_tls_calloc(1, out.len);
        err = certs->ptr != NULL ? LP_OK : LP_E_NOSPACE;
    }
    if (err == LP_OK) {
        memcpy(certs->ptr, room, out.len);
        certs->len = out.len;
    }
    lp_tls_free(room);
    return err;
}

// ---- Words -------------------------------------------------------------------------------------

typedef struct {
    char text[PRINTED_MAX + 48];
} who_t;

static const char *who(who_t *w, const cert_t *cert, unsigned depth)
{
    char name[PRINTED_MAX];
    lp_tls_print_name(cert->x.subject.ptr, cert->x.subject.len, name, sizeof name);
    (void)lp_fmt_str(w->text, sizeof w->text, "%s \"%s\"",
                     depth == 0 ? "the server's certificate" : "the authority's certificate", name);
    return w->text;
}

// The words are there already.
static lp_err_t distrust(lp_tls_t *tls, uint8_t alert, lp_err_t err)
{
    lp_tls12_alert(tls, true, alert);
    return lp_tls12_end(tls, err);
}

static lp_err_t unusable(lp_tls_t *tls, const cert_t *cert, unsigned depth, const char *why)
{
    who_t w;
    LP_TLS_DETAIL(tls, "%s %s", who(&w, cert, depth), why);
    return distrust(tls, LP_TLS12_UNSUPPORTED_CERTIFICATE, LP_E_TLS_CERT);
}

static lp_err_t malformed(lp_tls_t *tls)
{
    LP_TLS_DETAIL(tls, "a certificate of the server is malformed or not supported");
    return distrust(tls, LP_TLS12_BAD_CERTIFICATE, LP_E_TLS_CERT);
}

static lp_err_t untrusted(lp_tls_t *tls, const cert_t *cert, unsigned depth)
{
    who_t w;
    char issuer[PRINTED_MAX];
    const char *whose = depth == 0 ? who(&w, cert, 0) : "the server's certificate";
    if (depth == 0 && lp_span_equal(cert->x.subject, cert->x.issuer)) {
        LP_TLS_DETAIL(tls, "%s is self-signed and not one of the trust anchors", whose);
    } else {
        lp_tls_print_name(cert->x.issuer.ptr, cert->x.issuer.len, issuer, sizeof issuer);
        LP_TLS_DETAIL(tls, "%s leads to \"%s\", which is not one of the trust anchors", whose,
                      issuer);
    }
    return distrust(tls, LP_TLS12_UNKNOWN_CA, LP_E_TLS_CERT);
}

// ---- Our own -----------------------------------------------------------------------------------

static lp_span_t first_own(const lp_tls_t *tls)
{
    const lp_tls12_certs_t *own = &tls->session_->papers->own;
    lp_span_t list = lp_span(own->ptr, own->len), der = {0};
    (void)lp_tls12_take_vector(&list, LENGTH, &der);
    return der;
}

lp_err_t lp_tls12_check_own(lp_tls_t *tls)
{
    return lp_tls_check_own(tls, first_own(tls));
}

bool lp_tls12_is_own_key(const lp_tls_t *tls, const uint8_t pub[LP_KEY_PUBLIC_BYTES])
{
    return lp_tls_is_own_key(first_own(tls), pub);
}

// ---- The way to a trust anchor -----------------------------------------------------------------

typedef struct {
    lp_tls_t *tls;
    int64_t now_s;
    lp_span_t rest; // what was sent behind the certificate that is looked at
    unsigned depth; // of that one; the server's is 0
    unsigned self_issued;
    bool is_out_of_date; // one was, and the words say which
} path_t;

static bool is_in_time(const cert_t *cert, int64_t now_s)
{
    return now_s >= cert->x.not_before && now_s <= cert->x.not_after;
}

static void note_dates(path_t *p, const cert_t *cert, unsigned depth)
{
    who_t w;
    if (p->tls->session_->c.check_dates && !is_in_time(cert, p->now_s)) {
        p->is_out_of_date = true;
        (void)lp_tls_explain_date(p->tls, who(&w, cert, depth), &cert->x, p->now_s,
                                  "; is this board's clock right?");
    }
}

static bool is_sha256_ecdsa(const cert_t *cert)
{
    static const uint8_t algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                        0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    return lp_span_equal(cert->x.algorithm, lp_span(algorithm, sizeof algorithm));
}

// Names are equal when their bytes are (RFC 5280, 4.1.2.6). Anchors of the first versions have no
// extensions that could say that they are authorities.
static bool may_have_signed(const path_t *p, const cert_t *child, const cert_t *parent,
                            bool is_anchor)
{
    const lp_x509_ext_t *ext = &parent->ext;
    const bool is_old = is_anchor && parent->x.version < 3;
    const bool is_authority =
        is_old || (ext->is_ca && (!ext->has_usage || (ext->usage & LP_X509_USAGE_CERT_SIGN) != 0));
    return is_authority && parent->x.p256.len > 0 &&
           lp_span_equal(child->x.issuer, parent->x.subject) &&
           (!ext->has_path_max || p->depth - p->self_issued <= ext->path_max);
}

static lp_err_t check_signature(const path_t *p, const cert_t *child, const cert_t *parent)
{
    uint8_t digest[LP_SHA256_LEN];
    if (!is_sha256_ecdsa(child)) {
        return LP_E_DENIED;
    }
    lp_sha256(child->x.tbs, digest);
    return lp_tls12_check(p->tls, parent->x.p256.ptr, digest, child->x.signature);
}

// An anchor that has signed it, if there is one the dates of which are right. LP_E_NOT_FOUND.
static lp_err_t find_anchor(const path_t *p, const cert_t *child, cert_t *anchor)
{
    const lp_tls12_certs_t *trust = &p->tls->session_->papers->trust;
    lp_span_t list = lp_span(trust->ptr, trust->len), der;
    bool is_found = false;
    while (lp_tls12_take_vector(&list, LENGTH, &der)) {
        cert_t cert;
        if (read_cert(der, &cert) != LP_OK || !may_have_signed(p, child, &cert, true)) {
            continue;
        }
        const lp_err_t err = check_signature(p, child, &cert);
        if (err == LP_OK && (!is_found || is_in_time(&cert, p->now_s))) {
            *anchor = cert;
            is_found = true;
        }
        if (err != LP_OK && err != LP_E_DENIED) {
            return err;
        }
    }
    return is_found ? LP_OK : LP_E_NOT_FOUND;
}

// The next that was sent and may have signed it: one, so that a chain costs as many signatures as
// it has certificates. LP_E_NOT_FOUND: none, or it has not. LP_E_FORMAT.
static lp_err_t find_next(path_t *p, const cert_t *child, cert_t *parent)
{
    lp_span_t der;
    while (lp_tls12_take_vector(&p->rest, LENGTH, &der)) {
        const lp_err_t err = read_cert(der, parent);
        if (err != LP_OK) {
            return LP_E_FORMAT;
        }
        if (may_have_signed(p, child, parent, false)) {
            const lp_err_t signature = check_signature(p, child, parent);
            return signature == LP_E_DENIED ? LP_E_NOT_FOUND : signature;
        }
    }
    return LP_E_NOT_FOUND;
}

// A server's own certificate can be an anchor, without being an authority.
static bool is_pinned(const path_t *p, const cert_t *cert)
{
    const lp_tls12_certs_t *trust = &p->tls->session_->papers->trust;
    lp_span_t list = lp_span(trust->ptr, trust->len), der;
    while (lp_tls12_take_vector(&list, LENGTH, &der)) {
        if (lp_span_equal(der, cert->der)) {
            return lp_span_equal(cert->x.subject, cert->x.issuer);
        }
    }
    return false;
}

static lp_err_t climb(path_t *p, cert_t *cert)
{
    cert_t next;
    note_dates(p, cert, 0);
    if (is_pinned(p, cert)) {
        return LP_OK;
    }
    for (;;) {
        lp_err_t err = find_anchor(p, cert, &next);
        if (err == LP_OK) {
            note_dates(p, &next, p->depth + 1);
            return LP_OK;
        }
        if (err == LP_E_NOT_FOUND) {
            err = p->depth < DEPTH_MAX ? find_next(p, cert, &next) : err;
        }
        if (err == LP_E_NOT_FOUND) {
            return untrusted(p->tls, cert, p->depth);
        }
        if (err != LP_OK) {
            return err == LP_E_FORMAT ? malformed(p->tls) : lp_tls12_key_failed(p->tls, err);
        }
        if (p->depth > 0 && lp_span_equal(cert->x.subject, cert->x.issuer)) {
            p->self_issued++;
        }
        *cert = next;
        p->depth++;
        note_dates(p, cert, p->depth);
    }
}

// ---- The server's ------------------------------------------------------------------------------

static bool is_for_host(const lp_tls_session_t *s, const cert_t *cert)
{
    return s->c.ip_len > 0 ? lp_x509_is_address(&cert->ext, lp_span(s->c.ip, s->c.ip_len))
                           : lp_x509_is_host(&cert->x, &cert->ext, lp_span_str(s->papers->host));
}

static lp_err_t wrong_name(lp_tls_t *tls, const cert_t *cert)
{
    lp_span_t names = cert->ext.names;
    lp_x509_name_t name;
    char text[PRINTED_MAX];
    lp_tls_print_name(cert->x.subject.ptr, cert->x.subject.len, text, sizeof text);
    while (lp_x509_next_name(&names, &name)) {
        if (!name.is_ip) {
            lp_tls_print(name.value.ptr, name.value.len, text, sizeof text);
            break;
        }
    }
    LP_TLS_DETAIL(tls, "the server's certificate is for \"%s\", not for \"%s\"", text,
                  tls->session_->papers->host);
    return distrust(tls, LP_TLS12_BAD_CERTIFICATE, LP_E_TLS_NAME);
}

static lp_err_t check_kind(lp_tls_t *tls, const cert_t *cert)
{
    static const uint8_t server_auth[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
    const lp_x509_ext_t *ext = &cert->ext;
    if (cert->x.p256.len == 0) {
        return unusable(tls, cert, 0, "has a key of a kind or size that is not accepted");
    }
    if (!is_sha256_ecdsa(cert)) {
        LP_TLS_DETAIL(tls, "the server's certificate uses algorithms that are too weak or unknown");
        return distrust(tls, LP_TLS12_BAD_CERTIFICATE, LP_E_TLS_CERT);
    }
    if (!lp_x509_is_for(ext, lp_span(server_auth, sizeof server_auth)) ||
        (ext->has_usage && (ext->usage & LP_X509_USAGE_SIGNATURE) == 0)) {
        return unusable(tls, cert, 0, "is not meant for a TLS server");
    }
    return LP_OK;
}

// Trust before dates before name: the gravest finding is the one that is told.
lp_err_t lp_tls12_verify(lp_tls_t *tls, lp_span_t list)
{
    lp_tls_session_t *s = tls->session_;
    path_t p = {.tls = tls};
    cert_t leaf, cert;
    lp_span_t der;
    if (!lp_tls12_take_vector(&list, LENGTH, &der) || read_cert(der, &leaf) != LP_OK) {
        return malformed(tls);
    }
    lp_err_t err = check_kind(tls, &leaf);
    if (err != LP_OK) {
        return err;
    }
    (void)lp_port_utc_s(&p.now_s); // unknown: only when dates are not checked
    p.rest = list;
    cert = leaf;
    err = climb(&p, &cert);
    if (err != LP_OK) {
        return err;
    }
    if (p.is_out_of_date) {
        return distrust(tls, LP_TLS12_CERTIFICATE_EXPIRED, LP_E_TLS_EXPIRED);
    }
    if (!is_for_host(s, &leaf)) {
        return wrong_name(tls, &leaf);
    }
    memcpy(s->papers->server_key, leaf.x.p256.ptr, sizeof s->papers->server_key);
    return LP_OK;
}
