// SPDX-License-Identifier: Apache-2.0
// The slot plan: what it says about a configuration, how it is written, filled and locked, and that
// a fault at any transfer only delays that.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "fake_chip.h"
#include "limpet/atecc_plan.h"
#include "limpet/crc.h"
#include "limpet/port/clock.h"

// ---- differences in words ----------------------------------------------------------------------

typedef struct {
    size_t count;
    char text[200][180];
    int slot[200];
} words_t;

static words_t words;

static void on_diff(void *ctx, int slot, const char *text)
{
    words_t *w = ctx;
    assert_true(w->count < 200);
    w->slot[w->count] = slot;
    snprintf(w->text[w->count++], sizeof w->text[0], "%s", text);
}

static size_t diff(const uint8_t *config)
{
    words.count = 0;
    const size_t n =
        lp_atecc_plan_diff(&lp_atecc_plan_limpet1, LP_ATECC_508A, config, on_diff, &words);
    assert_int_equal(n, words.count);
    assert_int_equal(n,
                     lp_atecc_plan_diff(&lp_atecc_plan_limpet1, LP_ATECC_508A, config, NULL, NULL));
    return n;
}

// A configuration that is as the plan wants it.
static void planned(uint8_t config[128], lp_atecc_part_t part)
{
    const lp_atecc_plan_t *p = &lp_atecc_plan_limpet1;
    memset(config, 0, 128);
    for (size_t i = 0; i < 16; i++) {
        config[20 + 2 * i] = (uint8_t)p->slots[i].slot_config;
        config[21 + 2 * i] = (uint8_t)(p->slots[i].slot_config >> 8);
        config[96 + 2 * i] = (uint8_t)p->slots[i].key_config;
        config[97 + 2 * i] = (uint8_t)(p->slots[i].key_config >> 8);
    }
    memset(config + 86, 0x55, 2);
    memset(config + 88, 0xFF, 2);
    const lp_atecc_plan_byte_t *bytes = part == LP_ATECC_508A ? p->bytes_508 : p->bytes_608;
    const size_t n = part == LP_ATECC_508A ? p->bytes_508_len : p->bytes_608_len;
    for (size_t i = 0; i < n; i++) {
        config[bytes[i].offset] = bytes[i].value;
    }
}

static void expect_text(const char *text)
{
    for (size_t i = 0; i < words.count; i++) {
        if (strcmp(words.text[i], text) == 0) {
            return;
        }
    }
    for (size_t i = 0; i < words.count; i++) {
        print_message("  %s\n", words.text[i]);
    }
    fail_msg("not said: %s", text);
}

static void plan_matches_itself(void **state)
{
    uint8_t config[128];
    (void)state;
    planned(config, LP_ATECC_508A);
    assert_int_equal(diff(config), 0);
    planned(config, LP_ATECC_608B);
    assert_int_equal(lp_atecc_plan_diff(&lp_atecc_plan_limpet1, LP_ATECC_608B, config, NULL, NULL),
                     0);
}

// No bit that matters can change unnoticed, and none that does not is complained about.
static void every_bit_is_judged(void **state)
{
    (void)state;
    for (int part = LP_ATECC_508A; part <= LP_ATECC_608A; part++) {
        for (size_t bit = 0; bit < 128 * 8; bit++) {
            uint8_t config[128];
            planned(config, (lp_atecc_part_t)part);
            const size_t byte = bit / 8;
            config[byte] ^= (uint8_t)(1u << bit % 8);
            const size_t n = lp_atecc_plan_diff(&lp_atecc_plan_limpet1, (lp_atecc_part_t)part,
                                                config, NULL, NULL);
            const bool is_508 = part == LP_ATECC_508A;
            const bool is_free = byte < 18 || (byte >= 52 && byte < 68) ||
                                 (byte >= (is_508 ? 68u : 75u) && byte < 88);
            const bool is_match =
                lp_atecc_plan_matches(&lp_atecc_plan_limpet1, (lp_atecc_part_t)part, config);
            assert_int_equal(is_match, n == 0);
            if (byte == 87) {
                continue; // the lock itself: changes what SlotLocked may be
            }
            if ((n == 0) != is_free) {
                fail_msg("byte %zu bit %zu: %zu differences", byte, bit % 8, n);
            }
        }
    }
}

