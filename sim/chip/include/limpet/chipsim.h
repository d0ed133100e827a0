// SPDX-License-Identifier: Apache-2.0
// limpet/chipsim.h - a bit-exact ATECC508A / ATECC608A / ATECC608B as a C library.
//
// Made for a test's process: create a chip, put it on a bus, speak I2C to it. Nothing runs by
// itself: the chip looks at the clock you give it each time the bus is touched, so a virtual clock
// makes every test instant and repeatable.
//
//     lp_chipsim_options_t opt = {.model = LP_CHIPSIM_ATECC508A, .clock = {.now_us = my_now, .ctx =
//     &t}}; lp_chipsim_t *chip; lp_chipsim_new(&chip, &opt);                       // factory new,
//     in memory lp_chipsim_bus_t *bus = lp_chipsim_bus_new(); lp_chipsim_bus_attach(bus, chip);
//     lp_chipsim_bus_wake(bus);                          // SDA low for 60 us
//     t += 1500;                                         // tWHI
//     lp_chipsim_bus_read(bus, 0x60, answer, 4);         // 04 11 33 43
//
// The library never links the ATECC driver: the two were written apart and meet only on the bus.
// Errors are those of limpet/err.h. Nothing here is thread safe: one thread per bus.
#ifndef LIMPET_CHIPSIM_H
#define LIMPET_CHIPSIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/err.h"
#include "limpet/span.h"

typedef enum {
    LP_CHIPSIM_ATECC508A,
    LP_CHIPSIM_ATECC608A,
    LP_CHIPSIM_ATECC608B,
} lp_chipsim_model_t;

enum { LP_CHIPSIM_MODELS = 3 };

// "atecc508a" and so on. Static; null for a value outside the list.
const char *lp_chipsim_model_name(lp_chipsim_model_t model);

// LP_E_NOT_FOUND: no such model.
lp_err_t lp_chipsim_model_parse(const char *name, lp_chipsim_model_t *out);

// Parts that come configured, locked and with keys from the factory.
typedef enum {
    LP_CHIPSIM_PLAIN,
    LP_CHIPSIM_TNGTLS,  // Trust&GO, at 0x35
    LP_CHIPSIM_TFLXTLS, // TrustFLEX, at 0x36
} lp_chipsim_variant_t;

// "plain", "tngtls", "tflxtls". LP_E_NOT_FOUND: no such variant.
lp_err_t lp_chipsim_variant_parse(const char *name, lp_chipsim_variant_t *out);

// How long a command keeps the chip busy.
typedef enum {
    LP_CHIPSIM_TIMING_TYPICAL, // the "typ" column of the sheet
    LP_CHIPSIM_TIMING_MAX,     // the "max" column
    LP_CHIPSIM_TIMING_RANDOM,  // between the two, seeded
    LP_CHIPSIM_TIMING_INSTANT, // the reply is there at once; the wake delay is 0, too
} lp_chipsim_timing_t;

lp_err_t lp_chipsim_timing_parse(const char *name, lp_chipsim_timing_t *out);

// Microseconds since any fixed moment; must never run backwards. Null now_us: the host's monotonic
// clock.
typedef struct {
    uint64_t (*now_us)(void *ctx);
    void *ctx;
} lp_chipsim_clock_t;

// The host's monotonic clock. `ctx` is not looked at.
uint64_t lp_chipsim_host_clock(void *ctx);

enum {
    LP_CHIPSIM_CONFIG_BYTES = 128,
    LP_CHIPSIM_OTP_BYTES = 64,
    LP_CHIPSIM_DATA_BYTES = 1208, // 8 x 36 + 416 + 7 x 72
    LP_CHIPSIM_SLOTS = 16,
    LP_CHIPSIM_SERIAL_BYTES = 9,
    LP_CHIPSIM_GROUP_MAX = 155,
};

