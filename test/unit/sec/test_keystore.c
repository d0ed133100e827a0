// SPDX-License-Identifier: Apache-2.0
// Key ids, the queue in front of the stores, and software keys.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ecdsa.h>

#include "fake/port.h"
#include "rig.h"

static rig_t rig;

static int setup(void **state)
{
    (void)state;
    rig_open(&rig);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static void key_ids_are_read_strictly(void **state)
{
    (void)state;
    lp_key_id_t id;
    for (unsigned slot = 0; slot < 16; slot++) {
        char text[16];
        snprintf(text, sizeof text, "atca:%u", slot);
        assert_int_equal(lp_key_id_parse(text, &id), LP_OK);
        assert_int_equal(id.place, LP_KEY_IN_CHIP);
        assert_int_equal(id.slot, slot);
    }
    assert_int_equal(lp_key_id_parse("file:key.pem", &id), LP_OK);
    assert_int_equal(id.place, LP_KEY_IN_FLASH);
    assert_string_equal(id.name, "key.pem");
    assert_int_equal(lp_key_id_parse("file:abcdefghijklmnopqrstuvw", &id), LP_OK); // 23
    static const char *const bad[] = {
        "",
        "atca:",
        "atca:16",
        "atca:00",
        "atca:1x",
        "atca:-1",
        "atca: 1",
        "ATCA:0",
        "atca:100",
        "file:",
        "file:.",
        "file:..",
        "file:a/b",
        "file:../x",
        "file:a b",
        "pkcs11:x",
        "0",
        "file",
        "file:a\nb",
        "file:\xc3\xa4",
        "file:abcdefghijklmnopqrstuvwx",
        "file:.hidden",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        lp_key_id_t untouched = {.slot = 9};
        assert_int_equal(lp_key_id_parse(bad[i], &untouched), LP_E_FORMAT);
        assert_int_equal(untouched.slot, 9);
    }
    assert_int_equal(lp_key_id_parse(NULL, &id), LP_E_FORMAT);
    assert_string_equal(lp_key_place_name(LP_KEY_IN_CHIP), "chip");
    assert_string_equal(lp_key_place_name(LP_KEY_IN_FLASH), "flash");
}

typedef struct {
    lp_key_op_t op;
    unsigned done;
    lp_err_t err;
    lp_key_op_t *then; // started from inside done()
} call_t;

static unsigned order;

static void on_done(void *ctx, lp_err_t err)
{
    call_t *call = ctx;
    call->done = ++order;
    call->err = err;
    if (call->then != NULL) {
        lp_key_op_t *then = call->then;
        call->then = NULL;
        assert_int_equal(lp_keystore_start(&rig.keys, then), LP_OK);
    }
}

static void prepare(call_t *call, lp_key_op_kind_t kind, const char *id)
{
    *call = (call_t){.op = {.kind = kind, .done = on_done, .ctx = call}};
    assert_int_equal(lp_key_id_parse(id, &call->op.id), LP_OK);
}

static lp_err_t run(call_t *call)
{
    order = 0;
    call->done = 0;
    assert_int_equal(lp_keystore_start(&rig.keys, &call->op), LP_OK);
    assert_int_equal(call->done, 0); // never from inside the call
    for (int i = 0; i < 1000 && call->done == 0; i++) {
        rig_turns(&rig, 1);
    }
    assert_int_equal(call->done, 1);
    return call->err;
}

static bool is_valid(EVP_PKEY *key, const uint8_t digest[32], const uint8_t signature[64])
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    ECDSA_SIG_set0(sig, BN_bin2bn(signature, 32, NULL), BN_bin2bn(signature + 32, 32, NULL));
    unsigned char *der = NULL;
    int len = i2d_ECDSA_SIG(sig, &der);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    bool is_good =
        EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_verify(ctx, der, (size_t)len, digest, 32) == 1;
    EVP_PKEY_CTX_free(ctx);
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    return is_good;
}

