// SPDX-License-Identifier: Apache-2.0
#include "limpet/onewire.h"

enum { POLYNOMIAL = 0x8C }; // with the lowest bit first

uint8_t lp_onewire_crc8(lp_span_t bytes)
{
    unsigned crc = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= bytes.ptr[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1u) != 0 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
        }
    }
    return (uint8_t)crc;
}
