// SPDX-License-Identifier: Apache-2.0
// The inside of the chip model. Nothing here is public.
//
//   bus.c -> io.c (I2C device, FIFOs, power states) -> dispatch.c (groups, table of commands)
//         -> cmd_*.c (one file per family) -> rules.c, key.c (who may use what) -> eeprom.c (what
//         survives)
//
// "L1234" in comments and tables is a line of the ATECC508A data sheet's text, "T1234" of the
// ATECC608A-TFLXTLS's.
#ifndef LP_CHIPSIM_INTERNAL_H
#define LP_CHIPSIM_INTERNAL_H

#include "limpet/chipsim.h"
#include "limpet/chipsim_rules.h"

// Status bytes, table 9-3 (L2918) and table 4-3 (T1501).
typedef enum {
    ST_OK = 0x00,
    ST_MISCOMPARE = 0x01,
    ST_PARSE = 0x03,
    ST_ECC = 0x05,
    ST_SELFTEST = 0x07,
    ST_HEALTH = 0x08,
    ST_EXEC = 0x0F,
    ST_WAKE = 0x11,
    ST_WATCHDOG = 0xEE,
    ST_COMM = 0xFF,
} lp_cs_status_t;

typedef enum {
    OP_PAUSE = 0x01,
    OP_READ = 0x02,
    OP_MAC = 0x08,
    OP_HMAC = 0x11,
    OP_WRITE = 0x12,
    OP_GENDIG = 0x15,
    OP_NONCE = 0x16,
    OP_LOCK = 0x17,
    OP_RANDOM = 0x1B,
    OP_DERIVEKEY = 0x1C,
    OP_UPDATEEXTRA = 0x20,
    OP_COUNTER = 0x24,
    OP_CHECKMAC = 0x28,
    OP_INFO = 0x30,
    OP_GENKEY = 0x40,
    OP_SIGN = 0x41,
    OP_ECDH = 0x43,
    OP_VERIFY = 0x45,
    OP_PRIVWRITE = 0x46,
    OP_SHA = 0x47,
    OP_AES = 0x51,
    OP_KDF = 0x56,
    OP_SELFTEST = 0x77,
    OP_SECUREBOOT = 0x80,
} lp_cs_op_t;

// Offsets in the configuration zone, table 2-5 (L588).
enum {
    CFG_SN0 = 0,
    CFG_REV = 4,
    CFG_SN4 = 8,
    CFG_AES_ENABLE = 13,
    CFG_I2C_ENABLE = 14,
    CFG_I2C_ADDRESS = 16,
    CFG_OTP_MODE = 18, // CountMatch on a 608
    CFG_CHIP_MODE = 19,
    CFG_SLOT_CONFIG = 20,
    CFG_COUNTER = 52,
    CFG_LAST_KEY_USE = 68, // from here UseLock and so on, on a 608
    CFG_VOLATILE_KEY = 69,
    CFG_SECURE_BOOT = 70,
    CFG_KDF_IV_LOC = 72,
    CFG_KDF_IV_STR = 73,
    CFG_USER_EXTRA = 84,
    CFG_SELECTOR = 85, // UserExtraAdd on a 608
    CFG_LOCK_VALUE = 86,
    CFG_LOCK_CONFIG = 87,
    CFG_SLOT_LOCKED = 88,
    CFG_CHIP_OPTIONS = 90,
    CFG_X509 = 92,
    CFG_KEY_CONFIG = 96,
    UNLOCKED = 0x55,
};

enum {
    SLOTS = LP_CHIPSIM_SLOTS,
    KEY_TYPE_P256 = 4,
    KEY_TYPE_AES = 6,
    PRIV_PAD = 4, // pad bytes before the 32 of a private key and of each coordinate (L1808)
    PUB_X = 4,
    PUB_Y = 40,
    COUNTER_MAX = 2097151,
    GROUP_MAX = LP_CHIPSIM_GROUP_MAX,
    GROUP_MIN = 4,
    COMMAND_MIN = 7,
};

typedef struct {
    uint32_t h[8];
    uint64_t total; // bytes so far
    uint8_t block[64];
} lp_cs_sha_t;

