// SPDX-License-Identifier: Apache-2.0
// struct { ContentType type; ProtocolVersion version; uint16 length; opaque fragment[length]; }
// encrypted: fragment = nonce[8] | sealed text | tag[16]
//
// The end of the lower stream is known when its LP_STREAM_CLOSED has come, which says why; until
// then a read that finds nothing waits. Bytes for a dead line vanish, as they do in a socket's
// buffer: what the server said before it hung up is then still read.
#include <string.h>

#include "limpet/endian.h"
#include "tls12.h"

enum { EXTRA_BYTES = 13, IDLE_MAX = 8, WARNING = 1, FATAL = 2 };
enum { BODY = LP_TLS12_HEADER + LP_TLS12_NONCE }; // where the text of a record begins in `out`

// ---- Bytes -------------------------------------------------------------------------------------

bool lp_tls12_take(lp_span_t *in, size_t n, lp_span_t *out)
{
    if (in->len < n) {
        return false;
    }
    *out = lp_span(in->ptr, n);
    *in = lp_span(in->ptr + n, in->len - n);
    return true;
}

size_t lp_tls12_number(const uint8_t *p, size_t bytes)
{
    size_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | p[i];
    }
    return value;
}

void lp_tls12_put_number(uint8_t *p, size_t bytes, size_t value)
{
    for (size_t i = bytes; i > 0; i--) {
        p[i - 1] = (uint8_t)value;
        value >>= 8;
    }
}

bool lp_tls12_take_vector(lp_span_t *in, size_t length_bytes, lp_span_t *out)
{
    lp_span_t length;
    return lp_tls12_take(in, length_bytes, &length) &&
           lp_tls12_take(in, lp_tls12_number(length.ptr, length_bytes), out);
}

// ---- Ends --------------------------------------------------------------------------------------

lp_err_t lp_tls12_end(lp_tls_t *tls, lp_err_t err)
{
    tls->report_.err = err;
    return err;
}

lp_err_t lp_tls12_refuse(lp_tls_t *tls, uint8_t alert, const char *what)
{
    lp_tls12_alert(tls, true, alert);
    LP_TLS_DETAIL(tls, "the server does not keep to TLS: %s", what);
    return lp_tls12_end(tls, LP_E_TLS_PROTOCOL);
}

lp_err_t lp_tls12_malformed(lp_tls_t *tls)
{
    return lp_tls12_refuse(tls, LP_TLS12_DECODE_ERROR, "a message is malformed");
}

lp_err_t lp_tls12_out_of_turn(lp_tls_t *tls)
{
    return lp_tls12_refuse(tls, LP_TLS12_UNEXPECTED_MESSAGE, "a message came out of turn");
}

static lp_err_t not_tls(lp_tls_t *tls, uint8_t alert)
{
    return lp_tls12_refuse(tls, alert, "what came is not TLS, or its records are too long");
}

// ---- Encryption --------------------------------------------------------------------------------

// seq_num | type | version | length of the text; the part of the nonce that is sent is the number.
static lp_gcm_t protection(const lp_tls12_way_t *way, uint8_t type, size_t len, const uint8_t *sent,
                           uint8_t nonce[LP_GCM_NONCE_BYTES], uint8_t extra[EXTRA_BYTES])
{
    memcpy(nonce, way->salt, sizeof way->salt);
    memcpy(nonce + sizeof way->salt, sent, LP_TLS12_NONCE);
    lp_put_be64(extra, way->number);
    extra[8] = type;
    extra[9] = 3;
    extra[10] = 3;
    lp_put_be16(extra + 11, (uint16_t)len);
    return (lp_gcm_t){way->key, nonce, lp_span(extra, EXTRA_BYTES)};
}

