// SPDX-License-Identifier: Apache-2.0
// Every kind of trouble that the emulator can make, at every transfer of every operation that a
// connection needs. A result that comes is right, or an error comes, in bounded time; afterwards
// the chip works. Only who forges packets with a good checksum can have a wrong result believed,
// and that is said here, too: it is what the sealed operations are for.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "emulated.h"

// On an emulated core, where the chip's arithmetic takes a while, each operation has one step of so
// many, each another one; this computer has all.
#if !defined(TROUBLE_STRIDE)
#define TROUBLE_STRIDE 1
#endif
enum { STEPS_MAX = 40, SLOT_IDENTITY = 0, BOUND_MS = 20000 };

static const uint8_t digest[32] = {0xD1, 2, 3, 4, 5};

// ---- operations ---------------------------------------------------------------------------------

typedef struct {
    uint8_t out[64], pub[64], peer[64];
    uint8_t sig_of_peer[64];
} desk_t;

static desk_t desk;

typedef lp_err_t start_fn(world_t *w);
typedef bool right_fn(world_t *w);

static lp_err_t start_sign(world_t *w)
{
    return lp_atecc_sign(&w->chip, &w->req, SLOT_IDENTITY, digest, desk.out, world_done, w);
}

static bool is_signature(world_t *w)
{
    return world_verify(w->pub, digest, desk.out);
}

static lp_err_t start_pubkey(world_t *w)
{
    return lp_atecc_pubkey(&w->chip, &w->req, SLOT_IDENTITY, desk.out, world_done, w);
}

static bool is_public_key(world_t *w)
{
    return memcmp(desk.out, w->pub, sizeof w->pub) == 0;
}

static lp_err_t start_genkey(world_t *w)
{
    return lp_atecc_genkey(&w->chip, &w->req, LP_ATECC_SLOT_ECDHE, desk.pub, world_done, w);
}

// The key that was announced is the one that the chip has.
static bool is_new_key(world_t *w)
{
    lp_chipsim_bus_faults(w->bus, &(lp_chipsim_faults_t){0}); // the check talks to the chip, too
    w->hold_next = 0;
    w->vanish_at = UINT32_MAX;
    RUN(w, LP_OK, lp_atecc_pubkey(&w->chip, &w->req, LP_ATECC_SLOT_ECDHE, desk.out, world_done, w));
    return memcmp(desk.out, desk.pub, sizeof desk.pub) == 0;
}

static lp_err_t start_ecdh(world_t *w)
{
    return lp_atecc_ecdh(&w->chip, &w->req, LP_ATECC_SLOT_ECDHE, desk.peer, desk.out, world_done,
                         w);
}

static bool is_shared_secret(world_t *w)
{
    uint8_t secret[32];
    (void)w;
    world_ecdh(desk.pub, secret);
    return memcmp(desk.out, secret, sizeof secret) == 0;
}

static lp_err_t start_verify(world_t *w)
{
    return lp_atecc_verify(&w->chip, &w->req, digest, desk.sig_of_peer, desk.peer, world_done, w);
}

static bool is_fine(world_t *w)
{
    (void)w;
    return true;
}

static lp_err_t start_verify_forged(world_t *w)
{
    static uint8_t forged[64];
    memcpy(forged, desk.sig_of_peer, sizeof forged);
    forged[40] ^= 1;
    return lp_atecc_verify(&w->chip, &w->req, digest, forged, desk.peer, world_done, w);
}

static bool is_never(world_t *w)
{
    (void)w;
    return false;
}

static lp_err_t start_random(world_t *w)
{
    memset(desk.out, 0, sizeof desk.out);
    return lp_atecc_random(&w->chip, &w->req, desk.out, world_done, w);
}

static bool is_random(world_t *w)
{
    static const uint8_t zero[32] = {0};
    (void)w;
    return memcmp(desk.out, zero, sizeof zero) != 0;
}

static const struct {
    const char *name;
    start_fn *start;
    right_fn *right; // looked at when the operation says LP_OK
    lp_err_t without_trouble;
} operations[] = {
    {"sign", start_sign, is_signature, LP_OK},
    {"pubkey", start_pubkey, is_public_key, LP_OK},
    {"genkey", start_genkey, is_new_key, LP_OK},
    {"ecdh", start_ecdh, is_shared_secret, LP_OK},
    {"verify", start_verify, is_fine, LP_OK},
    {"verify a forgery", start_verify_forged, is_never, LP_E_CHIP_MISMATCH},
    {"random", start_random, is_random, LP_OK},
};

