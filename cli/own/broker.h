// SPDX-License-Identifier: Apache-2.0
// Speaking to the broker: TLS with its certificate checked, MQTT 3.1.1 as far as reading one topic.
#ifndef LP_OWN_BROKER_H
#define LP_OWN_BROKER_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "limpet/fault.h"

enum { LP_BROKER_HOST_MAX = 253, LP_BROKER_PAYLOAD = 1024 };

typedef struct {
    char host[LP_BROKER_HOST_MAX + 1];
    uint16_t port;
    char server[LP_BROKER_HOST_MAX + 8]; // "host:port", as a board has it
    char url[LP_BROKER_HOST_MAX + 24];   // "mqtts://host:port"
} lp_broker_t;

// mqtts://host[:port], port 8883 unless said. Errors: usage.
lp_exit_t lp_broker_parse(const char *url, lp_broker_t *out, lp_fault_t *f);

// Who the tool is at the broker. All borrowed; null: not used.
typedef struct {
    const char *roots; // PEM: who signs the broker's certificate
    X509 *cert;
    EVP_PKEY *key;
    const char *client_id;
    const char *username;
    const char *password;
} lp_broker_self_t;

typedef struct {
    int64_t cert_end_s;     // of the broker's certificate; 0: not seen
    bool lets_in_anonymous; // a client without a certificate got in
} lp_broker_probe_t;

// Looks at the broker without a certificate: is it there, is its certificate right, does it let
// anybody in? Being refused is the good answer. Errors: broker-unreachable, broker-tls,
// broker-silent.
lp_exit_t lp_broker_probe(const lp_broker_t *broker, const char *roots, lp_broker_probe_t *out,
                          lp_fault_t *f);

typedef struct lp_broker_link lp_broker_link_t;

// Connects. Errors: broker-unreachable, broker-tls, broker-silent, broker-refused, broker-garbage.
lp_exit_t lp_broker_open(const lp_broker_t *broker, const lp_broker_self_t *self,
                         lp_broker_link_t **link, lp_fault_t *f);
void lp_broker_close(lp_broker_link_t *link); // null is fine

// Subscribes with QoS 1. Errors: broker-acl, broker-lost, broker-silent, broker-garbage.
lp_exit_t lp_broker_subscribe(lp_broker_link_t *link, const char *topic, lp_fault_t *f);

// The next message, or LP_EXIT_OK with *is_there false after timeout_ms. A payload that is longer
// is cut. Errors: broker-lost, broker-garbage, interrupted.
lp_exit_t lp_broker_next(lp_broker_link_t *link, int timeout_ms, bool *is_there,
                         char payload[LP_BROKER_PAYLOAD], lp_fault_t *f);

#endif