// body[len]: nonce, text, tag; the text is decrypted where it is.
static lp_err_t open_record(lp_tls_t *tls, uint8_t type, uint8_t *body, size_t len)
{
    lp_tls_session_t *s = tls->session_;
    uint8_t nonce[LP_GCM_NONCE_BYTES], extra[EXTRA_BYTES];
    if (len < LP_TLS12_NONCE + LP_GCM_TAG_BYTES) {
        return not_tls(tls, LP_TLS12_BAD_RECORD_MAC);
    }
    uint8_t *text = body + LP_TLS12_NONCE;
    len -= LP_TLS12_NONCE + LP_GCM_TAG_BYTES;
    const lp_gcm_t with = protection(&s->reading, type, len, body, nonce, extra);
    if (lp_gcm_open(&with, lp_span(text, len), text + len, text) != LP_OK) {
        return lp_tls12_refuse(tls, LP_TLS12_BAD_RECORD_MAC,
                               "a record was damaged on the way, or forged");
    }
    s->reading.number++;
    s->text = lp_span(text, len);
    return LP_OK;
}

// ---- Reading -----------------------------------------------------------------------------------

static lp_err_t fill(lp_tls_t *tls, size_t want)
{
    lp_tls_session_t *s = tls->session_;
    while (s->have < want) {
        size_t n = 0;
        if (lp_stream_read(tls->lower_, s->in + s->kept + s->have, want - s->have, &n) != LP_OK) {
            return tls->lower_err_ == LP_OK ? LP_E_AGAIN
                                            : lp_tls12_end(tls, lp_tls_fail_lower(tls));
        }
        s->have += n;
    }
    return LP_OK;
}

// A server that speaks older versions only may say so in an alert of theirs.
static lp_err_t check_header(lp_tls_t *tls, const uint8_t *head, size_t *len)
{
    const lp_tls_session_t *s = tls->session_;
    const bool is_type = head[0] >= LP_TLS12_CIPHER && head[0] <= LP_TLS12_DATA;
    const bool is_early_alert = head[0] == LP_TLS12_ALERT && !s->reading.is_on;
    const bool is_version = head[1] == 3 && (head[2] == 3 || is_early_alert);
    *len = lp_get_be16(head + 3);
    if (!is_type || !is_version || (*len == 0 && !s->reading.is_on)) {
        return not_tls(tls, LP_TLS12_UNEXPECTED_MESSAGE);
    }
    if (*len > sizeof s->in - s->kept - LP_TLS12_HEADER) {
        return not_tls(tls, LP_TLS12_RECORD_OVERFLOW);
    }
    return LP_OK;
}

static lp_err_t read_record(lp_tls_t *tls, uint8_t *type)
{
    lp_tls_session_t *s = tls->session_;
    uint8_t *record = s->in + s->kept;
    size_t len = 0;
    lp_err_t err = fill(tls, LP_TLS12_HEADER);
    if (err == LP_OK) {
        err = check_header(tls, record, &len);
    }
    if (err == LP_OK) {
        err = fill(tls, LP_TLS12_HEADER + len);
    }
    if (err != LP_OK) {
        return err;
    }
    s->have = 0;
    *type = record[0];
    s->text = lp_span(record + LP_TLS12_HEADER, len);
    return s->reading.is_on ? open_record(tls, *type, record + LP_TLS12_HEADER, len) : LP_OK;
}

// LP_OK: a warning, which is passed over.
static lp_err_t take_alert(lp_tls_t *tls)
{
    lp_span_t *text = &tls->session_->text;
    if (text->len != 2 || (text->ptr[0] != WARNING && text->ptr[0] != FATAL)) {
        return lp_tls12_malformed(tls);
    }
    const uint8_t level = text->ptr[0], alert = text->ptr[1];
    text->len = 0;
    if (alert == LP_TLS12_CLOSE_NOTIFY) {
        LP_TLS_DETAIL(tls, "the server closed the connection");
        return lp_tls12_end(tls, LP_E_CLOSED);
    }
    return level == FATAL ? lp_tls12_end(tls, lp_tls_fail_alert(tls, alert)) : LP_OK;
}

// Whoever sends nothing but warnings, empty records or requests for another handshake is not waited
// for.
lp_err_t lp_tls12_pull(lp_tls_t *tls, uint8_t *type)
{
    lp_tls_session_t *s = tls->session_;
    for (;;) {
        lp_err_t err = read_record(tls, type);
        if (err == LP_OK && *type == LP_TLS12_ALERT) {
            err = take_alert(tls);
        }
        if (err != LP_OK) {
            return err;
        }
        const bool is_hello_request =
            *type == LP_TLS12_HANDSHAKE && s->text.len == 4 && s->text.ptr[0] == 0;
        s->idle = s->text.len == 0 || is_hello_request ? (uint8_t)(s->idle + 1) : 0;
        if (s->idle > IDLE_MAX) {
            return lp_tls12_out_of_turn(tls);
        }
        if (*type != LP_TLS12_ALERT) {
            return LP_OK;
        }
    }
}

