// SPDX-License-Identifier: Apache-2.0
// A host for chip tests: a chip with a virtual clock on a bus, commands by number, and the host's
// side of every digest, computed with OpenSSL alone.
#ifndef LP_TEST_CHIP_RIG_H
#define LP_TEST_CHIP_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "limpet/chipsim.h"
#include "limpet/chipsim_rules.h"

enum { M508 = LP_CHIPSIM_ATECC508A, M608 = LP_CHIPSIM_ATECC608A, M608B = LP_CHIPSIM_ATECC608B };
enum { OPEN, CONFIG_LOCKED, ALL_LOCKED };
enum {
    OK = 0x00,
    MISCOMPARE = 0x01,
    PARSE = 0x03,
    ECC = 0x05,
    SELFTEST = 0x07,
    HEALTH = 0x08,
    EXEC = 0x0F,
    AWAKE = 0x11,
    WATCHDOG = 0xEE,
    COMM = 0xFF,
    NO_ANSWER = 0x100
};

typedef struct {
    unsigned status; // OK with data, or the status byte
    uint8_t data[160];
    size_t len; // of data; 0 when only a status came
} reply_t;

typedef struct {
    lp_chipsim_image_t image; // to be arranged before rig_start
    lp_chipsim_t *chip;
    lp_chipsim_bus_t *bus;
    uint64_t now_us;
    lp_chipsim_timing_t timing;
    int rule_off;   // -1: none
    uint8_t tk[32]; // what TempKey should hold
} rig_t;

// ---- a chip -----------------------------------------------------------------

// A model in a lock state, with seeded randomness; every slot open data (clear reads, writes), not
// lockable.
void rig_image(rig_t *r, int model, int state);
void rig_slot(rig_t *r, unsigned slot, uint16_t slot_config, uint16_t key_config);
void rig_put(rig_t *r, unsigned slot, size_t offset, const uint8_t *bytes, size_t len);
void rig_key(rig_t *r, unsigned slot, uint8_t fill);     // 32 bytes of a pattern
void rig_private(rig_t *r, unsigned slot, uint8_t fill); // a private key made from a pattern
void rig_public(rig_t *r, unsigned slot, uint8_t fill);  // the public key that belongs to it
void rig_start(rig_t *r);                                // power, wake; TempKey empty
void rig_restart(rig_t *r);                              // sleep and wake
void rig_stop(rig_t *r);
void rig_wake(rig_t *r);
void rig_cycle(rig_t *r); // power off and on, wake

const uint8_t *key32(uint8_t fill); // the pattern; static, four deep

// ---- commands ---------------------------------------------------------------

reply_t cmd(rig_t *r, uint8_t op, uint8_t p1, uint16_t p2, const uint8_t *data, size_t len);
unsigned st(rig_t *r, uint8_t op, uint8_t p1, uint16_t p2, const uint8_t *data, size_t len);
reply_t group(rig_t *r, const uint8_t *bytes, size_t len); // raw, with its own count and CRC

// What the command leads to: loads TempKey and keeps r->tk equal to it. All return the status.
unsigned nonce_fixed(rig_t *r, const uint8_t value[32]);
unsigned nonce_random(rig_t *r);
unsigned gendig_slot(rig_t *r, unsigned slot, const uint8_t key[32]);
unsigned session(rig_t *r, unsigned slot, const uint8_t key[32]); // nonce_random and gendig_slot
unsigned write_encrypted(rig_t *r, uint8_t p1, uint16_t addr, const uint8_t plain[32],
                         bool good_mac);
unsigned priv_write(rig_t *r, unsigned slot, const uint8_t key[32], bool good_mac);
unsigned state_bytes(rig_t *r); // Info(State): byte 0 | byte 1 << 8
bool tempkey_valid(rig_t *r);

// The slot as it is in the EEPROM.
const uint8_t *slot_bytes(rig_t *r, unsigned slot);
uint16_t slot_address(unsigned slot, unsigned block, unsigned word);

// ---- the host's arithmetic --------------------------------------------------

typedef struct {
    uint8_t bytes[512];
    size_t len;
} bytes_t;

void add(bytes_t *b, const void *bytes, size_t len);
void add1(bytes_t *b, unsigned byte);
void add0(bytes_t *b, size_t zeros);
void add_sn(bytes_t *b, const rig_t *r, unsigned first, unsigned count);
void add_head(bytes_t *b, unsigned op, unsigned p1, unsigned p2);
void host_sha(const void *bytes, size_t len, uint8_t out[32]);
void host_hash(const bytes_t *b, uint8_t out[32]);
void host_hmac(const uint8_t *key, size_t key_len, const void *msg, size_t len, uint8_t out[32]);
void host_public(const uint8_t d[32], uint8_t xy[64]);
void host_sign(const uint8_t d[32], const uint8_t digest[32], uint8_t rs[64]);
bool host_verify(const uint8_t xy[64], const uint8_t digest[32], const uint8_t rs[64]);
void host_ecdh(const uint8_t d[32], const uint8_t xy[64], uint8_t secret[32]);
void host_aes(const uint8_t key[16], const uint8_t in[16], uint8_t out[16]);
uint16_t host_crc(const uint8_t *bytes, size_t len); // by table, not by bits
void host_mac(const rig_t *r, const uint8_t first[32], const uint8_t second[32], unsigned op,
              uint8_t mode, uint16_t key_id, uint8_t out[32]);

// ---- rules as data ----------------------------------------------------------

// True: the chip does what the sheet says, both where the rule allows and where it forbids.
typedef bool rule_fn(rig_t *r);
typedef struct {
    lp_chipsim_rule_t rule;
    const char *name;
    rule_fn *run;
} rule_test_t;

#define RULE(id, fn)                                                                               \
    {                                                                                              \
        LP_RULE_##id, #fn, fn                                                                      \
    }

extern const rule_test_t memory_tests[], key_tests[], ecc_tests[], bus_tests[], tests_608[];
extern const size_t memory_count, key_count, ecc_count, bus_count, count_608;

#endif