static void operations_are_served_one_at_a_time_in_order(void **state)
{
    (void)state;
    call_t calls[5];
    order = 0;
    for (size_t i = 0; i < 5; i++) {
        prepare(&calls[i], i == 2 ? LP_KEY_OP_RANDOM : LP_KEY_OP_SIGN,
                i == 3 ? "file:id" : "atca:0");
        assert_int_equal(lp_keystore_start(&rig.keys, &calls[i].op), LP_OK);
        assert_int_equal(lp_keystore_start(&rig.keys, &calls[i].op), LP_E_INVALID);
    }
    assert_int_equal(lp_keystore_set_chip(&rig.keys, NULL), LP_E_BUSY);
    rig_turns(&rig, 200);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(calls[i].done, i + 1);
        assert_int_equal(calls[i].err, i == 3 ? LP_E_NOT_FOUND : LP_OK);
    }
    assert_int_equal(rig.chip.max_at_once, 1);
}

static void operation_may_be_started_again_from_its_own_done(void **state)
{
    (void)state;
    call_t call;
    order = 0;
    prepare(&call, LP_KEY_OP_PUBLIC, "atca:0");
    call.then = &call.op;
    assert_int_equal(lp_keystore_start(&rig.keys, &call.op), LP_OK);
    rig_turns(&rig, 100);
    assert_int_equal(order, 2);
    assert_int_equal(rig.chip.count[LP_KEY_OP_PUBLIC], 2);
}

static void chip_signs_what_openssl_verifies(void **state)
{
    (void)state;
    call_t call;
    uint8_t digest[32];
    memset(digest, 0x3C, sizeof digest);
    prepare(&call, LP_KEY_OP_SIGN, "atca:0");
    memcpy(call.op.in, digest, sizeof digest);
    assert_int_equal(run(&call), LP_OK);
    assert_true(is_valid(rig.chip.identity, digest, call.op.out));
}

static void failed_operation_leaves_nothing_in_out(void **state)
{
    (void)state;
    call_t call;
    static const uint8_t zeros[64];
    prepare(&call, LP_KEY_OP_SIGN, "atca:0");
    rig.chip.fail_done[LP_KEY_OP_SIGN] = LP_E_CHIP_EXEC;
    assert_int_equal(run(&call), LP_E_CHIP_EXEC);
    assert_memory_equal(call.op.out, zeros, sizeof zeros);
    rig.chip.fail_done[LP_KEY_OP_SIGN] = LP_OK;
    rig.chip.fail_start[LP_KEY_OP_SIGN] = LP_E_UNSUPPORTED;
    assert_int_equal(run(&call), LP_E_UNSUPPORTED);
}

static void key_of_a_missing_chip_is_never_replaced_by_another(void **state)
{
    (void)state;
    call_t call;
    rig.has_file_key = true;
    assert_int_equal(lp_keystore_set_chip(&rig.keys, NULL), LP_OK);
    assert_false(lp_keystore_has_chip(&rig.keys));
    prepare(&call, LP_KEY_OP_SIGN, "atca:0");
    assert_int_equal(run(&call), LP_E_CHIP_MISSING);
}

static void changes_are_counted_when_a_key_may_be_another(void **state)
{
    (void)state;
    call_t call;
    uint32_t before = rig.keys.changes;
    prepare(&call, LP_KEY_OP_PUBLIC, "atca:0");
    assert_int_equal(run(&call), LP_OK);
    assert_int_equal(rig.keys.changes, before);
    prepare(&call, LP_KEY_OP_GENERATE, "atca:0");
    assert_int_equal(run(&call), LP_OK);
    assert_int_not_equal(rig.keys.changes, before);
}

