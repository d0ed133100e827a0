// SPDX-License-Identifier: Apache-2.0
// Any bytes into the adapter protocol, in one piece and byte by byte: the same answers.
#include <stdlib.h>
#include <string.h>

#include "limpet/chipsim_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT = 1 << 16 };

typedef struct {
    uint8_t bytes[OUT];
    size_t len;
} out_t;

static void collect(void *ctx, lp_span_t bytes)
{
    out_t *o = ctx;
    if (bytes.len <= OUT - o->len) {
        memcpy(o->bytes + o->len, bytes.ptr, bytes.len);
        o->len += bytes.len;
    }
}

static uint64_t now(void *ctx)
{
    (void)ctx;
    return 5000000;
}

static void run(const uint8_t *data, size_t size, size_t piece, out_t *out)
{
    lp_chipsim_bridge_t bridge;
    lp_chipsim_master_clock_t clock = {.is_told_ = false};
    lp_chipsim_t *chip;
    lp_chipsim_options_t opt = {
        .timing = LP_CHIPSIM_TIMING_INSTANT, .clock = {.now_us = now}, .seed = 3};
    if (lp_chipsim_new(&chip, &opt) != LP_OK) {
        abort();
    }
    lp_chipsim_bus_t *bus = lp_chipsim_bus_new();
    lp_chipsim_bus_attach(bus, chip);
    lp_chipsim_bus_wake(bus);
    lp_chipsim_bridge_init(&bridge, bus);
    lp_chipsim_bridge_set_clock(&bridge, &clock);
    for (size_t i = 0; i < size; i += piece) {
        size_t n = size - i < piece ? size - i : piece;
        lp_chipsim_bridge_feed(&bridge, lp_span(data + i, n), collect, out);
    }
    lp_chipsim_bus_free(bus);
    lp_chipsim_free(chip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static out_t whole;
    static out_t bytes;
    whole.len = 0;
    bytes.len = 0;
    run(data, size, size > 0 ? size : 1, &whole);
    run(data, size, 1, &bytes);
    if (whole.len != bytes.len || memcmp(whole.bytes, bytes.bytes, whole.len) != 0) {
        abort();
    }
    return 0;
}