enum { OPERATIONS = sizeof operations / sizeof operations[0] };

// ---- trouble
// -------------------------------------------------------------------------------------

// `step` counts transfers from the start of the operation.
typedef void trouble_fn(world_t *w, unsigned step);

static void faults(world_t *w, lp_chipsim_faults_t f)
{
    lp_chipsim_bus_faults(w->bus, &f);
}

static void nack(world_t *w, unsigned step)
{
    faults(w, (lp_chipsim_faults_t){.nack_ppm = 300000, .seed = step + 1});
}

static void nack_for_long(world_t *w, unsigned step)
{
    (void)step;
    faults(w, (lp_chipsim_faults_t){.nack_next = 2 + step});
}

static void flips_to_the_chip(world_t *w, unsigned step)
{
    faults(w, (lp_chipsim_faults_t){.flip_to_ppm = 8000, .seed = step + 1});
}

static void flips_from_the_chip(world_t *w, unsigned step)
{
    faults(w, (lp_chipsim_faults_t){.flip_from_ppm = 8000, .seed = step + 1});
}

static void slow(world_t *w, unsigned step)
{
    faults(w, (lp_chipsim_faults_t){.slow_percent = 20 * step});
}

static void stuck(world_t *w, unsigned step)
{
    faults(w, (lp_chipsim_faults_t){.stuck_after = step + 1});
}

static void lost_stop(world_t *w, unsigned step)
{
    faults(w, (lp_chipsim_faults_t){.lost_stop_ppm = 300000, .seed = step + 1});
}

static void brown_out(world_t *w, unsigned step)
{
    faults(w, (lp_chipsim_faults_t){.brown_out_after = step + 1});
}

static void power_cut_while_writing(world_t *w, unsigned step)
{
    faults(w, (lp_chipsim_faults_t){.cut_after_words = step + 1});
}

static void clock_held(world_t *w, unsigned step)
{
    w->hold_at = w->transfers + step;
    w->hold_next = 3;
    w->hold_ms = 60;
}

static void clock_held_too_long(world_t *w, unsigned step)
{
    w->hold_at = w->transfers + step;
    w->hold_next = 2;
    w->hold_ms = 150;
}

static void unplugged(world_t *w, unsigned step)
{
    w->vanish_at = w->transfers + step;
}

static const struct {
    const char *name;
    trouble_fn *make;
} troubles[] = {
    {"no acknowledge now and then", nack},
    {"no acknowledge for long", nack_for_long},
    {"bits flip on the way to the chip", flips_to_the_chip},
    {"bits flip on the way from the chip", flips_from_the_chip},
    {"slow answers", slow},
    {"bus stuck", stuck},
    {"lost STOP", lost_stop},
    {"brown-out", brown_out},
    {"power cut in the EEPROM", power_cut_while_writing},
    {"clock held", clock_held},
    {"clock held beyond the master's patience", clock_held_too_long},
    {"unplugged", unplugged},
};

enum { TROUBLES = sizeof troubles / sizeof troubles[0] };

// ---- the table
// -------------------------------------------------------------------------------------

static world_t *ready(lp_chipsim_model_t model)
{
    world_t *w = world_new(model);
    assert_int_equal(world_provision(w), LP_OK);
    RUN(w, LP_OK, lp_atecc_pubkey(&w->chip, &w->req, SLOT_IDENTITY, w->pub, world_done, w));
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, LP_ATECC_SLOT_ECDHE, desk.pub, world_done, w));
    world_peer(desk.peer);
    world_sign(digest, desk.sig_of_peer);
    return w;
}

static void calm(world_t *w)
{
    lp_chipsim_bus_faults(w->bus, &(lp_chipsim_faults_t){0});
    w->hold_next = 0;
    w->vanish_at = UINT32_MAX;
    world_power_cycle(w);
}

static void must_work_again(world_t *w, size_t op)
{
    if (operations[op].start == start_ecdh) { // a key half-written is made anew, as TLS does
        RUN(w, LP_OK, start_genkey(w));
    }
    RUN(w, operations[op].without_trouble, operations[op].start(w));
    if (operations[op].without_trouble == LP_OK) {
        assert_true(operations[op].right(w));
    }
}

