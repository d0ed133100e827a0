// SPDX-License-Identifier: Apache-2.0
// Compares a configuration with a plan and says every difference in words.
#include "limpet/fmt.h"
#include "plan.h"

typedef struct {
    lp_atecc_diff_fn *fn;
    void *ctx;
    size_t count;
} report_t;

static void say(report_t *r, int slot, const char *is, const char *wants)
{
    char text[160];
    r->count++;
    if (r->fn == NULL) {
        return;
    }
    // What does not fit is cut; the call cannot fail otherwise.
    if (slot >= 0) {
        (void)lp_fmt_str(text, sizeof text, "slot %d: %s, the plan %s", slot, is, wants);
    } else {
        (void)lp_fmt_str(text, sizeof text, "%s, the plan %s", is, wants);
    }
    r->fn(r->ctx, slot, text);
}

// One bit of SlotConfig or KeyConfig: what it means when set and when clear, and what the plan says
// to the opposite.
typedef struct {
    uint16_t mask;
    const char *is_set, *is_clear;
    const char *wants_set, *wants_clear;
} bit_t;

// @source DS20005927A Tables 2-6, 2-10, 2-11
static const bit_t private_bits[] = {
    {0x0080, "marked secret", "not marked secret", "marks it secret", "does not mark it secret"},
    {0x0001, "signatures over any digest allowed", "signatures over given digests forbidden",
     "allows them", "forbids them"},
    {0x0002, "internal signatures allowed", "internal signatures forbidden", "allows them",
     "forbids them"},
    {0x0004, "ECDH allowed", "ECDH forbidden", "allows it", "forbids it"},
    {0x0008, "ECDH secret goes to the next slot", "ECDH secret goes out on the bus",
     "sends it to the next slot", "sends it out on the bus"},
    {0x2000, "a new key can be made over the old one", "no new key can be made after the lock",
     "allows it", "forbids it"},
    {0x4000, "a key can be imported", "no key can be imported", "allows it", "forbids it"},
    {0x9000, "unused write bits set", "unused write bits clear", "sets them", "clears them"},
    {0x0020, "use is limited by a counter", "use is not limited by a counter", "limits it",
     "does not limit it"},
    {0x0010, "NoMac set", "NoMac clear", "sets it", "clears it"},
};

static const bit_t data_bits[] = {
    {0x0020, "use is limited by a counter", "use is not limited by a counter", "limits it",
     "does not limit it"},
    {0x0010, "cannot be used for MACs", "can be used for MACs", "forbids that", "allows that"},
};

// @source DS20005927A Table 2-12
static const bit_t key_bits[] = {
    {0x0001, "holds a private key", "holds no private key", "wants a private key",
     "wants no private key"},
    {0x0020, "can be locked for ever", "cannot be locked by itself", "wants it lockable",
     "wants it not lockable"},
    {0x0040, "needs a random nonce", "works without a random nonce", "wants one",
     "does not want one"},
    {0x0080, "needs an authorization by another slot", "works without authorization", "wants one",
     "does not want one"},
    {0x1000, "can be disabled by intrusion latch or secure boot",
     "cannot be disabled by intrusion latch or secure boot", "wants it", "does not want it"},
};

static void diff_bits(report_t *r, int slot, const bit_t *bits, size_t n, unsigned is,
                      unsigned want)
{
    for (size_t i = 0; i < n; i++) {
        const unsigned mask = bits[i].mask;
        if (((is ^ want) & mask) != 0) {
            say(r, slot, (is & mask) != 0 ? bits[i].is_set : bits[i].is_clear,
                (want & mask) != 0 ? bits[i].wants_set : bits[i].wants_clear);
        }
    }
}

static void diff_number(report_t *r, int slot, const char *what, unsigned is, unsigned want)
{
    char a[48];
    char b[24];
    if (is != want) {
        (void)lp_fmt_str(a, sizeof a, "%s is %u", what, is);
        (void)lp_fmt_str(b, sizeof b, "wants %u", want);
        say(r, slot, a, b);
    }
}

// Bits 7 and 6: IsSecret, EncryptRead. @source DS20005927A Table 2-7
static void diff_reads(report_t *r, int slot, unsigned is, unsigned want)
{
    static const char *const is_text[] = {"clear reads allowed", "reads in a prohibited mode",
                                          "reads forbidden", "encrypted reads allowed"};
    static const char *const want_text[] = {"allows clear reads", "wants a prohibited mode",
                                            "forbids them", "allows encrypted reads only"};
    const unsigned a = is >> 6 & 3;
    const unsigned b = want >> 6 & 3;
    if (a != b) {
        say(r, slot, is_text[a], want_text[b]);
    }
}