// TempKey, table 2-16 (L1385) and table 3-1 (T1324).
typedef struct {
    uint8_t value[64]; // 508: 32
    uint8_t key_id;
    bool source_input; // SourceFlag: true = Input, false = Rand
    bool gen_dig;
    bool gen_key;
    bool no_mac;
    bool valid;
    bool high_valid;  // 608: bytes 32..63
    bool private_key; // 608: made by GenKey(FFFF), for ECDH only
} lp_cs_tempkey_t;

// The SHA command's context: in TempKey on a 508, a memory of its own on a 608.
typedef struct {
    lp_cs_sha_t sha;
    bool active;
    bool hmac;
    uint8_t hmac_key[64]; // padded with zeros
    uint8_t blocks;       // whole blocks through Update and Public
    uint8_t public_block; // where SHA(Public) went
    uint8_t public_slot;  // NO_SLOT: nowhere
} lp_cs_shactx_t;

enum { NO_SLOT = 0xFF };

typedef enum { PWR_OFF, PWR_ASLEEP, PWR_IDLE, PWR_WAKING, PWR_AWAKE } lp_cs_power_t;

typedef struct {
    lp_cs_tempkey_t tk;
    lp_cs_shactx_t sha;
    uint8_t x509_slot; // what TempKey's digest covers, for Verify(ValidateExternal)
    uint8_t x509_block;
    uint8_t x509_total;
    uint8_t msg_digest[64];
    bool msg_digest_lo;
    bool msg_digest_hi;
    uint8_t alt_key[32];
    bool alt_key_valid;
    bool auth_valid;
    uint8_t auth_key;
    bool sram_seeded;
    bool eeprom_seeded;
    uint8_t sram_seed[32];
    uint8_t selftest_failed; // bits as in the mode byte
    bool health_failed;
} lp_cs_volatile_t;

// One command group on its way through the chip.
typedef struct {
    uint8_t op;
    uint8_t p1;
    uint16_t p2;
    const uint8_t *data;
    size_t len;
} lp_cs_cmd_t;

typedef struct {
    uint8_t bytes[GROUP_MAX];
    size_t len;
    bool none; // Pause of another chip: nothing to read
} lp_cs_reply_t;

struct lp_chipsim {
    lp_chipsim_image_t image;
    lp_chipsim_timing_t timing;
    lp_chipsim_clock_t clock;
    lp_cs_power_t power;
    uint64_t ready_us;    // end of tWHI or tPU
    uint64_t busy_us;     // end of the command under way
    uint64_t watchdog_us; // when the chip falls asleep by itself
    bool busy;
    uint8_t addr; // 7 bits, latched at power-up and at a wake from sleep
    lp_cs_volatile_t v;
    uint8_t in[GROUP_MAX];
    size_t in_len;
    uint8_t out[GROUP_MAX];
    size_t out_len;
    size_t out_pos;
    bool was_read; // the next write starts a new input
    // for the command being executed
    bool tk_used; // 608: TempKey was read, so it goes when the command ends
    bool tk_written;
    bool counted;    // limited-use bookkeeping took place
    bool auth_claim; // AuthValid and AuthKeyID as the command found them
    uint8_t auth_claim_key;
    bool gpio_pin; // single-wire parts: the level outside
    bool gpio_out;
    bool gpio_level;
    bool intrusion_latch;
    // 608: until power goes away, through sleep
    bool persistent_latch;
    bool secureboot_prohibited;
    uint8_t broken_units; // which self-tests fail, set by a test
    // persistence
    int state_fd;
    char *state_path;
    bool no_sync;
    bool dirty;
    lp_err_t health;
    // faults and dice
    uint64_t words_written;
    uint64_t cut_at;
    uint32_t slow_percent;
    uint8_t fail_ecc; // the next ECC operations fail with status 05
    uint64_t dice;
    uint64_t draws; // random blocks handed out since power-up
    bool rule_off[LP_CHIPSIM_RULES];
};

// ---- rules.c: every rule of the sheets has a number, so that a test can switch it off

static inline bool lp_cs_breaks(const lp_chipsim_t *c, lp_chipsim_rule_t rule, bool broken)
{
    return broken && !c->rule_off[rule];
}

// ---- chip.c -----------------------------------------------------------------

static inline bool lp_cs_is_608(const lp_chipsim_t *c)
{
    return c->image.model != LP_CHIPSIM_ATECC508A;
}