// How the present content of a slot came about. No part can tell; the model remembers it for
// people.
typedef enum {
    LP_CHIPSIM_FROM_FACTORY,
    LP_CHIPSIM_FROM_WRITE,  // Write, DeriveKey, ECDH or a command's bookkeeping
    LP_CHIPSIM_FROM_GENKEY, // made in the chip
    LP_CHIPSIM_FROM_IMPORT, // PrivWrite: somebody had the key before
} lp_chipsim_origin_t;

// Everything that survives a loss of power. Secrets included: treat it as one (mode 0600 on disk).
typedef struct {
    lp_chipsim_model_t model;
    _Alignas(uint32_t) uint8_t config[LP_CHIPSIM_CONFIG_BYTES];
    uint8_t otp[LP_CHIPSIM_OTP_BYTES];
    uint8_t data[LP_CHIPSIM_DATA_BYTES];    // slots one after another, see lp_chipsim_slot()
    uint8_t eeprom_seed[32];                // of the random number generator
    uint32_t slot_writes[LP_CHIPSIM_SLOTS]; // wear: how often each slot was programmed
    uint8_t slot_origin[LP_CHIPSIM_SLOTS];  // lp_chipsim_origin_t
    uint64_t boots;                         // power-ups so far
    uint64_t seed; // 0: real randomness; else every random byte follows from it
} lp_chipsim_image_t;

// Where slot `slot` (0..15) lies in image->data, and its size in bytes (36, 416 or 72). Borrowed
// from the image.
uint8_t *lp_chipsim_slot(lp_chipsim_image_t *image, unsigned slot, size_t *len);
const uint8_t *lp_chipsim_slot_const(const lp_chipsim_image_t *image, unsigned slot, size_t *len);

// The public key of the private key in a slot, X and Y. False: the slot holds no valid private key.
bool lp_chipsim_public_key(const lp_chipsim_image_t *image, unsigned slot, uint8_t xy[64]);

// A part as it leaves the factory. `serial` is 9 bytes or null for a fresh unique one (01 23 .. ..
// EE); with a seed that is not 0 the serial number, too, follows from the seed.
lp_err_t lp_chipsim_image_factory(lp_chipsim_image_t *image, lp_chipsim_model_t model,
                                  const uint8_t *serial, uint64_t seed);

// Turns a factory-new 608 into such a part: configuration and OTP as in its sheet, everything
// locked, private keys in slots 0-4, certificates in slots 10 to 12 (limpet/chipsim_trust.h).
// LP_E_UNSUPPORTED: an ATECC508A.
lp_err_t lp_chipsim_image_variant(lp_chipsim_image_t *image, lp_chipsim_variant_t variant);

// Reads a state file. LP_E_NOT_FOUND, LP_E_IO, LP_E_FORMAT (not a state file), LP_E_CRC (damaged:
// nothing is used of it). `image` is untouched on an error.
lp_err_t lp_chipsim_image_load(lp_chipsim_image_t *image, const char *path);

// Writes a state file so that after a crash either the old or the new content is there: a temporary
// file beside it, synced, renamed. Mode 0600. LP_E_IO.
lp_err_t lp_chipsim_image_save(const lp_chipsim_image_t *image, const char *path);

typedef struct {
    lp_chipsim_model_t model;
    lp_chipsim_variant_t variant; // only for a new chip
    lp_chipsim_timing_t timing;
    lp_chipsim_clock_t clock; // copied
    const char *state_path;   // null: the chip lives in memory only. Copied
    const uint8_t *serial;    // 9 bytes, only for a new chip; null: unique
    uint64_t seed;            // only for a new chip; 0: real randomness
    bool no_sync; // do not fsync the state file: fast, safe against kill but not against power loss
} lp_chipsim_options_t;

typedef struct lp_chipsim lp_chipsim_t;

// A factory-new chip, powered and asleep. With a state_path the file is created: LP_E_EXISTS if it
// is there.
lp_err_t lp_chipsim_new(lp_chipsim_t **out, const lp_chipsim_options_t *opt);

