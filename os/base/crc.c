// SPDX-License-Identifier: Apache-2.0
#include "limpet/crc.h"

// Four bits at a time: sixteen words of table instead of 256, on parts where flash is dear.
static const uint32_t crc32_nibble[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

uint32_t lp_crc32(uint32_t crc, lp_span_t bytes)
{
    crc = ~crc;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= bytes.ptr[i];
        crc = (crc >> 4) ^ crc32_nibble[crc & 15];
        crc = (crc >> 4) ^ crc32_nibble[crc & 15];
    }
    return ~crc;
}

uint16_t lp_crc16_8005(uint16_t crc, lp_span_t bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            unsigned in = (bytes.ptr[i] >> bit) & 1u;
            unsigned top = (unsigned)crc >> 15;
            crc = (uint16_t)((unsigned)crc << 1);
            if (in != top) {
                crc ^= 0x8005u;
            }
        }
    }
    return crc;
}
