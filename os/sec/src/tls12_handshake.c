// SPDX-License-Identifier: Apache-2.0
// The handshake, in the order in which it happens:
//
//   ClientHello               ->
//                             <-  ServerHello, Certificate, ServerKeyExchange,
//                                 [CertificateRequest], ServerHelloDone
//   [Certificate], ClientKeyExchange,
//   [CertificateVerify], {ChangeCipherSpec}, Finished   ->
//                             <-  {ChangeCipherSpec}, Finished
#include <string.h>

#include "limpet/der.h"
#include "limpet/endian.h"
#include "tls12.h"

enum { HEAD = 4, POINT = 1 + LP_KEY_PUBLIC_BYTES, UNCOMPRESSED = 4, NAMED_CURVE = 3 };

// ---- Messages ----------------------------------------------------------------------------------

// Keys change between messages only: nothing of one may be left when they do.
static lp_err_t collect(lp_tls_t *tls)
{
    lp_tls_session_t *s = tls->session_;
    uint8_t type = 0;
    lp_err_t err = lp_tls12_await(tls, &type);
    if (err != LP_OK) {
        return err;
    }
    if (type != LP_TLS12_HANDSHAKE || s->text.len == 0) {
        return lp_tls12_out_of_turn(tls);
    }
    memmove(s->in + s->kept, s->text.ptr, s->text.len);
    s->kept += s->text.len;
    s->text.len = 0;
    return LP_OK;
}

lp_err_t lp_tls12_message(lp_tls_t *tls, uint8_t *type, lp_span_t *body)
{
    lp_tls_session_t *s = tls->session_;
    size_t need = HEAD;
    while (s->kept < need || (need = HEAD + lp_tls12_number(s->in + 1, 3)) > s->kept) {
        if (need > sizeof s->in) {
            return lp_tls12_refuse(tls, LP_TLS12_RECORD_OVERFLOW,
                                   "what came is not TLS, or its records are too long");
        }
        const lp_err_t err = collect(tls);
        if (err != LP_OK) {
            return err;
        }
    }
    s->message_len = need;
    *type = s->in[0];
    *body = lp_span(s->in + HEAD, need - HEAD);
    return LP_OK;
}

lp_err_t lp_tls12_expect(lp_tls_t *tls, uint8_t type, lp_span_t *body)
{
    uint8_t got = 0;
    const lp_err_t err = lp_tls12_message(tls, &got, body);
    if (err != LP_OK) {
        return err;
    }
    return got == type ? LP_OK : lp_tls12_out_of_turn(tls);
}

void lp_tls12_done(lp_tls_t *tls)
{
    lp_tls_session_t *s = tls->session_;
    lp_sha256_update(&s->papers->transcript, lp_span(s->in, s->message_len));
    s->kept -= s->message_len;
    memmove(s->in, s->in + s->message_len, s->kept);
    s->message_len = 0;
}

lp_err_t lp_tls12_say(lp_tls_t *tls, lp_span_t bytes)
{
    lp_sha256_update(&tls->session_->papers->transcript, bytes);
    return lp_tls12_put(tls, LP_TLS12_HANDSHAKE, bytes);
}

lp_err_t lp_tls12_begin(lp_tls_t *tls, uint8_t type, size_t body_len)
{
    uint8_t head[HEAD] = {type};
    lp_tls12_put_number(head + 1, 3, body_len);
    return lp_tls12_say(tls, lp_span(head, sizeof head));
}

// ---- From the server ---------------------------------------------------------------------------

static lp_err_t take_certificate(lp_tls_t *tls)
{
    lp_span_t body, list;
    lp_err_t err = lp_tls12_expect(tls, LP_TLS12_CERTIFICATE, &body);
    if (err == LP_OK && (!lp_tls12_take_vector(&body, 3, &list) || body.len != 0)) {
        err = lp_tls12_malformed(tls);
    }
    if (err == LP_OK) {
        err = lp_tls12_verify(tls, list);
    }
    if (err == LP_OK) {
        lp_tls12_done(tls);
    }
    return err;
}

// What the server signs: both randoms, then the parameters.
static lp_err_t check_exchange(lp_tls_t *tls, lp_span_t params, lp_span_t signature)
{
    const lp_tls12_papers_t *p = tls->session_->papers;
    uint8_t digest[LP_SHA256_LEN];
    lp_sha256_t h;
    lp_sha256_init(&h);
    lp_sha256_update(&h, lp_span(p->randoms, sizeof p->randoms));
    lp_sha256_update(&h, params);
    lp_sha256_final(&h, digest);
    const lp_err_t err = lp_tls12_check(tls, p->server_key, digest, signature);
    if (err == LP_E_DENIED) {
        return lp_tls12_refuse(tls, LP_TLS12_DECRYPT_ERROR,
                               "its signature of the key exchange is wrong");
    }
    return err == LP_OK ? LP_OK : lp_tls12_key_failed(tls, err);
}