uint64_t lp_cs_now(const lp_chipsim_t *c);
void lp_cs_forget(lp_chipsim_t *c); // everything volatile
void lp_cs_fall_asleep(lp_chipsim_t *c);
void lp_cs_fall_idle(lp_chipsim_t *c);
void lp_cs_tick(lp_chipsim_t *c); // deals with the time that has passed
void lp_cs_wake(lp_chipsim_t *c);
uint64_t lp_cs_roll(uint64_t *dice); // xorshift, for faults and timing only
uint32_t lp_cs_exec_us(lp_chipsim_t *c, uint8_t op, uint8_t status);
uint32_t lp_cs_exec_max_us(const lp_chipsim_t *c, uint8_t op);

// ---- io.c: the I2C device ---------------------------------------------------

bool lp_cs_io_addressed(lp_chipsim_t *c, uint8_t addr);
// Would the chip acknowledge byte `n` (0 = word address) of this write?
bool lp_cs_io_acks(const lp_chipsim_t *c, const uint8_t *bytes, size_t n);
void lp_cs_io_write(lp_chipsim_t *c, const uint8_t *bytes, size_t len);
void lp_cs_io_stop(lp_chipsim_t *c);
size_t lp_cs_io_peek(lp_chipsim_t *c, uint8_t *bytes, size_t cap); // what a read would return
void lp_cs_io_consume(lp_chipsim_t *c, size_t n);

// ---- trouble.c: faults of the bus -------------------------------------------

typedef struct {
    lp_chipsim_faults_t faults;
    uint64_t dice;
    uint32_t until_stuck;
    uint32_t until_dip;
    uint8_t recorded[GROUP_MAX];
    size_t recorded_len;
} lp_cs_trouble_t;

void lp_cs_trouble_set(lp_cs_trouble_t *t, const lp_chipsim_faults_t *faults);
bool lp_cs_trouble_strikes(lp_cs_trouble_t *t, uint32_t ppm);
uint8_t lp_cs_trouble_noise(lp_cs_trouble_t *t, uint8_t byte, uint32_t ppm);
bool lp_cs_trouble_counts_down(uint32_t *left); // true when it comes to 0
bool lp_cs_trouble_nack(lp_cs_trouble_t *t);
uint32_t lp_cs_trouble_stretch(lp_cs_trouble_t *t);
// One bit of the group that begins at `at` inverted, and its CRC made good.
void lp_cs_trouble_forge(lp_cs_trouble_t *t, lp_buf_t *bytes, size_t at, uint32_t ppm);
void lp_cs_trouble_replay(lp_cs_trouble_t *t, lp_buf_t *answer);

// ---- bus.c ------------------------------------------------------------------

void lp_cs_bus_low(lp_chipsim_bus_t *bus, uint64_t ns); // SDA was low so long
// START without the patience of a master: `held_us` is how long a chip then holds SCL low.
bool lp_cs_bus_start(lp_chipsim_bus_t *bus, uint8_t addr, bool read, uint32_t *held_us);
const lp_chipsim_t *lp_cs_bus_chip(const lp_chipsim_bus_t *bus, size_t i); // null: not so many

// ---- dispatch.c -------------------------------------------------------------

void lp_cs_execute(lp_chipsim_t *c); // the group in c->in
void lp_cs_put_status(lp_chipsim_t *c, uint8_t status);

// ---- eeprom.c ---------------------------------------------------------------

// Programs the words that differ. False: power went away in the middle.
bool lp_cs_program(lp_chipsim_t *c, uint8_t *cell, const uint8_t *bytes, size_t len);
bool lp_cs_program_slot(lp_chipsim_t *c, unsigned slot, size_t offset, const uint8_t *bytes,
                        size_t len);
void lp_cs_commit(lp_chipsim_t *c); // to the state file, if something changed

// ---- state_file.c -----------------------------------------------------------

lp_err_t lp_cs_state_claim(lp_chipsim_t *c, const char *path, bool create);
lp_err_t lp_cs_state_save(lp_chipsim_t *c);

// ---- config.c: reading the configuration zone -------------------------------

