// SPDX-License-Identifier: Apache-2.0
// Any bytes into the decoder for people: it always says something, and ends its text.
#include <stdlib.h>
#include <string.h>

#include "common.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t op = 0;
    lp_chip_words_t w[3] = {{.len = 0}, {.len = 0}, {.len = 0}};
    lp_span_t bytes = lp_span(data, size);
    lp_chip_decode_write(&w[0], bytes, &op);
    lp_chip_decode_read(&w[1], bytes, op);
    lp_chip_decode_group(&w[2], bytes);
    for (unsigned i = 0; i < 3; i++) {
        if (w[i].len == 0 || w[i].len >= sizeof w[i].text || strlen(w[i].text) != w[i].len) {
            abort();
        }
    }
    return 0;
}