// curve_type, namedcurve, point; algorithm, signature
static lp_err_t read_exchange(lp_tls_t *tls, lp_span_t body)
{
    static const uint8_t curve[] = {NAMED_CURVE, 0, LP_TLS12_GROUP};
    const uint8_t *start = body.ptr;
    lp_span_t kind, point, algorithm, signature;
    if (!lp_tls12_take(&body, sizeof curve, &kind) || !lp_tls12_take_vector(&body, 1, &point)) {
        return lp_tls12_malformed(tls);
    }
    const lp_span_t params = lp_span(start, (size_t)(body.ptr - start));
    if (!lp_tls12_take(&body, 2, &algorithm) || !lp_tls12_take_vector(&body, 2, &signature) ||
        body.len != 0) {
        return lp_tls12_malformed(tls);
    }
    if (!lp_span_equal(kind, lp_span(curve, sizeof curve)) ||
        lp_get_be16(algorithm.ptr) != LP_TLS12_SIGNATURE) {
        return lp_tls12_refuse(tls, LP_TLS12_ILLEGAL_PARAMETER,
                               "it chose something that was not offered");
    }
    if (point.len != POINT || point.ptr[0] != UNCOMPRESSED ||
        !lp_tls_p256_is_point(point.ptr + 1)) {
        return lp_tls12_refuse(tls, LP_TLS12_ILLEGAL_PARAMETER,
                               "its part of the key exchange is no point of the curve");
    }
    memcpy(tls->session_->papers->server_point, point.ptr + 1, LP_KEY_PUBLIC_BYTES);
    return check_exchange(tls, params, signature);
}

static lp_err_t take_exchange(lp_tls_t *tls)
{
    lp_span_t body;
    lp_err_t err = lp_tls12_expect(tls, LP_TLS12_SERVER_KEY_EXCHANGE, &body);
    if (err == LP_OK) {
        err = read_exchange(tls, body);
    }
    if (err == LP_OK) {
        lp_tls12_done(tls);
    }
    return err;
}

static bool has_number(lp_span_t list, size_t number)
{
    for (size_t i = 0; i + 2 <= list.len; i += 2) {
        if (lp_get_be16(list.ptr + i) == number) {
            return true;
        }
    }
    return false;
}

// certificate_types, supported_signature_algorithms, certificate_authorities. Which authorities it
// knows is for the server to judge by.
static lp_err_t read_request(lp_tls_t *tls, lp_span_t body)
{
    lp_span_t types, algorithms, authorities;
    if (!lp_tls12_take_vector(&body, 1, &types) || !lp_tls12_take_vector(&body, 2, &algorithms) ||
        !lp_tls12_take_vector(&body, 2, &authorities) || body.len != 0) {
        return lp_tls12_malformed(tls);
    }
    if (tls->session_->c.has_identity && !has_number(algorithms, LP_TLS12_SIGNATURE)) {
        return lp_tls12_refuse(tls, LP_TLS12_HANDSHAKE_FAILURE,
                               "it offers no suite, group or signature that is accepted");
    }
    tls->session_->papers->is_asked = true;
    return LP_OK;
}

static lp_err_t take_rest(lp_tls_t *tls)
{
    lp_span_t body;
    uint8_t type = 0;
    lp_err_t err = lp_tls12_message(tls, &type, &body);
    if (err == LP_OK && type == LP_TLS12_CERTIFICATE_REQUEST) {
        err = read_request(tls, body);
        if (err == LP_OK) {
            lp_tls12_done(tls);
            err = lp_tls12_message(tls, &type, &body);
        }
    }
    if (err != LP_OK) {
        return err;
    }
    if (type != LP_TLS12_SERVER_HELLO_DONE) {
        return lp_tls12_out_of_turn(tls);
    }
    lp_tls12_done(tls);
    return body.len == 0 && tls->session_->kept == 0 ? LP_OK : lp_tls12_malformed(tls);
}

// ---- From us -----------------------------------------------------------------------------------

// Ours are kept as the message has them; without any the list is empty.
static lp_err_t send_certificate(lp_tls_t *tls)
{
    const lp_tls12_papers_t *p = tls->session_->papers;
    uint8_t length[3];
    if (!p->is_asked) {
        return LP_OK;
    }
    lp_tls12_put_number(length, sizeof length, p->own.len);
    lp_err_t err = lp_tls12_begin(tls, LP_TLS12_CERTIFICATE, sizeof length + p->own.len);
    if (err == LP_OK) {
        err = lp_tls12_say(tls, lp_span(length, sizeof length));
    }
    return err == LP_OK ? lp_tls12_say(tls, lp_span(p->own.ptr, p->own.len)) : err;
}

static lp_err_t send_signature(lp_tls_t *tls, const uint8_t raw[LP_KEY_SIGNATURE_BYTES])
{
    uint8_t body[4 + LP_ECDSA_DER_MAX];
    lp_buf_t der = lp_buf(body + 4, LP_ECDSA_DER_MAX);
    if (lp_ecdsa_to_der(&der, raw) != LP_OK) {
        lp_tls_session_key_failed(tls, LP_TLS_USE_SIGN, LP_E_FORMAT);
        return lp_tls12_key_failed(tls, LP_E_FORMAT);
    }
    lp_put_be16(body, LP_TLS12_SIGNATURE);
    lp_put_be16(body + 2, (uint16_t)der.len);
    const lp_err_t err = lp_tls12_begin(tls, LP_TLS12_CERTIFICATE_VERIFY, 4 + der.len);
    return err == LP_OK ? lp_tls12_say(tls, lp_span(body, 4 + der.len)) : err;
}