uint16_t lp_cs_slot_config(const lp_chipsim_t *c, unsigned slot);
uint16_t lp_cs_key_config(const lp_chipsim_t *c, unsigned slot);
bool lp_cs_config_locked(const lp_chipsim_t *c);
bool lp_cs_data_locked(const lp_chipsim_t *c);
bool lp_cs_slot_locked(const lp_chipsim_t *c, unsigned slot);
uint8_t lp_cs_slot_lock_bit(const lp_chipsim_t *c, unsigned slot); // 1: not locked
bool lp_cs_is_private(const lp_chipsim_t *c, unsigned slot);
uint8_t lp_cs_key_type(const lp_chipsim_t *c, unsigned slot);
uint8_t *lp_cs_slot_ptr(lp_chipsim_t *c, unsigned slot, size_t *len);
bool lp_cs_public_is_valid(const lp_chipsim_t *c, unsigned slot); // marker nibble is 5
uint16_t lp_cs_chip_options(const lp_chipsim_t *c);
const uint8_t *lp_cs_io_key(lp_chipsim_t *c); // 608: null when not enabled
// SlotConfig fields
static inline uint8_t lp_cs_read_key(uint16_t sc)
{
    return (uint8_t)(sc & 0x0F);
}
static inline uint8_t lp_cs_write_key(uint16_t sc)
{
    return (uint8_t)(sc >> 8 & 0x0F);
}
enum { SC_NO_MAC = 0x10, SC_LIMITED = 0x20, SC_ENCRYPT_READ = 0x40, SC_SECRET = 0x80 };
enum { SC_W12 = 0x1000, SC_W13 = 0x2000, SC_W14 = 0x4000, SC_W15 = 0x8000 };
enum { RK_EXTERNAL = 1, RK_INTERNAL = 2, RK_ECDH = 4, RK_ECDH_SLOT = 8 };
enum {
    KC_PRIVATE = 0x01,
    KC_PUB_INFO = 0x02,
    KC_LOCKABLE = 0x20,
    KC_REQ_RANDOM = 0x40,
    KC_REQ_AUTH = 0x80,
    KC_LATCH = 0x1000, // IntrusionDisable, PersistentDisable
};

// ---- key.c: may this key be used now? ---------------------------------------

typedef enum {
    USE_RANDOM = 1,  // ReqRandom applies
    USE_AUTH = 2,    // ReqAuth applies
    USE_LIMITED = 4, // LimitedUse applies and counts
    USE_LATCH = 8,   // IntrusionDisable or PersistentDisable applies
    USE_ALL = 15,
} lp_cs_use_t;

// Checks and does the bookkeeping (AuthValid, counter) for one use of a slot as a key. Before the
// data zone is locked nothing is checked but that the configuration is locked.
lp_cs_status_t lp_cs_use_key(lp_chipsim_t *c, unsigned slot, unsigned uses);
lp_cs_status_t lp_cs_use_secret(lp_chipsim_t *c, unsigned slot,
                                unsigned uses);                 // + not an ECC private key
lp_cs_status_t lp_cs_count_use(lp_chipsim_t *c, unsigned slot); // limited use only
uint32_t lp_cs_counter_get(const lp_chipsim_t *c, unsigned id);
lp_cs_status_t lp_cs_counter_increment(lp_chipsim_t *c, unsigned id);
void lp_cs_counter_encode(uint32_t value, uint8_t out[8]);
uint32_t lp_cs_counter_decode(const uint8_t in[8]);
void lp_cs_authorize(lp_chipsim_t *c, unsigned slot);

// ---- tempkey.c --------------------------------------------------------------

void lp_cs_tk_clear(lp_chipsim_t *c);
// Marks TempKey as read by this command; null if it is not valid or holds a private key.
const uint8_t *lp_cs_tk_use(lp_chipsim_t *c);
void lp_cs_tk_set(lp_chipsim_t *c, const uint8_t value[32]); // keeps the flags, sets Valid
void lp_cs_tk_flags(lp_chipsim_t *c, bool source_input);     // all other flags to 0
uint8_t lp_cs_tk_flag_byte(const lp_chipsim_t *c);
void lp_cs_tk_after(lp_chipsim_t *c, uint8_t op,
                    uint8_t status); // the life-cycle rule of the model

// ---- random.c ---------------------------------------------------------------

void lp_cs_entropy(lp_chipsim_t *c, uint8_t *out, size_t len); // no rules: salts, private keys
// The RNG as the commands see it: test pattern before the config lock, seeds, health test.
lp_cs_status_t lp_cs_random(lp_chipsim_t *c, bool update_seed, uint8_t out[32]);

