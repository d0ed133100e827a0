// SPDX-License-Identifier: Apache-2.0
// ClientHello: what is offered is the same each time, but for names. ServerHello: it must have been
// offered.
#include <string.h>

#include "limpet/endian.h"
#include "tls12.h"

enum { VERSION = 0x0303, SUITE = 0xC02B, RENEGOTIATION_SCSV = 0x00FF };
enum {
    SERVER_NAME = 0,
    SUPPORTED_GROUPS = 10,
    POINT_FORMATS = 11,
    SIGNATURE_ALGORITHMS = 13,
    ALPN = 16,
    EXTENDED_MASTER_SECRET = 23,
    RENEGOTIATION_INFO = 0xFF01,
};
// Of a ClientHello without names; all of it fits into one record.
enum {
    FIXED_BYTES = 43 + 2 + 26 + 9 + 7,
    HELLO_MAX = FIXED_BYTES + LP_TLS_HOST_MAX + LP_TLS_ALPN_MAX
};
_Static_assert(HELLO_MAX + 4 <= LP_TLS12_OUT_BYTES, "a ClientHello fits into one record");

static void put16(lp_buf_t *b, size_t value)
{
    lp_put_be16(b->ptr + b->len, (uint16_t)value);
    b->len += 2;
}

// An extension with a list of one text: name_type and lengths in front of it.
static void put_name(lp_buf_t *b, const char *host)
{
    const size_t len = strlen(host);
    put16(b, SERVER_NAME);
    put16(b, len + 5);
    put16(b, len + 3);
    (void)lp_buf_put_byte(b, 0); // host_name
    put16(b, len);
    (void)lp_buf_put_str(b, host);
}

static void put_alpn(lp_buf_t *b, const char *protocol)
{
    const size_t len = strlen(protocol);
    put16(b, ALPN);
    put16(b, len + 3);
    put16(b, len + 1);
    (void)lp_buf_put_byte(b, (uint8_t)len);
    (void)lp_buf_put_str(b, protocol);
}

// An IP address must not be sent as a name (RFC 6066, 3).
static void put_extensions(lp_buf_t *b, const lp_tls_session_t *s)
{
    static const uint8_t fixed[] = {
        0,
        SUPPORTED_GROUPS,
        0,
        4,
        0,
        2,
        0,
        LP_TLS12_GROUP,
        0,
        POINT_FORMATS,
        0,
        2,
        1,
        0,
        0,
        SIGNATURE_ALGORITHMS,
        0,
        4,
        0,
        2,
        LP_TLS12_SIGNATURE >> 8,
        LP_TLS12_SIGNATURE & 0xff,
        0,
        EXTENDED_MASTER_SECRET,
        0,
        0,
    };
    const size_t at = b->len;
    b->len += 2;
    (void)lp_buf_put(b, lp_span(fixed, sizeof fixed));
    if (s->c.ip_len == 0) {
        put_name(b, s->papers->host);
    }
    if (s->c.alpn[0] != '\0') {
        put_alpn(b, s->c.alpn);
    }
    lp_put_be16(b->ptr + at, (uint16_t)(b->len - at - 2));
}

lp_err_t lp_tls12_send_hello(lp_tls_t *tls)
{
    // No session to resume; two suites, one of which says that there is no renegotiation; no
    // compression.
    static const uint8_t offer[] = {
        0, 0, 4, SUITE >> 8, SUITE & 0xff, RENEGOTIATION_SCSV >> 8, RENEGOTIATION_SCSV & 0xff, 1, 0,
    };
    lp_tls_session_t *s = tls->session_;
    uint8_t body[HELLO_MAX];
    lp_buf_t b = lp_buf(body, sizeof body);
    if (lp_tls_rng_fill(NULL, s->papers->randoms, LP_TLS12_RANDOM) != 0) {
        lp_tls_session_key_failed(tls, LP_TLS_USE_RANDOM, LP_E_IO);
        return lp_tls12_key_failed(tls, LP_E_IO);
    }
    put16(&b, VERSION);
    (void)lp_buf_put(&b, lp_span(s->papers->randoms, LP_TLS12_RANDOM));
    (void)lp_buf_put(&b, lp_span(offer, sizeof offer));
    put_extensions(&b, s);
    lp_err_t err = lp_tls12_begin(tls, LP_TLS12_CLIENT_HELLO, b.len);
    if (err == LP_OK) {
        err = lp_tls12_say(tls, lp_buf_span(&b));
    }
    return err == LP_OK ? lp_tls12_flush(tls) : err;
}

// ---- ServerHello -------------------------------------------------------------------------------