// The chip of a state file, powered and asleep. The file stays locked for this process until
// lp_chipsim_free(). LP_E_NOT_FOUND, LP_E_FORMAT, LP_E_CRC, LP_E_CHIP_OTHER (the file is of another
// model), LP_E_BUSY (in use), LP_E_IO.
lp_err_t lp_chipsim_open(lp_chipsim_t **out, const lp_chipsim_options_t *opt);

// A chip in memory with this content (copied); serial, seed and state_path of `opt` are not used.
lp_err_t lp_chipsim_from_image(lp_chipsim_t **out, const lp_chipsim_options_t *opt,
                               const lp_chipsim_image_t *image);

// Wipes and frees. Null is allowed.
void lp_chipsim_free(lp_chipsim_t *chip);

// Takes power away; all volatile state is gone. lp_chipsim_power_on() brings it back, asleep, after
// 100 us.
void lp_chipsim_power_off(lp_chipsim_t *chip);
void lp_chipsim_power_on(lp_chipsim_t *chip);

// The present content. Borrowed until the next call with this chip. For tests that prove where a
// key is or is not.
const lp_chipsim_image_t *lp_chipsim_image(const lp_chipsim_t *chip);

// The 7-bit address that the chip answers to now.
uint8_t lp_chipsim_addr(const lp_chipsim_t *chip);

// LP_OK, or LP_E_IO once the state file could not be written: the chip has then switched itself
// off.
lp_err_t lp_chipsim_health(const lp_chipsim_t *chip);

// When the command under way will be finished, on the chip's clock, in microseconds; 0 if the chip
// is idle, asleep or waiting for a command. Lets a test with a virtual clock jump there.
uint64_t lp_chipsim_busy_until_us(const lp_chipsim_t *chip);

// ---- the bus ----------------------------------------------------------------

typedef struct lp_chipsim_bus lp_chipsim_bus_t;

lp_chipsim_bus_t *lp_chipsim_bus_new(void); // null: no memory
void lp_chipsim_bus_free(lp_chipsim_bus_t *bus);

// Several chips may share a bus; each answers at its own address. The bus borrows the chip.
// LP_E_NOSPACE: 8 already.
lp_err_t lp_chipsim_bus_attach(lp_chipsim_bus_t *bus, lp_chipsim_t *chip);
void lp_chipsim_bus_detach(lp_chipsim_bus_t *bus, lp_chipsim_t *chip);

// Another part on the bus: a sensor. Null functions are not allowed. Copied; ctx is lent.
typedef struct {
    uint8_t addr;                                          // 7 bits
    bool (*addressed)(void *ctx, bool read);               // false: it does not acknowledge now
    void (*written)(void *ctx, lp_span_t bytes);           // at STOP or repeated START
    size_t (*read)(void *ctx, uint8_t *bytes, size_t cap); // all it has to say; then 0xFF follows
    void *ctx;
} lp_chipsim_part_t;

// LP_E_NOSPACE: 8 already.
lp_err_t lp_chipsim_bus_attach_part(lp_chipsim_bus_t *bus, const lp_chipsim_part_t *part);

// Whole transactions. LP_OK, LP_E_I2C_NACK (nobody acknowledged the address; `buf` untouched),
// LP_E_I2C_BUS (stuck), LP_E_TIMEOUT (a chip held SCL low for too long; `buf` untouched).
lp_err_t lp_chipsim_bus_write(lp_chipsim_bus_t *bus, uint8_t addr, const uint8_t *bytes,
                              size_t len);
lp_err_t lp_chipsim_bus_read(lp_chipsim_bus_t *bus, uint8_t addr, uint8_t *buf, size_t len);

// SDA held low for at least 60 us. Nobody answers; every sleeping or idle chip on the bus wakes.
lp_err_t lp_chipsim_bus_wake(lp_chipsim_bus_t *bus);

