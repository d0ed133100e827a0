// SPDX-License-Identifier: Apache-2.0
// A PEM bundle from the configuration into the certificate parser.
#include <stdlib.h>

#include "tls_session.h"
#include "tls_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tls_target_t target;
    static bool is_ready;
    if (!is_ready) {
        tls_target_init(&target);
        is_ready = true;
    }
    size_t before = lp_tls_arena.used;
    unsigned skipped = 0;
    mbedtls_x509_crt chain;
    mbedtls_x509_crt_init(&chain);
    const lp_tls_pem_t pem = {.len = size, .ptr = data};
    lp_err_t err = lp_tls_load_pem(&chain, &pem, (size & 1) != 0, &skipped);
    if (err == LP_OK) {
        char name[24];
        lp_tls_print_name(chain.subject_raw.p, chain.subject_raw.len, name, sizeof name);
        for (const char *p = name; *p != '\0'; p++) {
            if (*p < 0x20 || *p > 0x7e) {
                abort();
            }
        }
    } else if (err != LP_E_FORMAT && err != LP_E_NOSPACE) {
        abort();
    }
    mbedtls_x509_crt_free(&chain);
    if (lp_tls_arena.used != before) {
        abort();
    }
    return 0;
}
