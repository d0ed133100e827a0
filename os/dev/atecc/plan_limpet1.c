// SPDX-License-Identifier: Apache-2.0
// The slot plan "limpet-1". docs/slot-plan.md explains it slot by slot, ADR 0003 says why.
//
// SlotConfig: 15-12 WriteConfig, 11-8 WriteKey, 7 IsSecret, 6 EncryptRead, 5 LimitedUse, 4 NoMac,
// 3-0 ReadKey (private keys: 3 secret to slot N+1, 2 ECDH, 1 internal, 0 external signatures).
// KeyConfig: 7 ReqAuth, 6 ReqRandom, 5 Lockable, 4-2 KeyType (4 P-256, 7 other), 1 PubInfo, 0
// Private.
// @source DS20005927A Tables 2-6 and 2-12
#include "limpet/atecc_plan.h"

#define SLOT(n, s, k, text) [n] = {.purpose = text, .slot_config = s, .key_config = k}

// Bytes 88-89 (SlotLocked) are not here: they follow from Lockable, see plan_diff.c.
static const lp_atecc_plan_byte_t bytes_508[] = {
    {18, 0xAA, 0xFF, "OTP mode (read-only)"}, {19, 0x00, 0xFF, "chip mode"},
    {90, 0x00, 0xFF, "reserved byte 90"},     {91, 0x00, 0xFF, "reserved byte 91"},
    {92, 0x00, 0xFF, "X.509 format 0"},       {93, 0x00, 0xFF, "X.509 format 1"},
    {94, 0x00, 0xFF, "X.509 format 2"},       {95, 0x00, 0xFF, "X.509 format 3"},
};

static const lp_atecc_plan_byte_t bytes_608[] = {
    {18, 0x00, 0xFF, "counter match (off)"},
    {19, 0x00, 0xFF, "chip mode (full speed, 1.3 s watchdog)"},
    {68, 0x00, 0xFF, "use lock (off)"},
    {69, 0x00, 0xFF, "volatile key permission (off)"},
    {70, 0x00, 0xFF, "secure boot, low byte (off)"},
    {71, 0x00, 0xFF, "secure boot, high byte (off)"},
    {72, 0x00, 0xFF, "KDF IV location"},
    {73, 0x00, 0xFF, "KDF IV, first byte"},
    {74, 0x00, 0xFF, "KDF IV, second byte"},
    {90, 0x0E, 0xFF, "chip options, low byte (I/O protection key, KDF-AES, health test)"},
    {91, 0x60, 0xFF, "chip options, high byte (I/O protection key in slot 6)"},
    {92, 0x00, 0xFF, "X.509 format 0"},
    {93, 0x00, 0xFF, "X.509 format 1"},
    {94, 0x00, 0xFF, "X.509 format 2"},
    {95, 0x00, 0xFF, "X.509 format 3"},
};

static const uint8_t otp[LP_ATECC_OTP_LEN] = {'l', 'i', 'm', 'p', 'e', 't', '-', '1'};

const lp_atecc_plan_t lp_atecc_plan_limpet1 = {
    .name = "limpet-1",
    .slots =
        {
            SLOT(LP_ATECC_SLOT_IDENTITY, 0x0081, 0x0053, "identity key"),
            SLOT(LP_ATECC_SLOT_IDENTITY2, 0x2081, 0x0073, "second identity key, for rotation"),
            SLOT(LP_ATECC_SLOT_ECDHE, 0x2084, 0x0013, "ephemeral ECDH key"),
            SLOT(LP_ATECC_SLOT_ATTEST, 0x0082, 0x0013, "attestation key"),
            SLOT(LP_ATECC_SLOT_ECDHE_SEALED, 0x208C, 0x0013, "ephemeral ECDH key, secret sealed"),
            SLOT(LP_ATECC_SLOT_PREMASTER, 0x8FC6, 0x001C, "sealed ECDH secret"),
            SLOT(LP_ATECC_SLOT_BUS_KEY, 0x0F8F, 0x007C, "bus protection key"),
            SLOT(LP_ATECC_SLOT_BINDING, 0x0F8F, 0x007C, "binding secret"),
            SLOT(LP_ATECC_SLOT_DATA, 0x0F0F, 0x003C, "application data"),
            SLOT(LP_ATECC_SLOT_APP_SECRET, 0x46C6, 0x007C, "application secret"),
            SLOT(LP_ATECC_SLOT_CERT, 0x0F0F, 0x003C, "device certificate"),
            SLOT(LP_ATECC_SLOT_SIGNER_KEY, 0x0F0F, 0x0030, "signer's public key"),
            SLOT(LP_ATECC_SLOT_SIGNER_CERT, 0x0F0F, 0x003C, "signer's certificate"),
            SLOT(LP_ATECC_SLOT_FIRMWARE_KEY, 0x0F0F, 0x0030, "firmware public key"),
            SLOT(LP_ATECC_SLOT_FIRMWARE_KEY2, 0x0F0D, 0x0032, "second firmware public key"),
            SLOT(LP_ATECC_SLOT_CERT2, 0x0F0F, 0x003C, "second device certificate"),
        },
    .bytes_508 = bytes_508,
    .bytes_508_len = sizeof bytes_508 / sizeof bytes_508[0],
    .bytes_608 = bytes_608,
    .bytes_608_len = sizeof bytes_608 / sizeof bytes_608[0],
    .born = 1u << LP_ATECC_SLOT_IDENTITY | 1u << LP_ATECC_SLOT_ATTEST,
    .otp = otp,
};