// ---- sha256.c, crypto.c -----------------------------------------------------

void lp_cs_sha_init(lp_cs_sha_t *s);
void lp_cs_sha_add(lp_cs_sha_t *s, const void *bytes, size_t len);
void lp_cs_sha_end(lp_cs_sha_t *s, uint8_t out[32]); // wipes
void lp_cs_sha(const void *bytes, size_t len, uint8_t out[32]);
void lp_cs_hmac(const uint8_t *key, size_t key_len, const uint8_t *msg, size_t len,
                uint8_t out[32]);
bool lp_cs_equal(const void *a, const void *b, size_t len); // constant time
void lp_cs_wipe(void *p, size_t len);
void lp_cs_xor(uint8_t *a, const uint8_t *b, size_t len);

bool lp_cs_ec_private_ok(const uint8_t d[32]);
bool lp_cs_ec_public_ok(const uint8_t xy[64]);
bool lp_cs_ec_public(const uint8_t d[32], uint8_t xy[64]);
// k: the ephemeral scalar. False: this k does not do (ECC fault).
bool lp_cs_ec_sign(const uint8_t d[32], const uint8_t k[32], const uint8_t digest[32],
                   uint8_t rs[64]);
bool lp_cs_ec_verify(const uint8_t xy[64], const uint8_t digest[32], const uint8_t rs[64]);
bool lp_cs_ec_dh(const uint8_t d[32], const uint8_t xy[64], uint8_t secret[32]);
void lp_cs_aes(const uint8_t key[16], bool decrypt, const uint8_t in[16], uint8_t out[16]);
void lp_cs_gf_mul(const uint8_t h[16], const uint8_t in[16], uint8_t out[16]);

// ---- cmd_*.c ----------------------------------------------------------------

#define LP_CS_HANDLER(name)                                                                        \
    lp_cs_status_t lp_cs_##name(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_reply_t *r)
LP_CS_HANDLER(pause);
LP_CS_HANDLER(read);
LP_CS_HANDLER(mac);
LP_CS_HANDLER(hmac_cmd);
LP_CS_HANDLER(write);
LP_CS_HANDLER(gendig);
LP_CS_HANDLER(nonce);
LP_CS_HANDLER(lock);
LP_CS_HANDLER(random_cmd);
LP_CS_HANDLER(derivekey);
LP_CS_HANDLER(updateextra);
LP_CS_HANDLER(counter);
LP_CS_HANDLER(checkmac);
LP_CS_HANDLER(info);
LP_CS_HANDLER(genkey);
LP_CS_HANDLER(sign);
LP_CS_HANDLER(ecdh);
LP_CS_HANDLER(verify);
LP_CS_HANDLER(privwrite);
LP_CS_HANDLER(sha_cmd);
LP_CS_HANDLER(aes_cmd);
LP_CS_HANDLER(kdf);
LP_CS_HANDLER(selftest);
LP_CS_HANDLER(secureboot);

// ---- message.c: byte strings that several commands hash ---------------------

typedef struct {
    uint8_t bytes[256];
    size_t len;
} lp_cs_msg_t;

void lp_cs_add(lp_cs_msg_t *m, const void *bytes, size_t len);
void lp_cs_add_byte(lp_cs_msg_t *m, uint8_t byte);
void lp_cs_add_zeros(lp_cs_msg_t *m, size_t len);
void lp_cs_add_sn(lp_cs_msg_t *m, const lp_chipsim_t *c, unsigned first,
                  unsigned count);                             // SN<first..>
void lp_cs_add_header(lp_cs_msg_t *m, const lp_cs_cmd_t *cmd); // op p1 p2
void lp_cs_add_header_sn(lp_cs_msg_t *m, const lp_chipsim_t *c, const lp_cs_cmd_t *cmd,
                         size_t zeros);
void lp_cs_msg_hash(lp_cs_msg_t *m, uint8_t out[32]); // wipes the message
// The 24-byte tail that MAC, HMAC and CheckMac share with each other: header, OTP zeros, serial
// number by mode bit 6.
void lp_cs_add_mac_tail(lp_cs_msg_t *m, const lp_chipsim_t *c, const lp_cs_cmd_t *cmd);

#endif