static void set16(uint8_t *config, size_t at, unsigned value)
{
    config[at] = (uint8_t)value;
    config[at + 1] = (uint8_t)(value >> 8);
}

static void differences_are_said_in_words(void **state)
{
    uint8_t config[128];
    (void)state;
    planned(config, LP_ATECC_508A);
    set16(config, 20, 0x4085);          // slot 0: import, ECDH
    set16(config, 20 + 2, 0x0081);      // slot 1: no new key
    set16(config, 20 + 2 * 7, 0x000F);  // slot 7: clear reads
    set16(config, 20 + 2 * 9, 0x0FC6);  // slot 9: clear writes
    set16(config, 96 + 2 * 3, 0x001C);  // slot 3: not a private key
    set16(config, 96 + 2 * 13, 0x0010); // slot 13: cannot be locked
    set16(config, 96 + 2 * 14, 0x0010); // slot 14: no validation
    config[19] = 0x04;
    config[88] = 0xFE;
    assert_true(diff(config) > 8);
    expect_text("slot 0: a key can be imported, the plan forbids it");
    expect_text("slot 0: ECDH allowed, the plan forbids it");
    expect_text("slot 1: no new key can be made after the lock, the plan allows it");
    expect_text("slot 7: clear reads allowed, the plan forbids them");
    expect_text("slot 9: clear writes (mode 0), the plan wants encrypted writes (mode 4)");
    expect_text("slot 9: write key is 15, the plan wants 6");
    expect_text("slot 3: holds no private key, the plan wants a private key");
    expect_text("slot 13: cannot be locked by itself, the plan wants it lockable");
    expect_text("slot 14: public key usable without validation, the plan wants it validated");
    expect_text("chip mode is 0x04, the plan wants 0x00");
    expect_text("slot 0: locked for ever, the plan wants it open");
    for (size_t i = 0; i < words.count; i++) {
        assert_true(strlen(words.text[i]) < 120);
        assert_true(words.slot[i] >= -1 && words.slot[i] < 16);
    }
}

static void locked_slots_are_fine_where_they_may_be(void **state)
{
    uint8_t config[128];
    (void)state;
    planned(config, LP_ATECC_508A);
    config[88] = 0xFD; // slot 1
    assert_int_equal(diff(config), 1);
    config[87] = 0x00; // configuration locked
    assert_int_equal(diff(config), 0);
    config[88] = 0xFB; // slot 2 must stay open
    assert_int_equal(diff(config), 1);
}

// The promises of the plan, read off the table itself and not off its comments.
static void identity_cannot_be_imported_read_overwritten_or_misused(void **state)
{
    (void)state;
    const lp_atecc_plan_slot_t *id = &lp_atecc_plan_limpet1.slots[LP_ATECC_SLOT_IDENTITY];
    assert_int_equal(id->key_config & 0x01, 1);          // private: never readable
    assert_int_equal(id->key_config >> 2 & 7, 4);        // P-256
    assert_int_equal(id->slot_config & 0x80, 0x80);      // secret
    assert_int_equal(id->slot_config >> 14 & 1, 0);      // no PrivWrite
    assert_int_equal(id->slot_config >> 13 & 1, 0);      // no GenKey after the lock
    assert_int_equal(id->slot_config & 15, 1);           // external signatures, nothing else
    assert_int_equal(lp_atecc_plan_limpet1.born & 1, 1); // so it must be born before
    for (unsigned slot = 0; slot < 16; slot++) {
        const unsigned sc = lp_atecc_plan_limpet1.slots[slot].slot_config;
        const unsigned kc = lp_atecc_plan_limpet1.slots[slot].key_config;
        if ((kc & 1) != 0) {
            assert_int_equal(sc >> 14 & 1, 0); // no import into any key slot
            assert_int_equal(sc & 0x80, 0x80);
            // A slot signs outside digests, or signs inside ones, or does ECDH: never two of them.
            assert_true((sc & 7) == 1 || (sc & 7) == 2 || (sc & 7) == 4);
            // What cannot be made after the lock must be born before it.
            assert_int_equal(sc >> 13 & 1, !(lp_atecc_plan_limpet1.born >> slot & 1));
        } else {
            assert_int_equal(lp_atecc_plan_limpet1.born >> slot & 1, 0);
        }
        if ((sc & 0x40) != 0) {
            assert_int_equal(sc & 0x80, 0x80); // Table 2-7: EncryptRead needs IsSecret
        }
        if ((kc & 1) == 0 && (sc & 0x80) != 0) {
            assert_int_not_equal(sc & 15, 0); // ReadKey 0 would allow CheckMac/Copy
        }
    }
}