typedef struct {
    unsigned right, refused;
    unsigned noticed; // refused, or done after more transfers or more time than without trouble
} tally_t;

typedef struct {
    unsigned transfers;
    uint64_t ms;
} cost_t;

static cost_t usual[OPERATIONS];

static cost_t cost_since(const world_t *w, unsigned transfers, uint64_t began_ms)
{
    return (cost_t){.transfers = w->transfers - transfers, .ms = w->loop.now_ms - began_ms};
}

// What each operation costs when all is well.
static void learn(world_t *w)
{
    for (size_t op = 0; op < OPERATIONS; op++) {
        const unsigned transfers = w->transfers;
        const uint64_t began_ms = w->loop.now_ms;
        RUN(w, operations[op].without_trouble, operations[op].start(w));
        usual[op] = cost_since(w, transfers, began_ms);
    }
}

static void one(world_t *w, size_t op, size_t trouble, unsigned step, tally_t *tally)
{
    const uint64_t began_ms = w->loop.now_ms;
    const unsigned transfers = w->transfers;
    troubles[trouble].make(w, step);
    const unsigned done = w->done + 1;
    lp_err_t err = operations[op].start(w);
    if (err == LP_OK) {
        err = world_wait(w, done);
    }
    const cost_t cost = cost_since(w, transfers, began_ms);
    const bool is_right = err == LP_OK && operations[op].right(w);
    if ((err == LP_OK && !is_right) || cost.ms > BOUND_MS) {
        print_message("%s, %s at transfer %u: %s\n", operations[op].name, troubles[trouble].name,
                      step, err == LP_OK ? "a wrong result" : "too long");
        fail();
    }
    tally->right += is_right;
    tally->refused += !is_right;
    tally->noticed += err != operations[op].without_trouble ||
                      cost.transfers > usual[op].transfers + 2 || cost.ms > usual[op].ms + 20;
    calm(w);
    must_work_again(w, op);
}

static void every_trouble_in_every_operation(lp_chipsim_model_t model)
{
    for (size_t trouble = 0; trouble < TROUBLES; trouble++) {
        tally_t tally = {0};
        world_t *w = ready(model);
        learn(w);
        for (size_t op = 0; op < OPERATIONS; op++) {
            const unsigned width = trouble < 4 ? 1 : 2;
            const unsigned first = (unsigned)op % TROUBLE_STRIDE * width;
            for (unsigned step = first; step < STEPS_MAX; step += width * TROUBLE_STRIDE) {
                one(w, op, trouble, step, &tally);
            }
        }
        world_free(w);
        print_message("%-42s right %3u, refused %3u, noticed %3u\n", troubles[trouble].name,
                      tally.right, tally.refused, tally.noticed);
        assert_true(tally.right > 0 && tally.noticed > 0); // it was no trouble, or nothing else
    }
}

static void trouble_never_makes_a_wrong_result_508a(void **state)
{
    (void)state;
    every_trouble_in_every_operation(LP_CHIPSIM_ATECC508A);
}

static void trouble_never_makes_a_wrong_result_608b(void **state)
{
    (void)state;
    every_trouble_in_every_operation(LP_CHIPSIM_ATECC608B);
}

// A packet with one bit changed and a good checksum is believed by whoever does not verify: a
// signature is, by its key; a shared secret and a yes are not.
static void only_a_forger_gets_a_wrong_result_believed(void **state)
{
    (void)state;
    bool was_believed = false;
    world_t *w = ready(LP_CHIPSIM_ATECC508A);
    for (unsigned seed = 1; seed <= 60; seed++) {
        faults(w, (lp_chipsim_faults_t){.forge_from_ppm = 300000, .seed = seed});
        const unsigned done = w->done + 1;
        assert_int_equal(start_ecdh(w), LP_OK);
        was_believed = (world_wait(w, done) == LP_OK && !is_shared_secret(w)) || was_believed;
        calm(w);
        must_work_again(w, 3);
    }
    assert_true(was_believed);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trouble_never_makes_a_wrong_result_508a),
        cmocka_unit_test(trouble_never_makes_a_wrong_result_608b),
        cmocka_unit_test(only_a_forger_gets_a_wrong_result_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
