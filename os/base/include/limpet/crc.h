// SPDX-License-Identifier: Apache-2.0
// limpet/crc.h - checksums against accidents, not against attackers.
// @context any
#ifndef LIMPET_CRC_H
#define LIMPET_CRC_H

#include "limpet/span.h"

// CRC-32 of IEEE 802.3 (zlib's): start with 0, feed pieces in order, the result of one call is the
// `crc` of the next. lp_crc32(0, "123456789") is 0xcbf43926.
uint32_t lp_crc32(uint32_t crc, lp_span_t bytes);

// CRC-16, polynomial 0x8005, bytes entered with the least significant bit first, result not
// reflected, no final xor; start with 0. This is the checksum of the ATECC family's words.
// @source Microchip ATECC508A data sheet, section 9.1.1 "Security command packets", count and CRC
uint16_t lp_crc16_8005(uint16_t crc, lp_span_t bytes);

#endif