lp_err_t lp_tls12_await(lp_tls_t *tls, uint8_t *type)
{
    lp_err_t err;
    while ((err = lp_tls12_pull(tls, type)) == LP_E_AGAIN) {
        if (!lp_tls_engine_wait()) {
            return LP_E_CANCELED;
        }
    }
    return err;
}

// ---- Writing -----------------------------------------------------------------------------------

lp_err_t lp_tls12_push(lp_tls_t *tls)
{
    lp_tls_session_t *s = tls->session_;
    while (s->out_left > 0) {
        size_t n = 0;
        const lp_err_t err =
            lp_stream_write(tls->lower_, lp_span(s->out + s->out_at, s->out_left), &n);
        if (err == LP_E_AGAIN && tls->lower_err_ == LP_OK) {
            return err;
        }
        n = err == LP_OK ? n : s->out_left;
        s->out_at += n;
        s->out_left -= n;
    }
    return LP_OK;
}

lp_err_t lp_tls12_seal(lp_tls_t *tls, uint8_t type)
{
    lp_tls_session_t *s = tls->session_;
    size_t len = s->out_len;
    uint8_t *record = s->out + LP_TLS12_NONCE;
    if (s->writing.is_on) {
        uint8_t nonce[LP_GCM_NONCE_BYTES], extra[EXTRA_BYTES];
        record = s->out;
        lp_put_be64(record + LP_TLS12_HEADER, s->writing.number);
        const lp_gcm_t with =
            protection(&s->writing, type, len, record + LP_TLS12_HEADER, nonce, extra);
        lp_gcm_seal(&with, lp_span(s->out + BODY, len), s->out + BODY, s->out + BODY + len);
        s->writing.number++;
        len += LP_TLS12_NONCE + LP_GCM_TAG_BYTES;
    }
    record[0] = type;
    record[1] = 3;
    record[2] = 3;
    lp_put_be16(record + 3, (uint16_t)len);
    s->out_len = 0;
    s->out_at = (size_t)(record - s->out);
    s->out_left = LP_TLS12_HEADER + len;
    return lp_tls12_push(tls);
}

lp_err_t lp_tls12_flush(lp_tls_t *tls)
{
    lp_tls_session_t *s = tls->session_;
    lp_err_t err = s->out_len > 0 ? lp_tls12_seal(tls, s->out_type) : lp_tls12_push(tls);
    while (err == LP_E_AGAIN) {
        if (!lp_tls_engine_wait()) {
            return LP_E_CANCELED;
        }
        err = lp_tls12_push(tls);
    }
    return err;
}

lp_err_t lp_tls12_put(lp_tls_t *tls, uint8_t type, lp_span_t bytes)
{
    lp_tls_session_t *s = tls->session_;
    while (bytes.len > 0) {
        if (s->out_len > 0 && (s->out_type != type || s->out_len == LP_TLS12_OUT_BYTES)) {
            const lp_err_t err = lp_tls12_flush(tls);
            if (err != LP_OK) {
                return err;
            }
        }
        const size_t room = LP_TLS12_OUT_BYTES - s->out_len;
        const size_t n = bytes.len < room ? bytes.len : room;
        memcpy(s->out + BODY + s->out_len, bytes.ptr, n);
        s->out_type = type;
        s->out_len += n;
        bytes = lp_span(bytes.ptr + n, bytes.len - n);
    }
    return LP_OK;
}

// What was not sent yet of a record that is being filled is of no use any more.
void lp_tls12_alert(lp_tls_t *tls, bool is_fatal, uint8_t alert)
{
    lp_tls_session_t *s = tls->session_;
    if (lp_tls12_push(tls) == LP_OK) {
        s->out[BODY] = is_fatal ? FATAL : WARNING;
        s->out[BODY + 1] = alert;
        s->out_len = 2;
        (void)lp_tls12_seal(tls, LP_TLS12_ALERT);
    }
}