static lp_err_t chose_what_was_not_offered(lp_tls_t *tls)
{
    return lp_tls12_refuse(tls, LP_TLS12_ILLEGAL_PARAMETER,
                           "it chose something that was not offered");
}

// ProtocolNameList with the one name that was offered.
static lp_err_t take_alpn(lp_tls_t *tls, lp_span_t body)
{
    lp_tls_session_t *s = tls->session_;
    lp_span_t list, name;
    if (!lp_tls12_take_vector(&body, 2, &list) || body.len != 0 ||
        !lp_tls12_take_vector(&list, 1, &name) || list.len != 0) {
        return lp_tls12_malformed(tls);
    }
    if (!lp_span_equal_str(name, s->c.alpn)) {
        return chose_what_was_not_offered(tls);
    }
    memcpy(tls->report_.alpn, s->c.alpn, sizeof tls->report_.alpn);
    return LP_OK;
}

// Only what was asked for may be answered. *seen has a bit for each that was.
static lp_err_t take_extension(lp_tls_t *tls, size_t type, lp_span_t body, uint32_t *seen)
{
    lp_tls_session_t *s = tls->session_;
    const uint32_t bit = type == RENEGOTIATION_INFO ? 1u << 31 : type < 31 ? 1u << type : 0;
    uint32_t asked = 1u << POINT_FORMATS | 1u << EXTENDED_MASTER_SECRET | 1u << 31;
    asked |= s->c.ip_len == 0 ? 1u << SERVER_NAME : 0;
    asked |= s->c.alpn[0] != '\0' ? 1u << ALPN : 0;
    if ((asked & bit) == 0 || (*seen & bit) != 0) {
        return lp_tls12_refuse(tls, LP_TLS12_UNSUPPORTED_EXTENSION,
                               "it sent an extension that was not asked for");
    }
    *seen |= bit;
    switch (type) {
    case ALPN:
        return take_alpn(tls, body);
    case EXTENDED_MASTER_SECRET:
        s->papers->has_ems = true;
        return body.len == 0 ? LP_OK : lp_tls12_malformed(tls);
    case RENEGOTIATION_INFO: // renegotiated_connection is empty in a first handshake
        return body.len == 1 && body.ptr[0] == 0
                   ? LP_OK
                   : lp_tls12_refuse(tls, LP_TLS12_HANDSHAKE_FAILURE,
                                     "it chose something that was not offered");
    default:
        return LP_OK;
    }
}

static lp_err_t take_extensions(lp_tls_t *tls, lp_span_t body)
{
    lp_span_t list, head, value;
    uint32_t seen = 0;
    if (body.len == 0) {
        return LP_OK;
    }
    if (!lp_tls12_take_vector(&body, 2, &list) || body.len != 0) {
        return lp_tls12_malformed(tls);
    }
    while (list.len > 0) {
        if (!lp_tls12_take(&list, 2, &head) || !lp_tls12_take_vector(&list, 2, &value)) {
            return lp_tls12_malformed(tls);
        }
        const lp_err_t err = take_extension(tls, lp_get_be16(head.ptr), value, &seen);
        if (err != LP_OK) {
            return err;
        }
    }
    return LP_OK;
}

// server_version, random, session_id, cipher_suite, compression_method, extensions
static lp_err_t read_hello(lp_tls_t *tls, lp_span_t body)
{
    lp_span_t version, random, session, choice;
    if (!lp_tls12_take(&body, 2, &version)) {
        return lp_tls12_malformed(tls);
    }
    if (lp_get_be16(version.ptr) != VERSION) {
        return lp_tls12_refuse(tls, LP_TLS12_PROTOCOL_VERSION,
                               "it chose a TLS version that is not accepted");
    }
    if (!lp_tls12_take(&body, LP_TLS12_RANDOM, &random) ||
        !lp_tls12_take_vector(&body, 1, &session) || session.len > 32 ||
        !lp_tls12_take(&body, 3, &choice)) {
        return lp_tls12_malformed(tls);
    }
    if (lp_get_be16(choice.ptr) != SUITE || choice.ptr[2] != 0) {
        return chose_what_was_not_offered(tls);
    }
    memcpy(tls->session_->papers->randoms + LP_TLS12_RANDOM, random.ptr, random.len);
    return take_extensions(tls, body);
}

lp_err_t lp_tls12_take_hello(lp_tls_t *tls)
{
    lp_span_t body;
    lp_err_t err = lp_tls12_expect(tls, LP_TLS12_SERVER_HELLO, &body);
    if (err == LP_OK) {
        err = read_hello(tls, body);
    }
    if (err == LP_OK) {
        lp_tls12_done(tls);
    }
    return err;
}
