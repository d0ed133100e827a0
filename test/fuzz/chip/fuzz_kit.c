// SPDX-License-Identifier: Apache-2.0
// Any bytes into the kit protocol, in one piece and byte by byte: the same answers, one for each
// line end.
#include <stdlib.h>
#include <string.h>

#include "limpet/chipsim_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT = 1 << 16, INPUT_MAX = 4096 };

typedef struct {
    uint8_t bytes[OUT];
    size_t len;
    size_t answers;
} out_t;

static void collect(void *ctx, lp_span_t bytes)
{
    out_t *o = ctx;
    if (bytes.len == 0 || bytes.ptr[bytes.len - 1] != '\n' ||
        memchr(bytes.ptr, '\n', bytes.len - 1) != NULL) {
        abort(); // an answer is one line
    }
    o->answers++;
    if (bytes.len <= OUT - o->len) {
        memcpy(o->bytes + o->len, bytes.ptr, bytes.len);
        o->len += bytes.len;
    }
}

static uint64_t now(void *ctx)
{
    return *(const uint64_t *)ctx;
}

static void pass(void *ctx, uint32_t us)
{
    *(uint64_t *)ctx += us;
}

static void run(const uint8_t *data, size_t size, size_t piece, out_t *out)
{
    uint64_t t = 5000000;
    lp_chipsim_kit_t kit;
    lp_chipsim_t *chip;
    lp_chipsim_options_t opt = {
        .timing = LP_CHIPSIM_TIMING_TYPICAL, .clock = {.now_us = now, .ctx = &t}, .seed = 3};
    const lp_chipsim_wait_t wait = {.wait_us = pass, .ctx = &t};
    if (lp_chipsim_new(&chip, &opt) != LP_OK) {
        abort();
    }
    t += 1000;
    lp_chipsim_bus_t *bus = lp_chipsim_bus_new();
    lp_chipsim_bus_attach(bus, chip);
    lp_chipsim_kit_init(&kit, bus, &wait);
    out->len = 0;
    out->answers = 0;
    for (size_t i = 0; i < size; i += piece) {
        size_t n = size - i < piece ? size - i : piece;
        lp_chipsim_kit_feed(&kit, lp_span(data + i, n), collect, out);
    }
    lp_chipsim_bus_free(bus);
    lp_chipsim_free(chip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static out_t whole;
    static out_t bytes;
    size_t lines = 0;
    if (size > INPUT_MAX) {
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        lines += data[i] == '\n';
    }
    run(data, size, size > 0 ? size : 1, &whole);
    run(data, size, 1, &bytes);
    if (whole.answers != lines || whole.len != bytes.len ||
        memcmp(whole.bytes, bytes.bytes, whole.len) != 0) {
        abort();
    }
    return 0;
}
