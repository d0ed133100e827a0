// SPDX-License-Identifier: Apache-2.0
// limpet/chipsim_rules.h - every rule of the sheets that the model enforces, and every place where
// the sheets contradict themselves, as data.
//
// A rule can be switched off in one chip. That is for tests: if a test suite does not notice that a
// rule is gone, it does not test the rule. It also answers "what would this attack yield if the
// chip did not check that?".
//
// Sources: "L1234" is a line of the text of Microchip DS20005927A (ATECC508A), "T1234" of
// DS40002138A (ATECC608A-TFLXTLS), "P" other public knowledge of the 608.
#ifndef LIMPET_CHIPSIM_RULES_H
#define LIMPET_CHIPSIM_RULES_H

#include "limpet/chipsim.h"

// clang-format off
#define LP_CHIPSIM_RULE_LIST(X)                                                                                        \
    X(CRC, "L2915", "a group with a wrong CRC or count is answered FF and not parsed")                                  \
    X(WATCHDOG_NEAR, "L3222", "a command that the watchdog could cut off is answered EE and not run")                   \
    X(WATCHDOG_SLEEP, "L3201", "the watchdog puts the chip to sleep, whatever it is doing")                             \
    X(IDLE_KEEPS, "L2207", "idle keeps TempKey, the seeds and the authorisation")                                       \
    X(TEMPKEY_VALID, "L3520", "what needs TempKey fails while it is not valid")                                         \
    X(TEMPKEY_CLEARED_508, "L1449", "508: a command clears TempKey unless it is one of the named exceptions")            \
    X(TEMPKEY_CLEARED_608, "T1357", "608: a command that read TempKey clears it")                                       \
    X(MSGDIG_CLEARED, "T1384", "608: most commands clear the message digest buffer")                                    \
    X(MSGDIG_VALID, "T1385", "608: the message digest buffer must have been loaded")                                    \
    X(ALTKEY_VALID, "T1391", "608: the alternate key buffer must have been loaded")                                     \
    X(SHA_INTERRUPTED_508, "L4465", "508: any other command ends a SHA calculation")                                    \
    X(SHA_STARTED, "L4456", "SHA needs a Start before Update, Public and End")                                          \
    X(SHA_END_KIND, "L4518", "508: End closes Start and HMACend closes HMACstart")                                      \
    X(SHA_PUBLIC_SLOT, "L4471", "SHA(Public) takes only a slot with a public key")                                      \
    X(SHA_CONTEXT_HMAC, "T2377", "608: the context of an HMAC is not given out")                                        \
    X(RANDOM_PATTERN, "L1754", "before the configuration lock the RNG returns FF FF 00 00 ...")                         \
    X(HEALTH_TEST, "T1523", "608: after a failed health test what needs random numbers fails with 08")                   \
    X(SELFTEST_STATE, "T2273", "608: after a failed self-test only SelfTest and reading the configuration work")         \
    X(READ_DATA_UNLOCKED, "L4400", "no slot is read before the data zone is locked")                                    \
    X(READ_OTP_UNLOCKED, "L4396", "OTP is not read before the data zone is locked")                                     \
    X(READ_PRIVATE, "L882", "an ECC private key is never read")                                                         \
    X(READ_SECRET, "L891", "a secret slot without EncryptRead is never read")                                           \
    X(READ_PROHIBITED, "L889", "EncryptRead without IsSecret is a prohibited code: no reads")                           \
    X(READ_SECRET_WORD, "L4401", "no 4-byte reads of a secret slot")                                                    \
    X(READ_ENCRYPTS, "L4447", "an encrypted read is XORed with TempKey")                                                \
    X(READ_ENC_GENDIG, "L4441", "an encrypted read needs a TempKey made by GenDig from a slot")                          \
    X(READ_ENC_KEY, "L4443", "an encrypted read needs the slot's ReadKey in TempKey")                                   \
    X(READ_ENC_RANDOM, "L4445", "an encrypted read needs a random nonce in TempKey")                                    \
    X(WRITE_CONFIG_LOCKED, "L4862", "the configuration is not written once locked")                                     \
    X(WRITE_CONFIG_ENCRYPTED, "L4862", "the configuration is never written encrypted")                                  \
    X(WRITE_CONFIG_FORBIDDEN, "L4864", "bytes 0-15 and 84-87 are never written; nothing of such a write is")             \
    X(WRITE_NEEDS_CONFIG_LOCK, "L4907", "data and OTP are not written before the configuration is locked")               \
    X(WRITE_OPEN_WORD, "L4889", "no 4-byte writes to data and OTP before they are locked")                              \
    X(WRITE_OTP_READONLY, "L4867", "locked OTP in read-only mode is not written")                                       \
    X(WRITE_OTP_AND, "L4869", "locked OTP in consumption mode: bits only go from 1 to 0")                               \
    X(WRITE_OTP_ENCRYPTED, "L4870", "locked OTP is never written encrypted")                                            \
    X(WRITE_PRIVATE, "L4860", "Write never writes an ECC private key")                                                  \
    X(WRITE_SLOT_LOCKED, "L4908", "a locked slot is not written, in any state")                                         \
    X(WRITE_NEVER, "L927", "WriteConfig 001x and 10xx: never written")                                                  \
    X(WRITE_PUB_INVALID, "L924", "WriteConfig 0001: a validated public key is not overwritten")                         \
    X(WRITE_WORD, "L4886", "4-byte writes need WriteConfig Always, no IsSecret, no encryption")                         \
    X(WRITE_NEEDS_MAC, "L4916", "an encrypted write carries a MAC")                                                     \
    X(WRITE_MAC, "L4916", "an encrypted write's MAC must be right")                                                     \
    X(WRITE_ENC_GENDIG, "L4924", "an encrypted write to locked data needs GenDig from a slot")                           \
    X(WRITE_ENC_KEY, "L4934", "an encrypted write to locked data needs the slot's WriteKey in TempKey")                  \
    X(WRITE_INVALIDATES, "L4902", "any write to a slot that needs validation marks its public key invalid")              \
    X(PRIVWRITE_CONFIG_LOCK, "L4277", "no PrivWrite before the configuration is locked")                                \
    X(PRIVWRITE_PRIVATE, "L4269", "PrivWrite only to slots for ECC private keys")                                       \
    X(PRIVWRITE_SECRET, "L4269", "PrivWrite needs IsSecret")                                                            \
    X(PRIVWRITE_SLOT_LOCKED, "L4270", "no PrivWrite to a locked slot")                                                  \
    X(PRIVWRITE_FORBIDDEN, "L4281", "once data is locked PrivWrite needs WriteConfig Encrypt")                          \
    X(PRIVWRITE_CLEAR, "L4285", "once data is locked PrivWrite must be encrypted")                                      \
    X(PRIVWRITE_GENDIG, "L4283", "once data is locked PrivWrite needs GenDig from a slot")                              \
    X(PRIVWRITE_KEY, "L4284", "once data is locked PrivWrite needs the slot's WriteKey in TempKey")                      \
    X(PRIVWRITE_MAC, "L4289", "an encrypted PrivWrite's MAC must be right")                                             \
    X(LOCK_TWICE, "L3960", "a locked zone is not locked again")                                                         \
    X(LOCK_CONFIG_CRC, "L3983", "the configuration is locked only if its CRC matches or the check is waived")            \
    X(LOCK_DATA_CRC, "L3983", "data and OTP are locked only if their CRC matches or the check is waived")                \
    X(LOCK_DATA_FIRST, "L1288", "data is not locked before the configuration")                                          \
    X(LOCK_SLOT_FIRST, "L1327", "a slot is not locked before the configuration")                                        \
    X(LOCK_SLOT_LOCKABLE, "L1327", "only a slot with Lockable is locked")                                               \
    X(LOCK_SLOT_TWICE, "L3960", "a locked slot is not locked again")                                                    \
    X(KEYS_NEED_CONFIG_LOCK, "L1268", "no slot serves as a key before the configuration is locked")                      \
    X(SECRET_NOT_PRIVATE, "L1146", "the SHA-256 commands never take an ECC private key")                                \
    X(REQ_AUTH, "L1163", "ReqAuth: a key works only after AuthKey was presented")                                       \
    X(AUTH_ONCE, "L1183", "an authorisation is gone after one command whose key needs it")  \
    X(REQ_RANDOM, "L1156", "ReqRandom: TempKey must hold a random nonce")                                               \
    X(LATCH, "L1036", "IntrusionDisable / PersistentDisable: no use while the latch is 0")                              \
    X(LATCH_AUTH, "P", "608: Info sets the persistent latch only with permission and authorisation")                     \
    X(LIMITED_USE, "L1589", "LimitedUse: each use counts Counter0 up first")                                            \
    X(LAST_KEY_USE, "L1601", "508: slot 15 has as many uses as LastKeyUse has bits")                                    \
    X(COUNT_MATCH, "P", "608: CountMatch ends limited use at the number in a slot")                                     \
    X(COUNTER_MAX, "L3309", "a counter does not go beyond 2,097,151")                                                   \
    X(UPDATEEXTRA_ONCE, "L4668", "UpdateExtra writes a byte that is zero; the 508's Selector by SelectorMode")           \
    X(SOURCE_MATCH, "L4102", "mode bit 2 of MAC, HMAC and CheckMac must match SourceFlag")                              \
    X(NO_MAC_SLOT, "L846", "a NoMac key makes no MAC, HMAC or SHA-HMAC")                                                \
    X(NO_MAC_TEMPKEY, "L1425", "a TempKey with a NoMac key in it makes no MAC or HMAC")                                 \
    X(CHECKMAC_COMPARE, "L3289", "CheckMac answers 01 to a wrong response")                                             \
    X(CHECKMAC_COPY_READKEY, "L1654", "CheckMac/Copy needs ReadKey 0 in the target")                                    \
    X(GENDIG_TRANSPORT_RANDOM, "L3527", "transport keys need a random nonce")                                           \
    X(GENDIG_OTP_CONFIG_LOCK, "L1220", "GenDig takes no OTP before the configuration is locked")                         \
    X(DERIVE_PRIVATE, "L3349", "DeriveKey never writes an ECC private key")                                             \
    X(DERIVE_SLOT_LOCKED, "L3350", "no DeriveKey to a locked slot")                                                     \
    X(DERIVE_ENABLED, "L3348", "DeriveKey needs WriteConfig xx1x")                                                      \
    X(DERIVE_SOURCE, "L3358", "DeriveKey's mode bit 2 must match SourceFlag")                                           \
    X(DERIVE_NEEDS_MAC, "L3360", "WriteConfig 1xxx: DeriveKey carries a MAC")                                           \
    X(DERIVE_MAC, "L3360", "DeriveKey's MAC must be right")                                                             \
    X(GENKEY_CONFIG_LOCK, "L3702", "no ephemeral key before the configuration is locked")                                      \
    X(GENKEY_PRIVATE, "L3700", "GenKey only in slots for ECC private keys")                                             \
    X(GENKEY_SECRET, "L3700", "GenKey needs IsSecret")                                                                  \
    X(GENKEY_TYPE, "L3701", "GenKey needs KeyType P-256")                                                               \
    X(GENKEY_SLOT_LOCKED, "L3719", "no new key in a locked slot")                                                       \
    X(GENKEY_ENABLED, "L3706", "once data is locked a new key needs WriteConfig bit 13")                                \
    X(GENKEY_PUB_INFO, "L3710", "once data is locked a public key is computed only with PubInfo")                        \
    X(GENKEY_PUBLIC_SLOT, "L3757", "the digest of a stored public key needs such a slot")                               \
    X(SIGN_PRIVATE, "L4565", "Sign needs a slot with an ECC private key")                                               \
    X(SIGN_SECRET, "L4566", "Sign needs IsSecret")                                                                      \
    X(SIGN_EXTERNAL, "L4552", "external signatures need ReadKey bit 0")                                                 \
    X(SIGN_INTERNAL, "L4561", "internal signatures need ReadKey bit 1")                                                 \
    X(SIGN_INTERNAL_DATA_LOCK, "L4563", "no internal signatures before data is locked")                                 \
    X(SIGN_INTERNAL_SOURCE, "L4559", "internal signatures need a TempKey from GenKey or GenDig")                         \
    X(VERIFY_COMPARE, "L4831", "Verify answers 01 to a wrong signature")                                                \
    X(VERIFY_KEY_TYPE, "L4729", "Verify needs a P-256 public key")                                                      \
    X(VERIFY_VALIDATED, "L4725", "PubInfo: a stored public key verifies only once validated")                           \
    X(VERIFY_MARKABLE, "L1093", "only keys with PubInfo are validated or invalidated")                                  \
    X(VERIFY_GENKEY, "L4840", "Validate needs the GenKey digest of that very slot")                                     \
    X(VERIFY_OTHERDATA, "L4753", "OtherData[17] bit 0 must match mode bit 2")                                           \
    X(VERIFY_X509_FORMAT, "L4746", "X509format 0 goes with Validate, others with ValidateExternal")                      \
    X(VERIFY_X509_SHAPE, "L4473", "ValidateExternal: the key at its block, and as many blocks as X509format says")       \
    X(IO_KEY_ENABLED, "T473", "608: without an I/O protection key in ChipOptions nothing is encrypted or answered with a MAC") \
    X(VERIFY_MAC_NONCE, "T3004", "608: the validating MAC needs a nonce in the message digest buffer")                   \
    X(ECDH_PRIVATE, "L3456", "ECDH needs an ECC private key")                                                           \
    X(ECDH_PERMITTED, "L3456", "ECDH needs ReadKey bit 2")                                                              \
    X(ECDH_TO_SLOT, "L3460", "ReadKey bit 3 sends the secret to the next slot, never to the bus")                        \
    X(ECDH_ODD_SLOT, "L3461", "ReadKey bit 3 works in even slots only")                                                 \
    X(ECDH_TARGET, "L1321", "ECDH writes neither a locked slot nor a private key")                                      \
    X(ECDH_TEMPKEY, "T2601", "608: ECDH from TempKey needs a key made there by GenKey")                                 \
    X(ECDHPROT_ENCRYPTED, "T2587", "608: ECDHPROT 1: the secret leaves only encrypted")                                 \
    X(ECDHPROT_FORBIDDEN, "P", "608: ECDHPROT 2, 3: the secret never leaves")                                           \
    X(AES_ENABLED, "T378", "608: AES must be enabled in the configuration")                                             \
    X(AES_KEY_TYPE, "T1066", "608: AES needs a slot of KeyType AES")                                                    \
    X(KDF_AES_ENABLED, "T472", "608: KDF(AES) must be enabled in ChipOptions")                                          \
    X(KDF_IV, "T3819", "608: the special IV mode needs KdfIvStr at KdfIvLoc")                                           \
    X(KDF_UPPER, "T3626", "608: the upper half of TempKey is written only while the lower is valid")                     \
    X(KDF_TARGET, "P", "608: KDF writes neither a locked slot nor a private key")                                       \
    X(KDFPROT_ENCRYPTED, "T462", "608: KDFPROT 1: the result leaves only encrypted")                                    \
    X(KDFPROT_FORBIDDEN, "P", "608: KDFPROT 2, 3: the result never leaves")                                             \
    X(BOOT_ENABLED, "T425", "608: SecureBoot must be enabled")                                                          \
    X(BOOT_PROHIBITED, "P", "608: SecureBoot prohibited until the next power-up")                                       \
    X(BOOT_MODE, "T2795", "608: Full goes with FullBoth, FullStore and FullCopy with the storing modes")                 \
    X(BOOT_DATA_LOCK, "P", "608: SecureBoot works once data is locked")                                                 \
    X(BOOT_RANDOM, "T423", "608: SecureBootConfig may demand a random nonce")                                           \
    X(BOOT_COMPARE, "T2810", "608: SecureBoot answers 01 to a wrong signature or digest")                               \
    X(BOOT_SLOT_LOCKED, "L1321", "608: FullCopy does not write a locked slot")                                          \
    X(PAUSE_SELECTOR, "L4234", "508: Pause sends a chip with another Selector to idle")                                 \
    X(GPIO_I2C, "L3934", "Info(GPIO) fails on an I2C part")

