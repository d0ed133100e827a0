// SPDX-License-Identifier: Apache-2.0
// Command packets: layout, times, addresses. Pure functions on the chip's buffers.
//
//   tx_:  0x03 | count | opcode | param1 | param2 LE | data ... | crc LE
//         word   \__ count counts from here to the end, the CRC included __/
#include "internal.h"
#include "limpet/crc.h"

enum { WORD_COMMAND = 0x03, AT_COUNT = 1, AT_DATA = 6 };

typedef struct {
    uint8_t opcode;
    uint8_t typical_ms;
    uint8_t max_508_ms;
    uint16_t max_608_ms[3]; // by clock divider: full speed, middle, slow
} times_t;

// @source DS20005927A Table 9-4 (508A); 608: longest waits known to be enough, per clock divider
static const times_t times[] = {
    {OP_PAUSE, 1, 3, {3, 3, 3}},
    {OP_READ, 1, 5, {5, 5, 5}},
    {OP_MAC, 5, 14, {55, 55, 55}},
    {OP_HMAC, 13, 23, {23, 23, 23}},
    {OP_WRITE, 7, 26, {45, 45, 45}},
    {OP_GENDIG, 5, 11, {25, 35, 35}},
    {OP_NONCE, 1, 29, {20, 20, 20}},
    {OP_LOCK, 8, 32, {35, 35, 35}},
    {OP_RANDOM, 1, 23, {23, 23, 23}},
    {OP_DERIVEKEY, 2, 50, {50, 50, 50}},
    {OP_UPDATEEXTRA, 8, 10, {10, 10, 10}},
    {OP_COUNTER, 5, 20, {25, 25, 25}},
    {OP_CHECKMAC, 5, 13, {40, 40, 40}},
    {OP_INFO, 1, 2, {5, 5, 5}},
    {OP_GENKEY, 11, 115, {115, 215, 653}},
    {OP_SIGN, 42, 60, {115, 220, 665}},
    {OP_ECDH, 38, 58, {75, 172, 531}},
    {OP_VERIFY, 38, 72, {105, 295, 1085}},
    {OP_PRIVWRITE, 1, 48, {50, 50, 50}},
    {OP_SHA, 7, 9, {36, 42, 75}},
    {OP_AES, 1, 27, {27, 27, 27}},
    {OP_KDF, 20, 165, {165, 165, 165}},
    {OP_SELFTEST, 100, 250, {250, 625, 2324}},
    {OP_SECUREBOOT, 40, 160, {80, 160, 480}},
};

// Limited-use bookkeeping may add up to 50 ms (DS20005927A Table 9-4, note 2).
enum { BOOKKEEPING_MS = 50, CLOCK_MIDDLE = 5, CLOCK_SLOW = 13 };

static unsigned clock_column(const lp_atecc_t *chip)
{
    if (chip->part_ == LP_ATECC_PART_UNKNOWN || chip->clock_ >= CLOCK_SLOW) {
        return 2;
    }
    return chip->clock_ >= CLOCK_MIDDLE ? 1 : 0;
}

void lp_atecc_cmd_times(const lp_atecc_t *chip, uint8_t opcode, uint16_t *typical_ms,
                        uint16_t *max_ms)
{
    *typical_ms = 1;
    *max_ms = 100;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (times[i].opcode == opcode) {
            *typical_ms = times[i].typical_ms;
            *max_ms = chip->part_ == LP_ATECC_508A ? times[i].max_508_ms
                                                   : times[i].max_608_ms[clock_column(chip)];
            break;
        }
    }
    *max_ms = (uint16_t)(*max_ms + BOOKKEEPING_MS);
}

void lp_atecc_cmd_begin(lp_atecc_t *chip, uint8_t opcode, uint8_t param1, uint16_t param2,
                        uint8_t reply_len)
{
    chip->cmd_ =
        (lp_atecc_cmd_t){.opcode = opcode, .reply_len = reply_len, .wear_slot = LP_ATECC_TEMPKEY};
    lp_atecc_cmd_times(chip, opcode, &chip->cmd_.typical_ms, &chip->cmd_.max_ms);
    const uint8_t head[AT_DATA] = {WORD_COMMAND,          0, opcode, param1, (uint8_t)param2,
                                   (uint8_t)(param2 >> 8)};
    memcpy(chip->tx_, head, sizeof head);
    chip->tx_len_ = AT_DATA;
}

void lp_atecc_cmd_put(lp_atecc_t *chip, lp_span_t data)
{
    // Callers check lengths; this only keeps a mistake from becoming an overflow.
    if (data.len <= LP_ATECC_TX_MAX - 2 - chip->tx_len_ && data.len > 0) {
        memcpy(chip->tx_ + chip->tx_len_, data.ptr, data.len);
        chip->tx_len_ += data.len;
    }
}

void lp_atecc_cmd_end(lp_atecc_t *chip)
{
    chip->tx_[AT_COUNT] = (uint8_t)(chip->tx_len_ + 1); // + 2 of CRC - 1 of word address
    const uint16_t crc = lp_crc16_8005(0, lp_span(chip->tx_ + AT_COUNT, chip->tx_len_ - AT_COUNT));
    chip->tx_[chip->tx_len_++] = (uint8_t)crc;
    chip->tx_[chip->tx_len_++] = (uint8_t)(crc >> 8);
}

size_t lp_atecc_area_len(lp_atecc_at_t at)
{
    enum { SLOT_8 = 8, SMALL = 36, BIG = 416, MEDIUM = 72 };
    switch (at.zone) {
    case LP_ATECC_CONFIG:
        return LP_ATECC_CONFIG_LEN;
    case LP_ATECC_OTP:
        return LP_ATECC_OTP_LEN;
    case LP_ATECC_DATA:
        break;
    }
    if (at.zone != LP_ATECC_DATA || at.slot >= LP_ATECC_SLOTS) {
        return 0;
    }
    if (at.slot < SLOT_8) {
        return SMALL;
    }
    return at.slot == SLOT_8 ? BIG : MEDIUM;
}

uint16_t lp_atecc_address(lp_atecc_at_t at)
{
    const unsigned block = at.offset / 32u;
    const unsigned word = at.offset / 4u % 8u;
    if (at.zone == LP_ATECC_DATA) {
        return (uint16_t)(block << 8 | (unsigned)at.slot << 3 | word);
    }
    return (uint16_t)(block << 3 | word);
}

bool lp_atecc_uses_tempkey(const lp_atecc_t *chip, uint8_t opcode)
{
    switch (opcode) {
    case OP_INFO:
        return false;
    case OP_READ:
    case OP_WRITE:
    case OP_RANDOM:
    case OP_COUNTER:
    case OP_LOCK:
    case OP_UPDATEEXTRA:
        // On the 608 TempKey survives commands that do not use it; a 508 clears it.
        return !lp_atecc_is_608(chip);
    default:
        return true;
    }
}
