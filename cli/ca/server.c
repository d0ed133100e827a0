// SPDX-License-Identifier: Apache-2.0
// The broker's certificate, and a mosquitto that asks everybody for one of this CA's.
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca_private.h"

enum { MAX_HOST = 253, MAX_LABEL = 63 };

static bool is_address(const char *name)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
    ASN1_OCTET_STRING_free(address);
    return address != NULL;
}

bool lp_ca_is_host(const char *name)
{
    const char *plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    if (is_address(name)) {
        return true;
    }
    if (name[0] == '\0' || strlen(name) > MAX_HOST) {
        return false;
    }
    for (const char *p = name;; p++) {
        size_t n = strspn(p, plain);
        if (n == 0 || n > MAX_LABEL || p[0] == '-' || p[n - 1] == '-') {
            return false;
        }
        p += n;
        if (*p == '\0') {
            return true;
        }
        if (*p != '.') {
            return false;
        }
    }
}

static const char acl[] = "# Who may do what. %u is the name in the certificate: the device's id.\n"
                          "# A device speaks and listens under its own name and nobody else's.\n"
                          "pattern readwrite limpet/%u/#\n"
                          "pattern readwrite $aws/things/%u/#\n"
                          "\n"
                          "# `limpet setup` reads the message with which a device proves itself.\n"
                          "user " LP_CA_TOOL_NAME "\n"
                          "topic read limpet/+/proof\n"
                          "\n"
                          "# A program of yours (limpet ca issue dashboard):\n"
                          "#user dashboard\n"
                          "#topic read limpet/#\n";

static lp_exit_t write_configuration(const lp_ca_t *ca, long port, const char *at, lp_fault_t *f)
{
    char *text = NULL;
    char here[LP_CA_PATH + 8];
    const char *dir = lp_ca_dir(ca);
    snprintf(here, sizeof here, "%s/broker", dir);
    char *whole = at == NULL ? realpath(here, NULL) : NULL;
    at = at != NULL ? at : whole != NULL ? whole : here;
    int n = asprintf(
        &text,
        "# Made by limpet ca. Start it: mosquitto -c %s/mosquitto.conf\n"
        "# The files must be readable for the user that the broker runs as (mosquitto).\n"
        "listener %ld\n"
        "cafile %s/ca.pem\n"
        "certfile %s/server.pem\n"
        "keyfile %s/server.key\n"
        "# Who is on this list is refused; after a change: kill -HUP, or systemctl reload\n"
        "crlfile %s/crl.pem\n"
        "tls_version tlsv1.2\n"
        "\n"
        "# Nobody without a certificate, and the name in it is the user and the client id:\n"
        "# no device can pass for another one, nor put it out by taking its client id.\n"
        "require_certificate true\n"
        "use_identity_as_username true\n"
        "use_username_as_clientid true\n"
        "allow_anonymous false\n"
        "acl_file %s/acl.conf\n",
        at, port, at, at, at, at, at);
    lp_exit_t rc = n > 0 ? lp_ca_write_file(ca, "broker/mosquitto.conf", text, 0644, f)
                         : lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    free(n > 0 ? text : NULL);
    free(whole);
    char path[LP_CA_PATH + 64];
    snprintf(path, sizeof path, "%s/broker/acl.conf", dir);
    // People add to it, so it is made once.
    if (rc == LP_EXIT_OK && access(path, F_OK) != 0) {
        rc = lp_ca_write_file(ca, "broker/acl.conf", acl, 0644, f);
    }
    return rc;
}

lp_exit_t lp_ca_make_server(lp_ca_t *ca, const lp_ca_server_t *server, lp_fault_t *f)
{
    char path[LP_CA_PATH + 64];
    char name[LP_CA_NAME_MAX + 1];
    lp_ca_record_t record;
    EVP_PKEY *key = lp_ca_make_key();
    snprintf(name, sizeof name, "%s", server->names[0]);
    snprintf(path, sizeof path, "%s/broker/server.key", lp_ca_dir(ca));
    lp_ca_wish_t wish = {.kind = LP_CA_SERVER,
                         .name = name,
                         .key = key,
                         .names = server->names,
                         .valid_s = (int64_t)server->days * 86400};
    lp_exit_t rc = key != NULL
                       ? lp_ca_issue(ca, &wish, &record, f)
                       : lp_fault_set(f, LP_EXIT_LOCAL, "no-random", "no key could be made");
    rc = rc == LP_EXIT_OK ? lp_ca_key_write(path, key, NULL, f) : rc;
    rc = rc == LP_EXIT_OK ? lp_ca_write_file(ca, "broker/server.pem", record.pem, 0644, f) : rc;
    EVP_PKEY_free(key);
    return rc == LP_EXIT_OK ? write_configuration(ca, server->port, server->at, f) : rc;
}