static void software_key_is_made_and_used(void **state)
{
    (void)state;
    call_t call;
    uint8_t pub[64];
    uint8_t digest[32];
    memset(digest, 0x11, sizeof digest);
    prepare(&call, LP_KEY_OP_GENERATE, "file:id");
    assert_int_equal(run(&call), LP_OK);
    assert_true(rig.has_file_key);
    memcpy(pub, call.op.out, 64);
    EVP_PKEY *key = pki_key_from_bytes(rig.file_key);
    uint8_t expected[64];
    pki_public(key, expected);
    assert_memory_equal(pub, expected, 64);
    prepare(&call, LP_KEY_OP_PUBLIC, "file:id");
    assert_int_equal(run(&call), LP_OK);
    assert_memory_equal(call.op.out, expected, 64);
    prepare(&call, LP_KEY_OP_SIGN, "file:id");
    memcpy(call.op.in, digest, 32);
    assert_int_equal(run(&call), LP_OK);
    assert_true(is_valid(key, digest, call.op.out));
    EVP_PKEY_free(key);
}

static void software_keys_made_twice_differ(void **state)
{
    (void)state;
    call_t call;
    uint8_t first[32];
    prepare(&call, LP_KEY_OP_GENERATE, "file:id");
    assert_int_equal(run(&call), LP_OK);
    memcpy(first, rig.file_key, 32);
    assert_int_equal(run(&call), LP_OK);
    assert_memory_not_equal(first, rig.file_key, 32);
}

static void software_key_that_cannot_be_stored_replaces_nothing(void **state)
{
    (void)state;
    call_t call;
    memset(rig.file_key, 7, 32);
    rig.has_file_key = true;
    prepare(&call, LP_KEY_OP_GENERATE, "file:full"); // the store of the rig has no room for it
    assert_int_equal(run(&call), LP_E_NOSPACE);
    prepare(&call, LP_KEY_OP_GENERATE, "file:id");
    fake_entropy_fails = true;
    assert_int_equal(run(&call), LP_E_IO);
    fake_entropy_fails = false;
    for (size_t i = 0; i < 32; i++) {
        assert_int_equal(rig.file_key[i], 7);
    }
}

static void damaged_software_key_is_told(void **state)
{
    (void)state;
    call_t call;
    prepare(&call, LP_KEY_OP_SIGN, "file:id");
    assert_int_equal(run(&call), LP_E_NOT_FOUND);
    rig.has_file_key = true;
    memset(rig.file_key, 0, 32);
    assert_int_equal(run(&call), LP_E_FORMAT);
    memset(rig.file_key, 0xFF, 32); // above the order of the curve
    assert_int_equal(run(&call), LP_E_FORMAT);
}

static void software_store_has_no_chip_operations(void **state)
{
    (void)state;
    static const lp_key_op_kind_t kinds[] = {LP_KEY_OP_RANDOM, LP_KEY_OP_ECDHE_GENERATE,
                                             LP_KEY_OP_ECDHE_AGREE};
    for (size_t i = 0; i < 3; i++) {
        call_t call;
        prepare(&call, kinds[i], "file:id");
        assert_int_equal(run(&call), LP_E_UNSUPPORTED);
    }
}

static void software_key_leaves_no_trace_in_memory(void **state)
{
    (void)state;
    call_t call;
    prepare(&call, LP_KEY_OP_GENERATE, "file:id");
    assert_int_equal(run(&call), LP_OK);
    assert_false(rig_arena_contains(rig.file_key, 32));
    prepare(&call, LP_KEY_OP_SIGN, "file:id");
    assert_int_equal(run(&call), LP_OK);
    assert_false(rig_arena_contains(rig.file_key, 32));
    assert_false(rig_arena_contains(rig.file_key, 16));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_ids_are_read_strictly),
        T(operations_are_served_one_at_a_time_in_order),
        T(operation_may_be_started_again_from_its_own_done),
        T(chip_signs_what_openssl_verifies),
        T(failed_operation_leaves_nothing_in_out),
        T(key_of_a_missing_chip_is_never_replaced_by_another),
        T(changes_are_counted_when_a_key_may_be_another),
        T(software_key_is_made_and_used),
        T(software_keys_made_twice_differ),
        T(software_key_that_cannot_be_stored_replaces_nothing),
        T(damaged_software_key_is_told),
        T(software_store_has_no_chip_operations),
        T(software_key_leaves_no_trace_in_memory),
    };
    return cmocka_run_group_tests_name("keystore", tests, rig_pki_make, rig_pki_drop);
}
