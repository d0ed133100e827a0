// SPDX-License-Identifier: Apache-2.0
// A Trust part's certificates, over the chip alone: the emulator made and compressed them, the
// driver reads and rebuilds them from templates of its own, OpenSSL judges.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "emulated.h"
#include "limpet/atecc_trust.h"
#include "limpet/chipsim_trust.h"

typedef struct {
    lp_atecc_trust_t trust;
    uint8_t device[LP_ATECC_TRUST_CERT_MAX];
    uint8_t signer[LP_ATECC_TRUST_CERT_MAX];
    lp_buf_t device_buf, signer_buf;
} chain_t;

static void fresh(chain_t *c)
{
    c->device_buf = lp_buf(c->device, sizeof c->device);
    c->signer_buf = lp_buf(c->signer, sizeof c->signer);
}

static lp_err_t build(chain_t *c)
{
    fresh(c);
    return lp_atecc_trust_build(&c->trust, &lp_atecc_trust_device, &lp_atecc_trust_signer,
                                lp_atecc_trust_root_pub, &c->device_buf, &c->signer_buf);
}

static X509 *parse(lp_buf_t buf)
{
    const uint8_t *p = buf.ptr;
    X509 *x = d2i_X509(NULL, &p, (long)buf.len);
    assert_non_null(x);
    assert_ptr_equal(p, buf.ptr + buf.len);
    return x;
}

static X509 *root_of(const world_t *w)
{
    uint8_t der[LP_CHIPSIM_CERT_MAX];
    size_t len = 0;
    assert_int_equal(lp_chipsim_certificate(world_image(w), LP_CHIPSIM_CERT_ROOT, der, &len),
                     LP_OK);
    return parse((lp_buf_t){.ptr = der, .len = len, .cap = len});
}

static bool does_verify(const chain_t *c, X509 *root)
{
    X509 *device = parse(c->device_buf);
    X509 *signer = parse(c->signer_buf);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    X509_STORE_add_cert(store, root);
    X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT);
    sk_X509_push(between, signer);
    X509_STORE_CTX_init(ctx, store, device, between);
    const bool is_good = X509_verify_cert(ctx) == 1;
    sk_X509_free(between);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(device);
    X509_free(signer);
    return is_good;
}

static world_t *load(lp_chipsim_variant_t variant, uint64_t seed, chain_t *c)
{
    world_t *w = world_new_trust(variant, seed);
    assert_int_equal(world_identify(w), LP_OK);
    RUN(w, LP_OK, lp_atecc_trust_load(&w->chip, &w->req, &c->trust, world_done, w));
    assert_int_equal(build(c), LP_OK);
    return w;
}

static void the_chain_is_rebuilt_and_verifies(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 24; seed++) { // signatures of every length
        chain_t c;
        uint8_t slot_0[64];
        world_t *w = load(seed % 2 ? LP_CHIPSIM_TNGTLS : LP_CHIPSIM_TFLXTLS, seed, &c);
        X509 *root = root_of(w);
        assert_true(does_verify(&c, root));
        // The key that is certified is the one that the chip signs with.
        assert_true(lp_chipsim_public_key(world_image(w), 0, slot_0));
        X509 *device = parse(c.device_buf);
        const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(device);
        assert_int_equal(key->length, 65);
        assert_memory_equal(key->data + 1, slot_0, 64);
        assert_memory_equal(c.trust.pub, slot_0, 64);
        const ASN1_BIT_STRING *top = X509_get0_pubkey_bitstr(root);
        assert_memory_equal(top->data + 1, lp_atecc_trust_root_pub, 64);
        X509_free(device);
        X509_free(root);
        world_free(w);
    }
}

// Byte for byte what the emulator would print, though neither knows the other's template.
static void it_is_what_the_emulator_prints(void **state)
{
    (void)state;
    chain_t c;
    uint8_t der[LP_CHIPSIM_CERT_MAX];
    size_t len = 0;
    world_t *w = load(LP_CHIPSIM_TNGTLS, 7, &c);
    assert_int_equal(lp_chipsim_certificate(world_image(w), LP_CHIPSIM_CERT_DEVICE, der, &len),
                     LP_OK);
    assert_int_equal(len, c.device_buf.len);
    assert_memory_equal(der, c.device, len);
    assert_int_equal(lp_chipsim_certificate(world_image(w), LP_CHIPSIM_CERT_SIGNER, der, &len),
                     LP_OK);
    assert_int_equal(len, c.signer_buf.len);
    assert_memory_equal(der, c.signer, len);
    char name[160];
    char want[160];
    X509 *x = parse(c.device_buf);
    X509_NAME_oneline(X509_get_subject_name(x), name, sizeof name);
    X509_free(x);
    const uint8_t *s = c.trust.serial;
    snprintf(want, sizeof want, "/O=Limpet Chip Emulator/CN=sn%02X%02X%02X%02X%02X%02X%02X%02X%02X",
             s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]);
    assert_string_equal(name, want);
    world_free(w);
}

