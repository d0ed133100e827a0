// SPDX-License-Identifier: Apache-2.0
#include "limpet/settings.h"

#include <string.h>

#include "limpet/fmt.h"
#include "limpet/keystore.h"
#include "limpet/log.h"
#include "limpet/pem.h"
#include "limpet/x509.h"
#include "settings_checks.h"

enum { MQTT_TLS_PORT = 8883, HOST_MAX = 254, DER_MAX = 2048 };

// -- rules

static bool is_host_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
}

static lp_err_t parse_port(lp_span_t digits, uint16_t *port)
{
    uint32_t value = 0;
    if (digits.len == 0 || digits.len > 5) {
        return LP_E_FORMAT;
    }
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9') {
            return LP_E_FORMAT;
        }
        value = value * 10 + (digits.ptr[i] - (uint32_t)'0');
    }
    *port = (uint16_t)value;
    return value > 0 && value <= UINT16_MAX ? LP_OK : LP_E_FORMAT;
}

// Where the host ends and what is behind it; a colon inside belongs to an IPv6 address only.
static lp_err_t split(lp_span_t server, lp_span_t *host, lp_span_t *port)
{
    const bool is_v6 = server.len > 0 && server.ptr[0] == '[';
    const uint8_t *end = server.len > 0 ? memchr(server.ptr, is_v6 ? ']' : ':', server.len) : NULL;
    const size_t host_len = end != NULL ? (size_t)(end - server.ptr) : server.len;
    if (is_v6 && end == NULL) {
        return LP_E_FORMAT;
    }
    *host = is_v6 ? lp_span(server.ptr + 1, host_len - 1) : lp_span(server.ptr, host_len);
    const size_t used = host_len + (is_v6 ? 1 : 0);
    *port = lp_span(server.ptr + used, server.len - used);
    for (size_t i = 0; i < host->len; i++) {
        if (!is_host_char(host->ptr[i])) {
            return LP_E_FORMAT;
        }
    }
    return host->len > 0 && (port->len == 0 || port->ptr[0] == ':') ? LP_OK : LP_E_FORMAT;
}

lp_err_t lp_settings_split_server(const char *server, char *host, size_t host_cap, uint16_t *port)
{
    lp_span_t name;
    lp_span_t rest;
    uint16_t number = MQTT_TLS_PORT;
    lp_err_t err = split(lp_span_str(server), &name, &rest);
    if (err == LP_OK && rest.len > 0) {
        err = parse_port(lp_span(rest.ptr + 1, rest.len - 1), &number);
    }
    if (err == LP_OK && name.len >= host_cap) {
        err = LP_E_NOSPACE;
    }
    if (err == LP_OK) {
        memcpy(host, name.ptr, name.len);
        host[name.len] = '\0';
        *port = number;
    }
    return err;
}

lp_err_t lp_settings_check_server(lp_span_t value, lp_buf_t *why)
{
    lp_span_t host;
    lp_span_t port;
    uint16_t number = 0;
    if (value.len == 0) {
        return LP_OK; // none
    }
    if (split(value, &host, &port) != LP_OK || host.len >= HOST_MAX ||
        (port.len > 0 && parse_port(lp_span(port.ptr + 1, port.len - 1), &number) != LP_OK)) {
        (void)lp_fmt(why, "must be a host name or address, or one with a port, like "
                          "example.com:8883; no https:// and no path");
        return LP_E_INVALID;
    }
    return LP_OK;
}

lp_err_t lp_settings_check_key_id(lp_span_t value, lp_buf_t *why)
{
    char text[64] = "";
    lp_key_id_t id;
    if (value.len < sizeof text) {
        memcpy(text, value.ptr, value.len);
    }
    if (lp_key_id_parse(text, &id) != LP_OK) {
        (void)lp_fmt(why, "must be atca:0 to atca:15 (a slot of the chip) or file:NAME (a software "
                          "key, for boards without a chip)");
        return LP_E_INVALID;
    }
    return LP_OK;
}

// One name of topics: no level separators, no wildcards, nothing that needs quoting in JSON.
lp_err_t lp_settings_check_name(lp_span_t value, lp_buf_t *why)
{
    for (size_t i = 0; i < value.len; i++) {
        const uint8_t c = value.ptr[i];
        if (!is_host_char(c)) {
            (void)lp_fmt(why, "may have letters, digits and - _ : . only");
            return LP_E_INVALID;
        }
    }
    return LP_OK;
}

lp_err_t lp_settings_check_log_level(lp_span_t value, lp_buf_t *why)
{
    char text[128] = "";
    if (value.len < sizeof text) {
        memcpy(text, value.ptr, value.len);
    }
    if (lp_log_check_levels(text) != LP_OK) {
        (void)lp_fmt(why,
                     "must be off, error, warn, info or debug; with modules: info,cloud=debug");
        return LP_E_INVALID;
    }
    return LP_OK;
}

// Each certificate of a PEM text must be readable; an empty text is none.
lp_err_t lp_settings_check_certificates(lp_span_t value, lp_buf_t *why)
{
    uint8_t der[DER_MAX];
    unsigned count = 0;
    for (lp_span_t rest = value; value.len > 0;) {
        lp_buf_t out = lp_buf(der, sizeof der);
        lp_x509_t cert;
        const lp_err_t err = lp_pem_decode(&rest, "CERTIFICATE", &out);
        if (err == LP_E_NOT_FOUND && count > 0) {
            break;
        }
        if (err != LP_OK || lp_x509_read(lp_buf_span(&out), &cert) != LP_OK) {
            (void)lp_fmt(why,
                         "certificate %u cannot be read; PEM is needed (-----BEGIN "
                         "CERTIFICATE-----), of at most %d bytes each",
                         count + 1, DER_MAX);
            return LP_E_INVALID;
        }
        count++;
    }
    return LP_OK;
}