// Where the sources contradict themselves or leave a hole: X(id, "one place", "another", "what the model does").
#define LP_CHIPSIM_CHOICE_LIST(X)                                                                                      \
    X(ecdh_output, "L3481: ReadKey<3> set: secret in the clear", "L862, L3460: ReadKey<3> set: to slot N+1",            \
      "to slot N+1")                                                                                                   \
    X(otp_read, "L4397: words 0 and 1 fail if OTPmode is not zero", "L666, L1230: all words can be read",               \
      "all words can be read")                                                                                         \
    X(selector, "L4672: written if SelectorMode is 1 and Selector not zero", "L695, L1861: if it is 0, or zero",         \
      "SelectorMode 0: always; 1: only while zero")                                                                    \
    X(updateextra_lock, "L726: after the data zone is locked", "L4652: after the configuration is; L1858: at any time", \
      "at any time")                                                                                                   \
    X(secureboot_bits, "T423: latch is bit 2, random nonce bit 3", "other public sources: bits 3 and 4",                \
      "bits 2 and 3, as the sheet")                                                                                    \
    X(address_example, "L3160: 0x014", "the bits beside it: 0x014D", "0x014D")                                          \
    X(group_max, "L2852: 155 bytes", "L2291: an I/O buffer of 71 bytes; other sources: 151", "155")                     \
    X(checkmac_copy_mode, "L1667: mode 01", "L3249: modes 01 and 05", "01 and 05")                                     \
    X(checkmac_auth_bit, "L1177: Mode<1> one authorises", "L3242: Mode<1> zero", "zero")                               \
    X(slotlocked_byte, "the word 'locked'", "L3652: 01 when the SlotLocked bit is 1, that is, not locked",              \
      "the bit as it is stored")                                                                                       \
    X(verify_otherdata, "T3155: for Validate", "L4753: for Validate and Invalidate", "both, 19 bytes")                  \
    X(verify_mac_source, "T3024: modes 82 and A2 exchanged", "T3107: bit 5 selects the message digest buffer",          \
      "bit 5, in every mode")                                                                                          \
    X(partial_read, "L2280: a read after half a command is not acknowledged", "L2295: acknowledged, then FF",           \
      "acknowledged, FF")                                                                                              \
    X(surplus_bytes, "L2180: bytes beyond the count are ignored", "L2291: they are not acknowledged",                   \
      "not acknowledged and ignored")                                                                                  \
    X(partial_group, "L2179: a group may come in several writes", "L2899: START or STOP ends the wait for the rest",    \
      "several writes; word address 0 starts again")                                                                   \
    X(random_tempkey, "L1748: Random does not affect the nonce", "L1449: every other command clears TempKey",           \
      "508: cleared; 608: kept")                                                                                       \
    X(nonce_calc_flag, "L4189: the flags stay", "T2106: SourceFlag becomes Rand", "they stay")                          \
    X(genkey_limited, "L1594: GenKey ignores LimitedUse", "L3688: the digest of a stored key checks it",                \
      "only the digest of a stored key counts")                                                                        \
    X(validate_message, "L1834: an inner digest over 72 bytes", "L3783: GenKey digests 64 bytes of X and Y", "64 bytes") \
    X(x509_blocks, "L4473: a block number and a total, no more", "", "blocks count from 0; a partial last one counts")   \
    X(factory_data, "not stated", "", "FF in every byte, no valid private keys")                                        \
    X(transport_keys, "L1684: known to qualified customers only", "", "a fixed value per KeyID")                        \
    X(info_state_order, "T1982: 00 00 byte 1 byte 0", "L3881: byte 0 first", "byte 0 first")                            \
    X(serial_last_byte, "T2516: SN[8] is 01", "L1204: SN<8> is EE", "what the configuration says")                      \
    X(hkdf_length, "T3868: bits 31-25", "T3681 (PRF): bits 31-24", "bits 31-24")                                        \
    X(sha_context, "T2383: 40 to 99 bytes", "40 and up to 63 more", "40 to 103; count, state, zeros, rest")             \
    X(keyconfig_message, "T3606: GenDig(KeyConfig) begins with TempKey", "L3632: zeros first, TempKey last",            \
      "zeros first, TempKey last")                                                                                     \
    X(sign_msgdig_mode, "T2969: D0", "the bits beside it: E0", "bit 5")                                                 \
    X(boot_mac_mode, "T2846: 86 for FullCopy", "T2810: the command's mode, 87", "the mode byte as sent")                \
    X(keys_before_config_lock, "L1268: data zone inaccessible", "MAC and the like are not named",                       \
      "every use of a slot as a key fails with 0F")                                                                    \
    X(gfm_enable, "T3272: GFM involves no secrets", "T378: AES_Enable: AES operations are enabled",                      \
      "GFM, a mode of AES, needs AES_Enable")                                                                          \
    X(verify_slot_15, "L1627: Verify counts a LimitedUse slot 15 as the key to be validated, too",                       \
      "608: no LastKeyUse, slot 15 is like the others", "508: counted; 608: not counted")                              \
    X(nomac_sha_hmac, "T1344: NoMacFlag bars TempKey from the MAC command", "L848: a NoMac key makes no HMAC of SHA",     \
      "608: TempKey with NoMacFlag makes no HMAC of SHA either")                                                       \
    X(ee_tempkey, "L1449: cleared for all return codes", "L3222: EE: nothing is executed", "EE keeps TempKey")           \
    X(count_match, "608: format of the match slot not public", "", "little-endian limit in its first four bytes")        \
    X(use_lock, "608: UseLock is not described in public", "", "not modelled: byte 68 is stored and ignored")            \
    X(selftest_group, "other public sources: 04 07 C4 40 after a failed self-test", "L2859: the CRC of 04 07 is C240",      \
      "04 07 40 C2, as the polynomial says")                                                                           \
    X(times_608, "608: typical times not public", "", "six tenths of the published maximum")

// clang-format on

typedef enum {
#define LP_CHIPSIM_RULE_ENUM(id, source, text) LP_RULE_##id,
    LP_CHIPSIM_RULE_LIST(LP_CHIPSIM_RULE_ENUM)
#undef LP_CHIPSIM_RULE_ENUM
        LP_CHIPSIM_RULES
} lp_chipsim_rule_t;

// Name, source and words of a rule. Static.
const char *lp_chipsim_rule_name(lp_chipsim_rule_t rule);
const char *lp_chipsim_rule_source(lp_chipsim_rule_t rule);
const char *lp_chipsim_rule_text(lp_chipsim_rule_t rule);

// All rules are on in a new chip.
void lp_chipsim_rule_switch(lp_chipsim_t *chip, lp_chipsim_rule_t rule, bool on);

typedef struct {
    const char *id;
    const char *says;      // one source
    const char *also_says; // the other, or empty where nothing is said
    const char *choice;    // what the model does
} lp_chipsim_choice_t;

// The table of choices. Static.
const lp_chipsim_choice_t *lp_chipsim_choices(size_t *count);

#endif
