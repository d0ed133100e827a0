// SPDX-License-Identifier: Apache-2.0
// limpet/endian.h - integers in bytes, whatever the machine's own order and alignment.
// @context any
#ifndef LIMPET_ENDIAN_H
#define LIMPET_ENDIAN_H

#include <stdint.h>

static inline uint16_t lp_get_be16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint16_t lp_get_le16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[1] << 8 | p[0]);
}

static inline uint32_t lp_get_be32(const uint8_t *p)
{
    return (uint32_t)lp_get_be16(p) << 16 | lp_get_be16(p + 2);
}

static inline uint32_t lp_get_le32(const uint8_t *p)
{
    return (uint32_t)lp_get_le16(p + 2) << 16 | lp_get_le16(p);
}

static inline uint64_t lp_get_be64(const uint8_t *p)
{
    return (uint64_t)lp_get_be32(p) << 32 | lp_get_be32(p + 4);
}

static inline uint64_t lp_get_le64(const uint8_t *p)
{
    return (uint64_t)lp_get_le32(p + 4) << 32 | lp_get_le32(p);
}

static inline void lp_put_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void lp_put_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void lp_put_be32(uint8_t *p, uint32_t v)
{
    lp_put_be16(p, (uint16_t)(v >> 16));
    lp_put_be16(p + 2, (uint16_t)v);
}

static inline void lp_put_le32(uint8_t *p, uint32_t v)
{
    lp_put_le16(p, (uint16_t)v);
    lp_put_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void lp_put_be64(uint8_t *p, uint64_t v)
{
    lp_put_be32(p, (uint32_t)(v >> 32));
    lp_put_be32(p + 4, (uint32_t)v);
}

static inline void lp_put_le64(uint8_t *p, uint64_t v)
{
    lp_put_le32(p, (uint32_t)v);
    lp_put_le32(p + 4, (uint32_t)(v >> 32));
}

#endif