// docs/slot-plan.md is what people read before they lock a chip for ever.
static void document_is_the_table(void **state)
{
    (void)state;
    char line[400];
    unsigned rows = 0;
    FILE *f = fopen(SLOT_PLAN_DOC, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        unsigned slot = 0;
        unsigned bytes = 0;
        unsigned sc = 0;
        unsigned kc = 0;
        if (sscanf(line, "| %u | %u | %*[^|]| 0x%x | 0x%x |", &slot, &bytes, &sc, &kc) == 4) {
            assert_int_equal(slot, rows++);
            assert_int_equal(bytes, slot < 8 ? 36 : slot == 8 ? 416 : 72);
            assert_int_equal(sc, lp_atecc_plan_limpet1.slots[slot].slot_config);
            assert_int_equal(kc, lp_atecc_plan_limpet1.slots[slot].key_config);
        }
    }
    fclose(f);
    assert_int_equal(rows, 16);
}

// ---- writing -----------------------------------------------------------------------------------

static lp_atecc_plan_op_t op;
static unsigned forbidden_writes;

// Is this Write against the rules of the zones between the locks?
static bool is_forbidden(const fake_chip_t *c, const uint8_t *cmd)
{
    const bool is_config_locked = c->config[87] == 0;
    const bool is_block = (cmd[1] & 0x80) != 0;
    const unsigned word = cmd[2];
    if ((cmd[1] & 3) == 0) {
        return is_config_locked || word < 4 || word == 21 || is_block;
    }
    if (!is_config_locked || !is_block) {
        return true;
    }
    return (cmd[1] & 3) == 2 && (c->config[96 + 2 * (word >> 3 & 15)] & 1) != 0; // a private slot
}

static size_t strict(fake_chip_t *c, const uint8_t *cmd, size_t len, uint8_t *payload)
{
    if (cmd[0] == 0x12 && is_forbidden(c, cmd)) {
        forbidden_writes++;
    }
    if (cmd[0] == 0x40 && c->config[87] != 0) {
        payload[0] = 0x0F;
        return 1;
    }
    return fake_chip_default(c, cmd, len, payload);
}

static uint16_t data_crc(const fake_chip_t *c)
{
    uint16_t crc = 0;
    for (size_t slot = 0; slot < 16; slot++) {
        const size_t size = slot < 8 ? 36 : slot == 8 ? 416 : 72;
        if ((c->config[96 + 2 * slot] & 1) == 0) {
            crc = lp_crc16_8005(crc, lp_span(c->data[slot], size));
        }
    }
    return lp_crc16_8005(crc, lp_span(c->otp, 64));
}

static bench_t *fresh(void)
{
    static bench_t b;
    bench_init(&b);
    b.fake.handler = strict;
    memset(&op, 0, sizeof op);
    memset(b.fake.data, 0xDD, sizeof b.fake.data); // the factory's content is not known
    memset(b.fake.otp, 0xFF, sizeof b.fake.otp);
    forbidden_writes = 0;
    return &b;
}

static lp_err_t write_plan(bench_t *b)
{
    const unsigned n = b->done + 1;
    words.count = 0;
    assert_int_equal(
        lp_atecc_plan_write(&b->chip, &op, &lp_atecc_plan_limpet1, on_diff, &words, bench_done, b),
        LP_OK);
    return bench_wait(b, n);
}

