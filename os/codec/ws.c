// SPDX-License-Identifier: Apache-2.0
// Writing frames, and the opening.
#include "limpet/ws.h"

#include <string.h>

#include "limpet/base64.h"
#include "limpet/endian.h"
#include "limpet/sha1.h"

enum { FIN = 0x80, MASKED = 0x80, LEN_16 = 126, LEN_64 = 127, KEY_BYTES = 16, KEY_LEN = 24 };

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, 1.3

size_t lp_ws_head(uint8_t dst[LP_WS_HEAD_MAX], lp_ws_opcode_t opcode, bool is_fin, uint64_t len,
                  const uint8_t *mask)
{
    size_t n = 2;
    dst[0] = (uint8_t)((is_fin ? FIN : 0) | (unsigned)opcode);
    if (len < LEN_16) {
        dst[1] = (uint8_t)len;
    } else if (len <= UINT16_MAX) {
        dst[1] = LEN_16;
        lp_put_be16(dst + 2, (uint16_t)len);
        n = 4;
    } else {
        dst[1] = LEN_64;
        lp_put_be32(dst + 2, (uint32_t)(len >> 32));
        lp_put_be32(dst + 6, (uint32_t)len);
        n = 10;
    }
    if (mask != NULL) {
        dst[1] |= MASKED;
        memcpy(dst + n, mask, 4);
        n += 4;
    }
    return n;
}

void lp_ws_mask(uint8_t *data, size_t len, const uint8_t mask[4], size_t at)
{
    for (size_t i = 0; i < len; i++) {
        data[i] ^= mask[(at + i) % 4];
    }
}

lp_err_t lp_ws_accept(lp_span_t key, char accept[LP_WS_ACCEPT_BYTES])
{
    uint8_t nonce[KEY_BYTES];
    uint8_t text[KEY_LEN + sizeof guid - 1];
    uint8_t digest[LP_SHA1_LEN];
    lp_buf_t bytes = lp_buf(nonce, sizeof nonce);
    lp_buf_t both = lp_buf(text, sizeof text);
    if (key.len != KEY_LEN || lp_base64_decode(&bytes, key) != LP_OK || bytes.len != KEY_BYTES) {
        return LP_E_FORMAT;
    }
    (void)lp_buf_put(&both, key);
    (void)lp_buf_put_str(&both, guid);
    lp_sha1(lp_buf_span(&both), digest);
    lp_buf_t out = lp_buf(accept, LP_WS_ACCEPT_BYTES - 1);
    (void)lp_base64_encode(&out, lp_span(digest, sizeof digest));
    accept[out.len] = '\0';
    return LP_OK;
}
