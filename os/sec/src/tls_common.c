// SPDX-License-Identifier: Apache-2.0
// What both TLS libraries ask of the configuration and of keys, and how failures are told.
#include "tls_common.h"

#include <string.h>

#include "limpet/address.h"
#include "limpet/port/clock.h"
#include "limpet/x509.h"

lp_tls_common_t *lp_tls_common(const lp_tls_t *tls)
{
    return (lp_tls_common_t *)(void *)tls->session_; // its first member
}

void lp_tls_session_key_failed(lp_tls_t *tls, lp_tls_use_t use, lp_err_t err)
{
    if (lp_tls_common(tls)->key_err == LP_OK) {
        lp_tls_common(tls)->key_err = err;
        lp_tls_common(tls)->failed_use = use;
    }
}

bool lp_tls_session_verifies_in_chip(const lp_tls_t *tls)
{
    return lp_tls_common(tls)->is_verify_in_chip;
}

bool lp_tls_session_seals(const lp_tls_t *tls)
{
    return lp_tls_common(tls)->is_ecdhe_sealed;
}

bool lp_tls_session_ecdhe_in_chip(lp_tls_t *tls, bool is_p256, const char *group)
{
    bool in_chip = is_p256 && lp_tls_common(tls)->is_ecdhe_in_chip;
    tls->report_.group = group;
    const char *in_what = lp_tls_common(tls)->is_ecdhe_sealed ? "sealed" : "chip";
    tls->report_.ecdhe = in_chip ? in_what : "software";
    return in_chip;
}

// Names reach logs and the wire, so nothing but visible ASCII is taken.
static lp_err_t copy_text(lp_tls_t *tls, const char *what, const char *text, char *to, size_t cap)
{
    size_t len = 0;
    while (len < cap && text[len] > ' ' && text[len] < 0x7f) {
        len++;
    }
    if (len == 0 || len >= cap || text[len] != '\0') {
        LP_TLS_DETAIL(tls, "%s must have 1 to %u visible ASCII characters", what,
                      (unsigned)(cap - 1));
        return LP_E_INVALID;
    }
    memcpy(to, text, len + 1);
    return LP_OK;
}

// An address is compared by its bytes, four of them for IPv4.
static void take_address(lp_tls_common_t *c, const char *host)
{
    static const uint8_t v4[12] = {[10] = 0xff, [11] = 0xff};
    if (lp_address_of(host, c->ip) == LP_OK) {
        const size_t skip = memcmp(c->ip, v4, sizeof v4) == 0 ? sizeof v4 : 0;
        c->ip_len = sizeof c->ip - skip;
        memmove(c->ip, c->ip + skip, c->ip_len);
    }
}

lp_err_t lp_tls_take_names(lp_tls_t *tls, const lp_tls_config_t *config, char *host)
{
    lp_tls_common_t *c = lp_tls_common(tls);
    if (config->max_version != LP_TLS_1_2 && config->max_version != LP_TLS_1_3) {
        LP_TLS_DETAIL(tls, "no such TLS version");
        return LP_E_INVALID;
    }
    lp_err_t err = copy_text(tls, "the server's name", config->host == NULL ? "" : config->host,
                             host, LP_TLS_HOST_MAX);
    if (err == LP_OK && config->alpn != NULL) {
        err = copy_text(tls, "the ALPN protocol", config->alpn, c->alpn, sizeof c->alpn);
    }
    if (err == LP_OK) {
        take_address(c, host);
    }
    return err;
}

lp_err_t lp_tls_take_clock(lp_tls_t *tls, const lp_tls_config_t *config)
{
    int64_t utc_s;
    lp_tls_common(tls)->check_dates = config->check_dates;
    if (config->check_dates && lp_port_utc_s(&utc_s) != LP_OK) {
        LP_TLS_DETAIL(tls,
                      "certificate dates are to be checked and this board does not know the time");
        return LP_E_CLOCK;
    }
    return LP_OK;
}

lp_err_t lp_tls_take_key_id(lp_tls_t *tls, const lp_tls_config_t *config)
{
    lp_tls_common_t *c = lp_tls_common(tls);
    if (config->key_id == NULL) {
        LP_TLS_DETAIL(tls, "a certificate is configured, but no key for it");
        return LP_E_TLS_CERT;
    }
    if (lp_key_id_parse(config->key_id, &c->id) != LP_OK) {
        LP_TLS_DETAIL(tls, "a key is called atca:0 to atca:15 or file:NAME");
        return LP_E_FORMAT;
    }
    if (c->id.place == LP_KEY_IN_CHIP && !lp_tls_engine_has_chip()) {
        LP_TLS_DETAIL(tls, "the key is in a crypto chip and this board has none");
        return LP_E_CHIP_MISSING;
    }
    c->has_identity = true;
    tls->report_.key_source = lp_key_place_name(c->id.place);
    return LP_OK;
}