static void whole_way_of_a_blank_chip(void **state)
{
    (void)state;
    bench_t *b = fresh();
    uint8_t want[128];
    assert_int_equal(write_plan(b), LP_OK);
    assert_int_equal(words.count, 0);
    assert_int_equal(op.id.variant, LP_ATECC_BLANK);
    assert_int_equal(op.token.crc, lp_crc16_8005(0, lp_span(b->fake.config, 128)));
    planned(want, LP_ATECC_508A);
    assert_memory_equal(b->fake.config + 18, want + 18, 34);
    assert_memory_equal(b->fake.config + 88, want + 88, 40);
    assert_int_equal(b->fake.config[16], 0xC0); // not touched
    assert_int_equal(b->fake.config[52], 0xFF);
    assert_int_equal(bench_lock_config(b, &op), LP_OK);
    assert_int_equal(b->fake.config[87], 0);
    assert_int_equal(bench_fill(b, &op), LP_OK);
    assert_int_equal(op.steps_done, op.steps_total);
    assert_int_equal(op.token.crc, data_crc(&b->fake));
    assert_int_equal(b->fake.data[14][0], 0xA0); // a public key that is not validated
    assert_memory_equal(b->fake.otp, "limpet-1", 9);
    assert_true(b->fake.key[0] != 0 && b->fake.key[3] != 0);
    assert_int_equal(b->fake.keys_made, 2);
    assert_int_equal(bench_lock_data(b, &op), LP_OK);
    assert_int_equal(b->fake.config[86], 0);
    assert_int_equal(forbidden_writes, 0);
    // The same again changes nothing.
    const unsigned writes = fake_chip_count(&b->fake, 0x12);
    const unsigned locks = fake_chip_count(&b->fake, 0x17);
    assert_int_equal(write_plan(b), LP_OK);
    assert_int_equal(bench_lock_config(b, &op), LP_OK);
    assert_int_equal(bench_fill(b, &op), LP_E_STATE);
    assert_int_equal(fake_chip_count(&b->fake, 0x12), writes);
    assert_int_equal(fake_chip_count(&b->fake, 0x17), locks);
    assert_int_equal(b->fake.keys_made, 2);
}

static void write_touches_only_what_differs(void **state)
{
    (void)state;
    bench_t *b = fresh();
    assert_int_equal(write_plan(b), LP_OK);
    const unsigned writes = fake_chip_count(&b->fake, 0x12);
    b->fake.config[30] ^= 1;
    assert_int_equal(write_plan(b), LP_OK);
    assert_int_equal(fake_chip_count(&b->fake, 0x12), writes + 1);
}

// A plan that asks for what Write cannot do is the plan's mistake, not the chip's.
static void forbidden_bytes_are_never_written(void **state)
{
    (void)state;
    static const lp_atecc_plan_byte_t bytes[] = {{84, 0x12, 0xFF, "user extra"},
                                                 {86, 0x00, 0xFF, "data lock"}};
    bench_t *b = fresh();
    lp_atecc_plan_t plan = lp_atecc_plan_limpet1;
    plan.bytes_508 = bytes;
    plan.bytes_508_len = 2;
    assert_int_equal(lp_atecc_plan_write(&b->chip, &op, &plan, on_diff, &words, bench_done, b),
                     LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_E_VERIFY);
    assert_int_equal(forbidden_writes, 0);
    assert_int_equal(b->fake.config[86], 0x55);
}

static size_t forgetful(fake_chip_t *c, const uint8_t *cmd, size_t len, uint8_t *payload)
{
    if (cmd[0] == 0x12 && cmd[2] == 7) { // acknowledges, but does not write
        payload[0] = 0;
        return 1;
    }
    return strict(c, cmd, len, payload);
}

static void readback_that_differs_gives_no_token(void **state)
{
    (void)state;
    bench_t *b = fresh();
    b->fake.handler = forgetful;
    assert_int_equal(write_plan(b), LP_E_VERIFY);
    assert_true(words.count > 0);
    assert_int_equal(bench_lock_config(b, &op), LP_E_INVALID);
    assert_int_equal(fake_chip_count(&b->fake, 0x17), 0);
}

static void foreign_locked_chip_is_left_alone(void **state)
{
    (void)state;
    bench_t *b = fresh();
    b->fake.config[87] = 0;
    assert_int_equal(write_plan(b), LP_E_STATE);
    assert_true(words.count > 0);
    assert_int_equal(op.id.variant, LP_ATECC_FOREIGN);
    assert_int_equal(fake_chip_count(&b->fake, 0x12), 0);
    assert_int_equal(bench_fill(b, &op), LP_E_VERIFY);
    assert_int_equal(fake_chip_count(&b->fake, 0x12), 0);
}

