// SPDX-License-Identifier: Apache-2.0
// The signature's parser and verifier on any request.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/sigv4.h"
#include "text_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    lp_http_request_t q;
    lp_sigv4_t sig;
    char why[300];
    read_request(text, text + size, &q);
    if (lp_sigv4_parse(&q, &sig) == LP_SIGV4_OK) {
        // Nobody knows this secret: a match would be a broken comparison.
        if (lp_sigv4_verify(&q, &sig, "q8Yx0Jm2b7Rk", "", 1440938160LL, why, sizeof why) ==
            LP_SIGV4_OK) {
            abort();
        }
    }
    free(text);
    return 0;
}