// Where a bus key was agreed on, a chip that cannot prove it (any more) gets nothing to do: else
// whoever breaks the proof on the bus would have the secrets in the clear.
static void choose_ecdhe(lp_tls_common_t *c, lp_tls_ecdhe_t wish)
{
    const bool is_own_in_chip = c->has_identity && c->id.place == LP_KEY_IN_CHIP;
    const lp_key_seal_t seal = lp_tls_engine_seal();
    switch (wish) {
    case LP_TLS_ECDHE_AUTO:
        c->is_ecdhe_in_chip = is_own_in_chip && seal != LP_KEY_SEAL_BROKEN;
        c->is_ecdhe_sealed = c->is_ecdhe_in_chip && seal == LP_KEY_SEAL_READY;
        break;
    case LP_TLS_ECDHE_CHIP:
        c->is_ecdhe_in_chip = true;
        break;
    case LP_TLS_ECDHE_SEALED:
        c->is_ecdhe_in_chip = true;
        c->is_ecdhe_sealed = true;
        break;
    case LP_TLS_ECDHE_SOFTWARE:
        break;
    }
}

lp_err_t lp_tls_take_ecdhe(lp_tls_t *tls, const lp_tls_config_t *config)
{
    lp_tls_common_t *c = lp_tls_common(tls);
    choose_ecdhe(c, config->ecdhe);
    if (c->is_ecdhe_in_chip && !lp_tls_engine_has_chip()) {
        LP_TLS_DETAIL(tls, "key exchange in the chip is asked for and this board has no chip");
        return LP_E_UNSUPPORTED;
    }
    if (c->is_ecdhe_sealed && lp_tls_engine_seal() != LP_KEY_SEAL_READY) {
        LP_TLS_DETAIL(tls, "sealed is asked for and the chip has proven no bus key (Chip.Bind)");
        return LP_E_UNSUPPORTED;
    }
    // A chip that cannot prove the bus key is not asked who is trusted.
    c->is_verify_in_chip = config->verify_in_chip && lp_tls_engine_seal() != LP_KEY_SEAL_BROKEN;
    if (!lp_tls_has_software_p256 && !(c->is_ecdhe_in_chip && c->is_verify_in_chip)) {
        LP_TLS_DETAIL(tls,
                      "this image leaves key exchange and checks to the chip; the settings, or a "
                      "chip without its bus key, ask for software");
        return LP_E_UNSUPPORTED;
    }
    if (c->is_verify_in_chip && !lp_tls_engine_has_chip()) {
        LP_TLS_DETAIL(tls, "the chip is to check signatures and this board has no chip");
        return LP_E_UNSUPPORTED;
    }
    if (c->is_verify_in_chip) {
        tls->report_.verify = lp_tls_engine_proves_checks() ? "proven" : "chip";
    }
    return LP_OK;
}

lp_err_t lp_tls_read_pem(const lp_tls_pem_t *pem, size_t at, uint8_t *to, size_t n)
{
    if (pem->ptr == NULL) {
        return pem->read(pem->ctx, at, to, n);
    }
    memcpy(to, pem->ptr + at, n);
    return LP_OK;
}

// The chip's numbers are asked for whenever the chip is used at all; without it the port's must do.
// A session can only be offered after a handshake that has stirred them in already.
lp_err_t lp_tls_stir(lp_tls_t *tls)
{
    const lp_tls_common_t *c = lp_tls_common(tls);
    uint8_t random[LP_KEY_SECRET_BYTES];
    lp_span_t more = {0};
    bool has_chip = c->is_ecdhe_in_chip || c->is_verify_in_chip ||
                    (c->has_identity && c->id.place == LP_KEY_IN_CHIP);
    if (has_chip && !c->is_offering) {
        lp_key_id_t chip = {.place = LP_KEY_IN_CHIP};
        lp_err_t err = lp_tls_engine_key(LP_KEY_OP_RANDOM, chip, NULL, 0, random, sizeof random);
        if (err != LP_OK) {
            return err;
        }
        more = lp_span(random, sizeof random);
    }
    lp_err_t err = lp_tls_rng_stir(more);
    lp_wipe(random, sizeof random);
    if (err != LP_OK) {
        lp_tls_session_key_failed(tls, LP_TLS_USE_RANDOM, err);
    }
    return err;
}

lp_err_t lp_tls_refuse_key(lp_tls_t *tls)
{
    LP_TLS_DETAIL(tls, "the key in the %s is not the one that this board's certificate is for",
                  tls->report_.key_source);
    tls->report_.err = LP_E_TLS_KEY;
    return LP_E_TLS_KEY;
}

void lp_tls_note_times(lp_tls_t *tls)
{
    tls->report_.handshake_ms = (uint32_t)(lp_port_now_ms() - tls->started_ms_);
    tls->report_.cpu_us = (uint32_t)(lp_port_busy_us() - tls->busy_before_us_);
}

void lp_tls_print(const uint8_t *ptr, size_t len, char *text, size_t cap)
{
    size_t n = 0;
    for (; n < len && n + 1 < cap; n++) {
        bool is_plain = ptr[n] >= 0x20 && ptr[n] < 0x7f && ptr[n] != '"' && ptr[n] != '\\';
        text[n] = is_plain ? (char)ptr[n] : '?';
    }
    text[n] = '\0';
}

void lp_tls_print_name(const uint8_t *ptr, size_t len, char *text, size_t cap)
{
    lp_span_t cn;
    if (lp_x509_common_name(lp_span(ptr, len), &cn) == LP_OK) {
        lp_tls_print(cn.ptr, cn.len, text, cap);
    } else {
        (void)lp_fmt_str(text, cap, "%s", "(no common name)");
    }
}
