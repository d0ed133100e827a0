// SPDX-License-Identifier: Apache-2.0
// Made by record_tls; not to be edited.
#ifndef TLS_BOARD_H
#define TLS_BOARD_H

static const char tls_fixture_board[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBLjCB1aADAgECAgEBMAoGCCqGSM49BAMCMBgxFjAUBgNVBAMMDWxwLWZ1enot\n"
    "Ym9hcmQwHhcNMjUxMjMxMDAwMDAwWhcNMzUxMjMwMDAwMDAwWjAYMRYwFAYDVQQD\n"
    "DA1scC1mdXp6LWJvYXJkMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUVw9brnj\n"
    "lrkE0/7Kf1T9zQzB6Ze/N13KUVrQpsO0A19FNr46UPMY+/mlR1kCoiFQK+8NV+CM\n"
    "U7LMClbxfZ+TVKMQMA4wDAYDVR0TAQH/BAIwADAKBggqhkjOPQQDAgNIADBFAiEA\n"
    "15VbpwuHo/uWmbVNOLdjLtmv4V8ojUOTFx5YtN8olfUCID8ceMVtOmklx1LhGzTt\n"
    "C6jbDuRmbacSj5TWDleM1S8n\n"
    "-----END CERTIFICATE-----\n";

#endif