static void tokens_cannot_be_made_up_or_carried_over(void **state)
{
    (void)state;
    bench_t *b = fresh();
    assert_int_equal(bench_lock_config(b, &op), LP_E_INVALID); // zeros
    assert_int_equal(write_plan(b), LP_OK);
    const lp_atecc_token_t good = op.token;
    op.token.crc ^= 1;
    assert_int_equal(bench_lock_config(b, &op), LP_E_INVALID);
    op.token = good;
    assert_int_equal(bench_lock_data(b, &op), LP_E_INVALID); // the other zone
    op.token = good;
    b->fake.config[3] ^= 1; // another chip on the bus
    assert_int_equal(bench_lock_config(b, &op), LP_E_CHIP_OTHER);
    b->fake.config[3] ^= 1;
    op.token = good;
    b->fake.config[40] ^= 1; // the chip changed after the read-back
    assert_int_equal(bench_lock_config(b, &op), LP_E_VERIFY);
    b->fake.config[40] ^= 1;
    assert_int_equal(fake_chip_count(&b->fake, 0x17), 0);
    op.token = good;
    assert_int_equal(bench_lock_config(b, &op), LP_OK);
}

static void check_gives_the_token_of_an_equal_chip(void **state)
{
    (void)state;
    bench_t *b = fresh();
    assert_int_equal(write_plan(b), LP_OK);
    memset(&op, 0, sizeof op);
    assert_int_equal(
        lp_atecc_plan_check(&b->chip, &op, &lp_atecc_plan_limpet1, on_diff, &words, bench_done, b),
        LP_OK);
    assert_int_equal(bench_wait(b, 2), LP_OK);
    assert_int_equal(bench_lock_config(b, &op), LP_OK);
    b->fake.config[25] ^= 4;
    words.count = 0;
    assert_int_equal(
        lp_atecc_plan_check(&b->chip, &op, &lp_atecc_plan_limpet1, on_diff, &words, bench_done, b),
        LP_OK);
    assert_int_equal(bench_wait(b, 4), LP_E_VERIFY);
    assert_true(words.count > 0);
}

static void fill_takes_given_content(void **state)
{
    (void)state;
    bench_t *b = fresh();
    uint8_t secret[32];
    uint8_t key[64];
    memset(secret, 0x5C, sizeof secret);
    memset(key, 0x11, sizeof key);
    const lp_atecc_fill_t fills[] = {
        {LP_ATECC_SLOT_BINDING, {secret, sizeof secret}},
        {LP_ATECC_SLOT_FIRMWARE_KEY2, {key, sizeof key}},
    };
    const lp_atecc_fill_t into_key = {LP_ATECC_SLOT_IDENTITY, {secret, 32}};
    const lp_atecc_fill_t too_long = {LP_ATECC_SLOT_BINDING, {key, 40}};
    assert_int_equal(write_plan(b), LP_OK);
    assert_int_equal(bench_lock_config(b, &op), LP_OK);
    assert_int_equal(
        lp_atecc_plan_fill(&b->chip, &op, &lp_atecc_plan_limpet1, &into_key, 1, bench_done, b),
        LP_E_INVALID);
    assert_int_equal(
        lp_atecc_plan_fill(&b->chip, &op, &lp_atecc_plan_limpet1, &too_long, 1, bench_done, b),
        LP_E_INVALID);
    assert_int_equal(
        lp_atecc_plan_fill(&b->chip, &op, &lp_atecc_plan_limpet1, fills, 2, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 3), LP_OK);
    assert_memory_equal(b->fake.data[7], secret, 32);
    assert_int_equal(b->fake.data[7][32], 0);
    assert_int_equal(b->fake.data[14][0], 0xA1);
    assert_int_equal(b->fake.data[14][63], 0x11);
    assert_int_equal(op.token.crc, data_crc(&b->fake));
}

