// SPDX-License-Identifier: Apache-2.0
// A certificate for tests: self-signed, P-256, good until 2081. Nobody has its private key.
#ifndef CERT_H
#define CERT_H

#define CERT_JSON                                                                                  \
    "-----BEGIN CERTIFICATE-----\\n"                                                               \
    "MIIBfDCCASGgAwIBAgIUCT4fS5dBhRyzwwyPx96JWeRVJwowCgYIKoZIzj0EAwIw\\n"                          \
    "EjEQMA4GA1UEAwwHbHAtdGVzdDAgFw0yNjExMjIxNDE0NTlaGA8yMDgxMDgyNTE0\\n"                          \
    "MTQ1OVowEjEQMA4GA1UEAwwHbHAtdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEH\\n"                          \
    "A0IABARLqVGlgo1vm370GhNssqQd8yTbvJIxWcovxSkbBnbCrqi+guILwVakui+0\\n"                          \
    "fKrJjNKstA+p9YLSGd9AdW4sN0qjUzBRMB0GA1UdDgQWBBRy47m8EeMr4SCo5SyX\\n"                          \
    "LSjWH0TimjAfBgNVHSMEGDAWgBRy47m8EeMr4SCo5SyXLSjWH0TimjAPBgNVHRMB\\n"                          \
    "Af8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCp2FgxPiV0RHPSl6mFvQ805I43\\n"                          \
    "EklMwF85iOKzGRj/owIhAO43aOkexCcP1LVx5eQBhpV7EarGNMKlmerwt3+uxvQM\\n"                          \
    "-----END CERTIFICATE-----\\n"

#define CERT_ID "51524730fd747b7c4d67f1a8b1d789f29957c73e6eac77fa8cb10faa55b0f527"
#define CERT_PUBLIC                                                                                \
    "044ba951a5828d6f9b7ef41a136cb2a41df324dbbc923159ca2fc5291b0676c2aea8be82e20bc156a4ba2fb47caa" \
    "c98cd2acb40fa9f582d219df40756e2c374a"

// Another one of the same kind.
#define CERT2_JSON                                                                                 \
    "-----BEGIN CERTIFICATE-----\\n"                                                               \
    "MIIBezCCASGgAwIBAgIUQnYTx4J2wHc/tfihbS/0SrkL0XYwCgYIKoZIzj0EAwIw\\n"                          \
    "EjEQMA4GA1UEAwwHbHAtdGVzdDAgFw0yNjExMjgxODQ4MTVaGA8yMDgxMDgzMTE4\\n"                          \
    "NDgxNVowEjEQMA4GA1UEAwwHbHAtdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEH\\n"                          \
    "A0IABOz29iaH1ucMLKU6YeBu9t68mE5Th6/MGO/PLj8IxoxFbEcVxTTtuN/P02Ye\\n"                          \
    "INwhPb5u/Y3gja6d1EiXfZppsWejUzBRMB0GA1UdDgQWBBTl45qvdR1NVKQySJd9\\n"                          \
    "t9gyA4NrOTAfBgNVHSMEGDAWgBTl45qvdR1NVKQySJd9t9gyA4NrOTAPBgNVHRMB\\n"                          \
    "Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDj3MpvEJc8sEz+l634NkKtN4RF\\n"                          \
    "M/02NfcS4BVdZe/frgIgDlYbB016t8qJY8gscN3D2kZnBWwmP1rtt+6waFkXpoo=\\n"                          \
    "-----END CERTIFICATE-----\\n"

#define CERT2_ID "76e9ccfadcc927ba85bf90f2564e321b61dbd70e2f6d00f336d49553dbed23ec"

#endif
