// SPDX-License-Identifier: Apache-2.0
// The front's HTTP requests: any bytes; what is accepted must be within what was given.
#include <stdlib.h>
#include <string.h>

#include "limpet/front_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lp_span_t in = lp_span(data, size);
    lp_front_http_t h;
    while (in.len > 0 && lp_front_http_parse(in, &h) == 0) {
        if (h.used == 0 || h.used > in.len || h.request.body_len > h.used ||
            h.request.target[0] != '/' || strlen(h.request.method) == 0) {
            abort();
        }
        in = lp_span(in.ptr + h.used, in.len - h.used);
        lp_front_http_free(&h);
    }
    return 0;
}
