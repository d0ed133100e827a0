// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "side.h"

enum { WIRE_BYTES = 8192 };

static struct {
    unsigned char bytes[WIRE_BYTES];
    size_t len;
} wires[2];

size_t wire_put(side_way_t way, const void *data, size_t len)
{
    size_t room = WIRE_BYTES - wires[way].len;
    size_t n = len < room ? len : room;
    memcpy(wires[way].bytes + wires[way].len, data, n);
    wires[way].len += n;
    return n;
}

size_t wire_take(side_way_t way, void *buf, size_t cap)
{
    size_t n = cap < wires[way].len ? cap : wires[way].len;
    memcpy(buf, wires[way].bytes, n);
    memmove(wires[way].bytes, wires[way].bytes + n, wires[way].len - n);
    wires[way].len -= n;
    return n;
}

bool wire_is_empty(side_way_t way)
{
    return wires[way].len == 0;
}

void wire_numbers(void *out, size_t len)
{
    static uint32_t state = 1;
    for (size_t i = 0; i < len; i++) {
        state = state * 1103515245U + 12345U;
        ((unsigned char *)out)[i] = (unsigned char)(state >> 16);
    }
}
