// SPDX-License-Identifier: Apache-2.0
// Made by record_tls; not to be edited.
#ifndef TLS_FIXTURE_H
#define TLS_FIXTURE_H

static const char tls_fixture_root[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBOTCB4KADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCUZ1enogUm9v\n"
    "dDAeFw0yNTEyMzEwMDAwMDBaFw0zNTEyMzAwMDAwMDBaMBQxEjAQBgNVBAMMCUZ1\n"
    "enogUm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKdocSQQjd6J1gJ98xtb\n"
    "/WbKh08J2QPcChOkw3N9y7h6AYSGi0S/kaXARWipxSRkQbnE/VYQ+9NVKBcfy/Du\n"
    "iRWjIzAhMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49\n"
    "BAMCA0gAMEUCIDzkvkg6UIPBeC3RhszSXS2JwrN3Cixk4hSKq3ROHwl0AiEAwk2Z\n"
    "AEDlceqXIcTRj9sVgnDjJSC+YOU5m3olDTrcRkw=\n"
    "-----END CERTIFICATE-----\n";

static const char tls_fixture_client[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBOTCB4KADAgECAgECMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCUZ1enogUm9v\n"
    "dDAeFw0yNTEyMzEwMDAwMDBaFw0zNTEyMzAwMDAwMDBaMBIxEDAOBgNVBAMMB2xw\n"
    "LWZ1enowWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARRXD1uueOWuQTT/sp/VP3N\n"
    "DMHpl783XcpRWtCmw7QDX0U2vjpQ8xj7+aVHWQKiIVAr7w1X4IxTsswKVvF9n5NU\n"
    "oyUwIzAMBgNVHRMBAf8EAjAAMBMGA1UdJQQMMAoGCCsGAQUFBwMCMAoGCCqGSM49\n"
    "BAMCA0gAMEUCIQCdiN7j4SMvrLvwysDflzzkoonr7Rn9YmPFUjwbtAViCQIgewRd\n"
    "odvegxilyzw4KwTqwL83tv9z17ToT6HGmvia9MA=\n"
    "-----END CERTIFICATE-----\n";

#endif