static void fill_keeps_a_key_made_before_in_this_session(void **state)
{
    (void)state;
    bench_t *b = fresh();
    uint8_t pub[64];
    bool is_new = false;
    uint8_t want[64];
    assert_int_equal(lp_atecc_key_make(&b->chip, &b->req, 0, pub, &is_new, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_E_STATE); // nothing locked yet
    assert_int_equal(write_plan(b), LP_OK);
    assert_int_equal(bench_lock_config(b, &op), LP_OK);
    assert_int_equal(lp_atecc_key_make(&b->chip, &b->req, 0, pub, &is_new, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 4), LP_OK);
    assert_true(is_new);
    fake_pub(b->fake.key[0], want);
    assert_memory_equal(pub, want, 64);
    assert_int_equal(bench_fill(b, &op), LP_OK);
    assert_int_equal(bench_fill(b, &op), LP_OK); // again
    assert_int_equal(b->fake.keys_made, 2);
    assert_int_equal(b->fake.key[0], 1);
    assert_int_equal(bench_lock_data(b, &op), LP_OK);
    // After the lock the key is there for good; asking again brings the same one.
    assert_int_equal(lp_atecc_key_make(&b->chip, &b->req, 0, pub, &is_new, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 8), LP_OK);
    assert_false(is_new);
    assert_memory_equal(pub, want, 64);
    // The second identity can be made anew, until it is locked.
    assert_int_equal(lp_atecc_key_make(&b->chip, &b->req, 1, pub, &is_new, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 9), LP_OK);
    assert_true(is_new);
    assert_int_equal(lp_atecc_lock_slot(&b->chip, &b->req, 1, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 10), LP_OK);
    assert_int_equal(lp_atecc_key_make(&b->chip, &b->req, 1, pub, &is_new, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 11), LP_OK);
    assert_false(is_new);
    assert_int_equal(lp_atecc_key_make(&b->chip, &b->req, 8, pub, &is_new, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 12), LP_E_UNSUPPORTED);
}

static void fill_after_a_swap_makes_new_keys(void **state)
{
    (void)state;
    bench_t *b = fresh();
    assert_int_equal(write_plan(b), LP_OK);
    assert_int_equal(bench_lock_config(b, &op), LP_OK);
    assert_int_equal(bench_fill(b, &op), LP_OK);
    assert_int_equal(b->fake.keys_made, 2);
    b->fake.config[2] ^= 0x40; // another chip of the same kind, with no keys
    memset(b->fake.key, 0, sizeof b->fake.key);
    assert_int_equal(bench_fill(b, &op), LP_OK);
    assert_true(b->fake.key[0] != 0 && b->fake.key[3] != 0);
}

// Says that it made a key, but the EEPROM keeps another.
static size_t fickle(fake_chip_t *c, const uint8_t *cmd, size_t len, uint8_t *payload)
{
    const size_t n = strict(c, cmd, len, payload);
    if (cmd[0] == 0x40 && cmd[1] == 0) {
        payload[9] ^= 1;
    }
    return n;
}

static void key_that_was_not_stored_is_noticed(void **state)
{
    (void)state;
    bench_t *b = fresh();
    uint8_t pub[64];
    assert_int_equal(write_plan(b), LP_OK);
    assert_int_equal(bench_lock_config(b, &op), LP_OK);
    b->fake.handler = fickle;
    assert_int_equal(lp_atecc_key_make(&b->chip, &b->req, 0, pub, NULL, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 3), LP_E_VERIFY);
}

static void fill_of_a_chip_with_a_locked_slot_is_refused(void **state)
{
    (void)state;
    bench_t *b = fresh();
    assert_int_equal(write_plan(b), LP_OK);
    assert_int_equal(bench_lock_config(b, &op), LP_OK);
    b->fake.config[89] &= 0xFD;
    assert_int_equal(bench_fill(b, &op), LP_E_STATE);
}

// ---- a power cut at every transfer -------------------------------------------------------------

// One run from wherever the chip is to the end, as a tool would do it. LP_OK: all locked.
static lp_err_t provision(bench_t *b)
{
    lp_err_t err = write_plan(b);
    if (err == LP_OK) {
        err = bench_lock_config(b, &op);
    }
    if (err == LP_OK && !op.id.is_data_locked) {
        err = bench_fill(b, &op);
        if (err == LP_OK) {
            err = bench_lock_data(b, &op);
        }
    }
    return err;
}

// Power comes back: the chip and the board have forgotten what was not stored.
static void power_up(bench_t *b)
{
    fake_chip_t *c = &b->fake;
    const lp_atecc_config_t cfg = {.loop = &b->loop, .bus = &c->bus, .addr = LP_ATECC_ADDR};
    bench_settle(b, 5000);
    assert_int_equal(lp_atecc_deinit(&b->chip), LP_OK);
    memset(&b->req, 0, sizeof b->req);
    memset(&op, 0, sizeof op);
    lp_atecc_init(&b->chip, &cfg);
    c->power = POWER_ASLEEP;
    c->has_tempkey = false;
    c->in_len = 0;
    c->fault_at = -1;
    c->is_vanished = false;
    c->is_stuck = false;
}

static void provisioning_survives_a_fault_at_every_transfer(void **state)
{
    (void)state;
    static const fault_t faults[] = {FAULT_VANISH, FAULT_NACK,       FAULT_FLIP,   FAULT_STUCK,
                                     FAULT_SLEEP,  FAULT_SLEEP_LATE, FAULT_TIMEOUT};
    bench_t *b = fresh();
    assert_int_equal(provision(b), LP_OK);
    const int transfers = b->fake.transfers;
    print_message("%d transfers\n", transfers);
    for (size_t k = 0; k < sizeof faults / sizeof faults[0]; k++) {
        for (int at = 0; at < transfers; at++) {
            b = fresh();
            b->fake.fault = faults[k];
            b->fake.fault_at = at;
            const lp_err_t err = provision(b);
            if (err != LP_OK) {
                power_up(b);
                assert_int_equal(provision(b), LP_OK);
            }
            assert_int_equal(b->fake.config[86], 0);
            assert_int_equal(b->fake.config[87], 0);
            assert_true(b->fake.key[0] != 0 && b->fake.key[3] != 0);
            assert_int_equal(lp_atecc_plan_diff(&lp_atecc_plan_limpet1, LP_ATECC_508A,
                                                b->fake.config, NULL, NULL),
                             0);
            assert_int_equal(forbidden_writes, 0);
        }
    }
}

// ---- detection ---------------------------------------------------------------------------------

static lp_atecc_id_t found[4];
static lp_atecc_scan_t scan;

static lp_err_t do_scan(bench_t *b)
{
    const unsigned n = b->done + 1;
    assert_int_equal(lp_atecc_scan(&scan, &b->loop, &b->fake.bus, found, 4, bench_done, b), LP_OK);
    return bench_wait(b, n);
}

static void scan_finds_the_chip_at_each_address(void **state)
{
    (void)state;
    for (size_t i = 0; i < lp_atecc_scan_addrs_len; i++) {
        bench_t *b = fresh();
        b->fake.addr = lp_atecc_scan_addrs[i];
        assert_int_equal(do_scan(b), LP_OK);
        assert_int_equal(scan.found_len, 1);
        assert_int_equal(found[0].addr, lp_atecc_scan_addrs[i]);
        assert_int_equal(found[0].part, LP_ATECC_508A);
        assert_int_equal(found[0].variant, LP_ATECC_BLANK);
        assert_memory_equal(found[0].serial, "\x01\x23\x11\x22\x33\x44\x55\x66\xEE", 9);
        const int transfers = b->fake.transfers;
        bench_settle(b, 3000);
        assert_int_equal(b->fake.transfers, transfers); // nothing is left on the loop
    }
}

static void scan_of_everything_finds_odd_addresses(void **state)
{
    (void)state;
    static const uint8_t odd[] = {0x08, 0x34, 0x6A, 0x77};
    for (size_t i = 0; i < sizeof odd; i++) {
        bench_t *b = fresh();
        b->fake.addr = odd[i];
        assert_int_equal(do_scan(b), LP_E_CHIP_MISSING);
        bench_settle(b, 2000);
        assert_int_equal(lp_atecc_scan_all(&scan, &b->loop, &b->fake.bus, found, 4, bench_done, b),
                         LP_OK);
        assert_int_equal(bench_wait(b, 2), LP_OK);
        assert_int_equal(scan.found_len, 1);
        assert_int_equal(found[0].addr, odd[i]);
    }
    // A device that is not ours is read from, never written to.
    bench_t *b = fresh();
    b->fake.addr = 0x50;
    b->fake.power = POWER_AWAKE;
    b->fake.watchdog_ms = 1000000;
    b->fake.is_alien = true;
    assert_int_equal(lp_atecc_scan_all(&scan, &b->loop, &b->fake.bus, found, 4, bench_done, b),
                     LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_E_CHIP_OTHER);
    assert_int_equal(b->fake.writes, 0);
}

static void scan_says_why_nothing_is_found(void **state)
{
    (void)state;
    bench_t *b = fresh();
    b->fake.is_vanished = true;
    assert_int_equal(do_scan(b), LP_E_CHIP_MISSING);
    assert_int_equal(scan.found_len, 0);
    assert_in_range(lp_port_now_ms(), 0, 500);
    b = fresh();
    b->fake.fault = FAULT_DEAD_BUS;
    b->fake.fault_at = 0;
    b->fake.fault_times = 100000;
    assert_int_equal(do_scan(b), LP_E_I2C_BUS);
}

static size_t stranger(fake_chip_t *c, const uint8_t *cmd, size_t len, uint8_t *payload)
{
    (void)c;
    (void)cmd;
    (void)len;
    memset(payload, 0, 4);
    return 4;
}

static size_t trust(fake_chip_t *c, const uint8_t *cmd, size_t len, uint8_t *payload)
{
    static const uint8_t revision[4] = {0, 0, 0x60, 2};
    if (cmd[0] == 0x30) {
        memcpy(payload, revision, 4);
        return 4;
    }
    return fake_chip_default(c, cmd, len, payload);
}

static void variants_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *otp;
        lp_atecc_variant_t variant;
    } table[] = {{"KQp2ZkD8", LP_ATECC_TRUSTNGO},
                 {"MKMwyhP1", LP_ATECC_TRUSTFLEX},
                 {"09qJNxI3", LP_ATECC_TRUSTNGO},
                 {"whatever", LP_ATECC_FOREIGN}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bench_t *b = fresh();
        b->fake.handler = trust;
        b->fake.config[86] = 0;
        b->fake.config[87] = 0;
        memcpy(b->fake.otp, table[i].otp, 8);
        assert_int_equal(do_scan(b), LP_OK);
        assert_int_equal(found[0].variant, table[i].variant);
        assert_int_equal(found[0].part, LP_ATECC_608A);
    }
    bench_t *b = fresh();
    b->fake.handler = stranger;
    assert_int_equal(do_scan(b), LP_E_CHIP_OTHER);
    b = fresh();
    assert_int_equal(provision(b), LP_OK);
    assert_int_equal(do_scan(b), LP_OK);
    assert_int_equal(found[0].variant, LP_ATECC_LIMPET);
    assert_true(found[0].is_config_locked && found[0].is_data_locked);
    assert_string_equal(lp_atecc_variant_name(found[0].variant), "limpet");
    assert_string_equal(lp_atecc_part_name(found[0].part), "ATECC508A");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_matches_itself),
        cmocka_unit_test(every_bit_is_judged),
        cmocka_unit_test(differences_are_said_in_words),
        cmocka_unit_test(locked_slots_are_fine_where_they_may_be),
        cmocka_unit_test(identity_cannot_be_imported_read_overwritten_or_misused),
        cmocka_unit_test(document_is_the_table),
        cmocka_unit_test(whole_way_of_a_blank_chip),
        cmocka_unit_test(write_touches_only_what_differs),
        cmocka_unit_test(forbidden_bytes_are_never_written),
        cmocka_unit_test(readback_that_differs_gives_no_token),
        cmocka_unit_test(foreign_locked_chip_is_left_alone),
        cmocka_unit_test(tokens_cannot_be_made_up_or_carried_over),
        cmocka_unit_test(check_gives_the_token_of_an_equal_chip),
        cmocka_unit_test(fill_takes_given_content),
        cmocka_unit_test(fill_keeps_a_key_made_before_in_this_session),
        cmocka_unit_test(fill_after_a_swap_makes_new_keys),
        cmocka_unit_test(key_that_was_not_stored_is_noticed),
        cmocka_unit_test(fill_of_a_chip_with_a_locked_slot_is_refused),
        cmocka_unit_test(provisioning_survives_a_fault_at_every_transfer),
        cmocka_unit_test(scan_finds_the_chip_at_each_address),
        cmocka_unit_test(scan_of_everything_finds_odd_addresses),
        cmocka_unit_test(scan_says_why_nothing_is_found),
        cmocka_unit_test(variants_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