// Bits 15-12. @source DS20005927A Table 2-8
static const char *write_mode(unsigned config)
{
    const unsigned mode = config >> 12;
    if ((mode & 4) != 0) {
        return "encrypted writes";
    }
    if (mode == 0) {
        return "clear writes";
    }
    return mode == 1 ? "writes while not validated" : "no writes";
}

static void diff_writes(report_t *r, int slot, unsigned is, unsigned want)
{
    char a[48];
    char b[48];
    if (((is ^ want) & 0xF000) == 0) {
        return;
    }
    (void)lp_fmt_str(a, sizeof a, "%s (mode %u)", write_mode(is), is >> 12 & 15);
    (void)lp_fmt_str(b, sizeof b, "wants %s (mode %u)", write_mode(want), want >> 12 & 15);
    say(r, slot, a, b);
}

static void diff_slot(report_t *r, const lp_atecc_plan_t *plan, const uint8_t *config, int slot)
{
    const unsigned is = lp_atecc_word16(config, AT_SLOT_CONFIG + 2 * (size_t)slot);
    const unsigned want = plan->slots[slot].slot_config;
    if (lp_atecc_plan_is_private(plan, (unsigned)slot)) {
        diff_bits(r, slot, private_bits, sizeof private_bits / sizeof private_bits[0], is, want);
        diff_number(r, slot, "encrypted-read bit", is >> 6 & 1, want >> 6 & 1);
    } else {
        diff_reads(r, slot, is, want);
        diff_writes(r, slot, is, want);
        diff_bits(r, slot, data_bits, sizeof data_bits / sizeof data_bits[0], is, want);
        diff_number(r, slot, "read key", is & 15, want & 15);
    }
    diff_number(r, slot, "write key", is >> 8 & 15, want >> 8 & 15);
}

static void diff_key(report_t *r, const lp_atecc_plan_t *plan, const uint8_t *config, int slot)
{
    const unsigned is = lp_atecc_word16(config, AT_KEY_CONFIG + 2 * (size_t)slot);
    const unsigned want = plan->slots[slot].key_config;
    diff_bits(r, slot, key_bits, sizeof key_bits / sizeof key_bits[0], is, want);
    if (((is ^ want) & KC_PUBINFO) != 0) {
        const bool is_private = lp_atecc_plan_is_private(plan, (unsigned)slot);
        const bool is_set = (is & KC_PUBINFO) != 0;
        static const char *const is_text[2][2] = {
            {"public key usable without validation", "public key needs validation"},
            {"public key cannot be computed", "public key can be computed"}};
        static const char *const want_text[2][2] = {{"wants no validation", "wants it validated"},
                                                    {"forbids computing it", "allows it"}};
        say(r, slot, is_text[is_private][is_set], want_text[is_private][!is_set]);
    }
    diff_number(r, slot, "key type", is >> 2 & 7, want >> 2 & 7);
    diff_number(r, slot, "authorizing key", is >> 8 & 15, want >> 8 & 15);
    diff_number(r, slot, "reserved key bit", is >> 13 & 1, want >> 13 & 1);
    diff_number(r, slot, "X.509 format index", is >> 14 & 3, want >> 14 & 3);
}

static void diff_locks(report_t *r, const lp_atecc_plan_t *plan, const uint8_t *config)
{
    for (int slot = 0; slot < LP_ATECC_SLOTS; slot++) {
        if (!lp_atecc_plan_is_lock_right(plan, config, (unsigned)slot)) {
            say(r, slot, "locked for ever", "wants it open");
        }
    }
}

static void diff_bytes(report_t *r, const lp_atecc_plan_byte_t *bytes, size_t n,
                       const uint8_t *config)
{
    char a[96];
    char b[24];
    for (size_t i = 0; i < n; i++) {
        const unsigned is = config[bytes[i].offset];
        if (((is ^ bytes[i].value) & bytes[i].mask) != 0) {
            (void)lp_fmt_str(a, sizeof a, "%s is 0x%02x", bytes[i].meaning, is);
            (void)lp_fmt_str(b, sizeof b, "wants 0x%02x", bytes[i].value);
            say(r, -1, a, b);
        }
    }
}

size_t lp_atecc_plan_diff(const lp_atecc_plan_t *plan, lp_atecc_part_t part,
                          const uint8_t config[LP_ATECC_CONFIG_LEN], lp_atecc_diff_fn *fn,
                          void *ctx)
{
    report_t r = {.fn = fn, .ctx = ctx};
    for (int slot = 0; slot < LP_ATECC_SLOTS; slot++) {
        diff_slot(&r, plan, config, slot);
        diff_key(&r, plan, config, slot);
    }
    diff_locks(&r, plan, config);
    if (part == LP_ATECC_508A) {
        diff_bytes(&r, plan->bytes_508, plan->bytes_508_len, config);
    } else {
        diff_bytes(&r, plan->bytes_608, plan->bytes_608_len, config);
    }
    return r.count;
}