// Bus clock in Hz; 100,000 at first. A zero byte to anybody at less than about 133 kHz (608: 300
// kHz) is a wake pulse.
void lp_chipsim_bus_set_rate(lp_chipsim_bus_t *bus, uint32_t rate_hz);

// Nine clocks and a STOP: frees a bus that a fault keeps stuck, as a real master would try.
lp_err_t lp_chipsim_bus_recover(lp_chipsim_bus_t *bus);
bool lp_chipsim_bus_is_stuck(const lp_chipsim_bus_t *bus);

// Masters of whole bytes wait this long for a chip that holds SCL low, then give the transfer up
// (SMBus 2.0, tTIMEOUT, 25 ms at least).
enum { LP_CHIPSIM_STRETCH_LIMIT_US = 25000 };

// The last START found an SCL that stayed low beyond that limit; the chips have seen nothing of it.
bool lp_chipsim_bus_has_timed_out(const lp_chipsim_bus_t *bus);

// The same, byte for byte, for masters that use a repeated START. `start` is false when nobody
// acknowledged.
bool lp_chipsim_bus_start(lp_chipsim_bus_t *bus, uint8_t addr, bool read);
bool lp_chipsim_bus_send(lp_chipsim_bus_t *bus, uint8_t byte); // true: acknowledged
uint8_t lp_chipsim_bus_receive(lp_chipsim_bus_t *bus);
void lp_chipsim_bus_stop(lp_chipsim_bus_t *bus);

// ---- the two wires ------------------------------------------------------------

// For a master that moves SDA and SCL itself. Private; initialise with lp_chipsim_wires_init().
typedef struct {
    lp_chipsim_bus_t *bus_;
    bool scl_;
    bool sda_;       // as the master drives it
    bool pull_;      // a chip holds SDA low
    unsigned phase_; // between START and STOP
    unsigned bits_;
    uint8_t byte_;
    bool reading_;
    uint64_t sda_fell_us_;
    uint64_t scl_fell_us_;
    uint64_t scl_held_us_; // a chip holds SCL low until then
} lp_chipsim_wires_t;

// Both wires high. Borrows the bus.
void lp_chipsim_wires_init(lp_chipsim_wires_t *wires, lp_chipsim_bus_t *bus);

// What the master does with the wires at `now_us`, the chips' clock; true lets a wire go, so that
// its resistor pulls it high. Returns SDA as everybody sees it. SDA low for 60 us wakes; SCL low
// for more than 50 ms resets the interface, as the sheet's tTIMEOUT of 25 to 75 ms says. While a
// chip stretches the clock (a fault), SCL does not rise: repeat the call until
// lp_chipsim_wires_scl().
bool lp_chipsim_wires_set(lp_chipsim_wires_t *wires, bool scl, bool sda, uint64_t now_us);

// SCL as everybody saw it at the last call of lp_chipsim_wires_set().
bool lp_chipsim_wires_scl(const lp_chipsim_wires_t *wires);

// ---- who may listen and lie -------------------------------------------------

// An adversary or a logger between the master and the chips. Each function may be null.
typedef struct {
    // The bytes after the address of one write, before a chip sees them; may be changed and
    // shortened or lengthened up to cap. Return false to swallow the transaction: the master sees
    // no acknowledge.
    bool (*to_chip)(void *ctx, uint8_t addr, lp_buf_t *bytes);
    // What a chip is about to answer to a read, before the master sees it.
    bool (*from_chip)(void *ctx, uint8_t addr, lp_buf_t *bytes);
    // Told after the fact, for traces: what went over the bus. len 0 and ack false: an address
    // nobody acknowledged.
    void (*seen)(void *ctx, uint8_t addr, bool read, bool ack, lp_span_t bytes);
    void (*woken)(void *ctx);
    void *ctx;
} lp_chipsim_tap_t;

// Replaces the present tap; null takes it away. Copied.
void lp_chipsim_bus_tap(lp_chipsim_bus_t *bus, const lp_chipsim_tap_t *tap);