// Who sits on the bus and changes what is read gets a chain that does not verify, or an error.
static void changed_bytes_do_not_verify(void **state)
{
    (void)state;
    chain_t good;
    world_t *w = load(LP_CHIPSIM_TNGTLS, 3, &good);
    X509 *root = root_of(w);
    unsigned refused = 0;
    unsigned unverified = 0;
    for (size_t at = 0; at < sizeof good.trust; at++) {
        chain_t c = good;
        ((uint8_t *)&c.trust)[at] ^= 0x01;
        if (build(&c) != LP_OK) {
            assert_int_equal(c.device_buf.len, 0);
            assert_int_equal(c.signer_buf.len, 0);
            refused++;
            continue;
        }
        // Format 1 says the same in other words where byte 71 is 0; and byte 71 is reserved.
        const uint8_t *changed = (const uint8_t *)&c.trust + at;
        const bool is_harmless = changed == &c.trust.device[70] || changed == &c.trust.device[71] ||
                                 changed == &c.trust.signer[70] || changed == &c.trust.signer[71];
        assert_true(does_verify(&c, root) == is_harmless);
        unverified++;
    }
    assert_int_equal(refused, 2); // the template numbers
    assert_true(unverified > 200);
    X509_free(root);
    world_free(w);
}

static void another_chain_is_no_chain_of_ours(void **state)
{
    (void)state;
    chain_t c;
    world_t *w = load(LP_CHIPSIM_TNGTLS, 3, &c);
    c.trust.device[69] = 0x30; // as genuine parts are said to have it
    assert_int_equal(build(&c), LP_E_NOT_FOUND);
    c.trust.device[69] = 0x0F;
    c.trust.signer[69] = 0x10;
    assert_int_equal(build(&c), LP_E_NOT_FOUND);
    assert_int_equal(c.device_buf.len, 0);
    c.trust.signer[69] = 0x1F;
    c.device_buf = lp_buf(c.device, 400);
    c.signer_buf = lp_buf(c.signer, sizeof c.signer);
    assert_int_equal(lp_atecc_trust_build(&c.trust, &lp_atecc_trust_device, &lp_atecc_trust_signer,
                                          lp_atecc_trust_root_pub, &c.device_buf, &c.signer_buf),
                     LP_E_NOSPACE);
    assert_int_equal(lp_atecc_trust_load(&w->chip, &w->req, NULL, world_done, w), LP_E_INVALID);
    world_free(w);
}

static void a_blank_chip_is_no_trust_part(void **state)
{
    (void)state;
    chain_t c;
    world_t *w = world_new(LP_CHIPSIM_ATECC508A);
    assert_int_equal(world_identify(w), LP_OK);
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_trust_load(&w->chip, &w->req, &c.trust, world_done, w));
    world_free(w);
}

// Reading goes on after a chip that went away for a moment, or ends with an error: never with a
// mixture.
static void power_that_dips_at_any_transfer(void **state)
{
    (void)state;
    chain_t want;
    world_t *w = load(LP_CHIPSIM_TNGTLS, 3, &want);
    const unsigned transfers = w->transfers;
    world_free(w);
    for (unsigned at = 1; at < transfers; at++) {
        chain_t c;
        w = world_new_trust(LP_CHIPSIM_TNGTLS, 3);
        if (world_identify(w) == LP_OK) {
            w->dip_at = at + w->transfers;
            const unsigned n = w->done + 1;
            assert_int_equal(lp_atecc_trust_load(&w->chip, &w->req, &c.trust, world_done, w),
                             LP_OK);
            if (world_wait(w, n) == LP_OK) {
                assert_memory_equal(&c.trust, &want.trust, sizeof c.trust);
            }
        }
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chain_is_rebuilt_and_verifies),
        cmocka_unit_test(it_is_what_the_emulator_prints),
        cmocka_unit_test(changed_bytes_do_not_verify),
        cmocka_unit_test(another_chain_is_no_chain_of_ours),
        cmocka_unit_test(a_blank_chip_is_no_trust_part),
        cmocka_unit_test(power_that_dips_at_any_transfer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