static lp_err_t prove(lp_tls_t *tls)
{
    const lp_tls_session_t *s = tls->session_;
    uint8_t digest[LP_SHA256_LEN], raw[LP_KEY_SIGNATURE_BYTES];
    if (!s->papers->is_asked || !s->c.has_identity) {
        return LP_OK;
    }
    lp_tls12_transcript(tls, digest);
    const lp_err_t err =
        lp_tls_engine_key(LP_KEY_OP_SIGN, s->c.id, digest, sizeof digest, raw, sizeof raw);
    return err == LP_OK ? send_signature(tls, raw) : lp_tls12_key_failed(tls, err);
}

static lp_err_t change_cipher(lp_tls_t *tls)
{
    static const uint8_t one = 1;
    lp_err_t err = lp_tls12_put(tls, LP_TLS12_CIPHER, lp_span(&one, 1));
    if (err == LP_OK) {
        err = lp_tls12_flush(tls);
    }
    tls->session_->writing.is_on = err == LP_OK;
    return err;
}

static lp_err_t send_finished(lp_tls_t *tls)
{
    uint8_t data[LP_TLS12_VERIFY_DATA];
    lp_err_t err = change_cipher(tls);
    if (err == LP_OK) {
        lp_tls12_verify_data(tls, "client finished", data);
        err = lp_tls12_begin(tls, LP_TLS12_FINISHED, sizeof data);
    }
    if (err == LP_OK) {
        err = lp_tls12_say(tls, lp_span(data, sizeof data));
    }
    return err == LP_OK ? lp_tls12_flush(tls) : err;
}

// ---- The end -----------------------------------------------------------------------------------

static lp_err_t take_change(lp_tls_t *tls)
{
    lp_tls_session_t *s = tls->session_;
    uint8_t type = 0;
    const lp_err_t err = lp_tls12_await(tls, &type);
    if (err != LP_OK) {
        return err;
    }
    if (type != LP_TLS12_CIPHER || s->kept != 0) {
        return lp_tls12_out_of_turn(tls);
    }
    if (s->text.len != 1 || s->text.ptr[0] != 1) {
        return lp_tls12_malformed(tls);
    }
    s->text.len = 0;
    s->reading.is_on = true;
    return LP_OK;
}

static lp_err_t take_finished(lp_tls_t *tls)
{
    lp_span_t body;
    uint8_t data[LP_TLS12_VERIFY_DATA];
    lp_err_t err = take_change(tls);
    if (err == LP_OK) {
        err = lp_tls12_expect(tls, LP_TLS12_FINISHED, &body);
    }
    if (err != LP_OK) {
        return err;
    }
    lp_tls12_verify_data(tls, "server finished", data);
    if (body.len != sizeof data || !lp_equal_ct(body.ptr, data, sizeof data)) {
        return lp_tls12_refuse(tls, LP_TLS12_DECRYPT_ERROR,
                               "a record was damaged on the way, or forged");
    }
    lp_tls12_done(tls);
    return tls->session_->kept == 0 ? LP_OK : lp_tls12_out_of_turn(tls);
}

// ---- All of it ---------------------------------------------------------------------------------

// The key is asked for before a byte is sent: a board whose chip was exchanged says so.
static lp_err_t prepare(lp_tls_t *tls)
{
    const lp_tls_session_t *s = tls->session_;
    uint8_t pub[LP_KEY_PUBLIC_BYTES];
    lp_err_t err = lp_tls_stir(tls);
    if (err == LP_OK && s->c.has_identity) {
        err = lp_tls_engine_public(s->c.id, pub);
        if (err == LP_OK && !lp_tls12_is_own_key(tls, pub)) {
            return lp_tls_refuse_key(tls);
        }
    }
    return err == LP_OK ? LP_OK : lp_tls12_key_failed(tls, err);
}

typedef lp_err_t step_fn(lp_tls_t *tls);

lp_err_t lp_tls_session_handshake(lp_tls_t *tls)
{
    static step_fn *const steps[] = {
        prepare,       lp_tls12_send_hello, lp_tls12_take_hello, take_certificate,
        take_exchange, take_rest,           send_certificate,    lp_tls12_exchange,
        prove,         send_finished,       take_finished,
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const lp_err_t err = steps[i](tls);
        if (err != LP_OK) {
            return err;
        }
        if (!lp_tls_engine_breathe()) {
            return LP_E_CANCELED;
        }
    }
    tls->report_.version = "TLS 1.2";
    tls->report_.suite = "ECDHE-ECDSA-AES128-GCM-SHA256";
    lp_tls_note_times(tls);
    return LP_OK;
}