// Faults on demand. Rates are per million transactions (or bytes, for flips); all zero: a healthy
// bus.
typedef struct {
    uint32_t nack_ppm;        // an address is not acknowledged though the chip would
    uint32_t flip_to_ppm;     // one bit of a byte towards the chip is inverted
    uint32_t flip_from_ppm;   // one bit of a byte from the chip is inverted
    uint32_t slow_percent;    // execution times are multiplied by (100 + this) / 100
    uint32_t nack_next;       // the next n transactions are not acknowledged
    uint32_t stuck_after;     // the bus is stuck after n more transactions (0: never) until recover
    uint32_t cut_after_words; // power fails just before the n-th EEPROM word from now is programmed
                              // (0: never)
    uint32_t lost_stop_ppm;   // a write without its STOP: the command lies in the chip and waits
    uint32_t forge_to_ppm;    // a packet towards the chip: one bit inverted, the CRC made good
    uint32_t forge_from_ppm;  // an answer: the same
    uint32_t replay_ppm;      // an answer with data is replaced by the one before, if as long
    uint32_t brown_out_after; // power goes and comes back just before the n-th START (0: never)
    uint32_t stretch_next;    // in the next n transfers the chip holds SCL low after its address
    uint32_t stretch_us;      // ... for so long
    uint64_t seed;            // of the dice
} lp_chipsim_faults_t;

// Copied; `cut_after_words` and `slow_percent` apply to every chip on the bus.
void lp_chipsim_bus_faults(lp_chipsim_bus_t *bus, const lp_chipsim_faults_t *faults);

// Parses
// "nack=1000,flip-to=20,flip-from=20,slow=50,nack-next=3,stuck-after=10,cut-after-words=7,seed=1",
// "lost-stop=100,forge-to=5,forge-from=5,replay=50,brown-out-after=9,stretch-next=2,stretch-us=30000".
// LP_E_FORMAT: unknown word or bad number; `out` untouched.
lp_err_t lp_chipsim_faults_parse(const char *text, lp_chipsim_faults_t *out);

// Parts of the silicon that do not work, for tests of what a driver makes of it.
typedef struct {
    bool rng_health;    // 608: the random number generator has failed its health test (status 08)
    uint8_t selftest;   // 608: self-tests that fail, as bits of SelfTest's mode (status 07 where it
                        // applies)
    uint8_t ecc_faults; // so many elliptic-curve operations from now fail with status 05
} lp_chipsim_defects_t;

void lp_chipsim_break(lp_chipsim_t *chip, const lp_chipsim_defects_t *defects);

// EEPROM words programmed since power-up: the range for `cut_after_words`.
uint64_t lp_chipsim_words_written(const lp_chipsim_t *chip);

// ---- helpers for tools ------------------------------------------------------

// CRC-16 of a group, as the last two bytes carry it, low byte first (L2861).
uint16_t lp_chipsim_crc(const uint8_t *bytes, size_t len);

// "GenKey" for 0x40; null for an opcode of no model. Static.
const char *lp_chipsim_command_name(uint8_t opcode);

// ---- parts with the single-wire interface -----------------------------------

// A part whose I2C_Enable bit 0 is 0 answers no I2C address; it takes flags instead (chapter 5 of
// the sheet): 0x77 command (`in` is a group), 0x88 transmit (`out` gets the reply), 0xBB idle, 0xCC
// sleep. Tokens and bit times are not modelled. LP_E_I2C_NACK: asleep, busy, or nothing to send.
// LP_E_UNSUPPORTED: an I2C part.
lp_err_t lp_chipsim_swi(lp_chipsim_t *chip, uint8_t flag, lp_span_t in, lp_buf_t *out);
void lp_chipsim_swi_wake(lp_chipsim_t *chip);

// The level on the SCL pin, which such a part uses as GPIO and to notice an intrusion.
void lp_chipsim_set_pin(lp_chipsim_t *chip, bool high);

#endif
