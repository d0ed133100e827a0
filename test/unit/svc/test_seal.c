// SPDX-License-Identifier: Apache-2.0
// Sealed files against who has the flash: no plain text in it, of no use with another chip,
// altered, exchanged or put back contents are noticed; and against power cuts of board and chip.
#define _GNU_SOURCE // memmem
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/svc_seal.h"
#include "limpet/tls.h"
#include "seal_rig.h"

static const char secret[] = "the password of the network is 1234567890";

static seal_rig_t rig;
static unsigned done_count;
static lp_err_t done_err;

static void new_board(lp_chipsim_model_t model)
{
    seal_rig_board(&rig, model, true);
    seal_rig_start(&rig);
    seal_rig_start_tls(&rig);
}

static int setup(void **state)
{
    (void)state;
    new_board(LP_CHIPSIM_ATECC508A);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seal_rig_drop(&rig);
    return 0;
}

// The same flash on a board with another chip.
static void change_chip(void)
{
    world_free(rig.world);
    rig.world = world_new(LP_CHIPSIM_ATECC508A);
    assert_int_equal(world_provision(rig.world), LP_OK);
    seal_rig_start(&rig);
}

static void on_done(void *ctx, lp_err_t err)
{
    (void)ctx;
    done_count++;
    done_err = err;
}

// Runs until the one completion of what was started.
static lp_err_t finish(lp_err_t started)
{
    assert_int_equal(started, LP_OK);
    assert_int_equal(done_count, 0); // never from inside the call
    for (int i = 0; done_count == 0 && i < 100; i++) {
        device_run(&rig.dev, 100);
    }
    assert_int_equal(done_count, 1);
    static const uint8_t zeros[32];
    assert_memory_equal(rig.seal.slot_[0], zeros, 32); // the key is forgotten
    assert_memory_equal(rig.seal.made_[0], zeros, 32);
    return done_err;
}

static lp_err_t put(const char *name, const char *text)
{
    done_count = 0;
    return finish(lp_svc_seal_put(&rig.seal, name, lp_span_str(text), on_done, NULL));
}

static char got[256];

static lp_err_t get(const char *name)
{
    lp_buf_t out = lp_buf(got, sizeof got - 1);
    memset(got, 0, sizeof got);
    done_count = 0;
    return finish(lp_svc_seal_get(&rig.seal, name, &out, on_done, NULL));
}

static bool is_on_flash(const void *bytes, size_t len)
{
    return memmem(fake_flash_bytes(), RIG_FLASH_BYTES, bytes, len) != NULL;
}

// What the chip has in the slot of the key.
static const uint8_t *slot_of_the_key(void)
{
    static lp_chipsim_image_t image;
    size_t size = 0;
    image = *world_image(rig.world);
    return lp_chipsim_slot(&image, LP_ATECC_SLOT_APP_SECRET, &size);
}

static void seal_content_comes_back_and_is_not_on_the_flash(void **state)
{
    static const lp_chipsim_model_t models[] = {LP_CHIPSIM_ATECC508A, LP_CHIPSIM_ATECC608B};
    for (size_t m = 0; m < 2; m++) {
        if (m > 0) {
            teardown(state);
            new_board(models[m]);
        }
        assert_int_equal(get("wifi"), LP_E_NOT_FOUND);
        assert_int_equal(put("wifi", secret), LP_OK);
        assert_int_equal(get("wifi"), LP_OK);
        assert_string_equal(got, secret);
        world_power_cycle(rig.world);
        seal_rig_start(&rig);
        assert_int_equal(get("wifi"), LP_OK);
        assert_string_equal(got, secret);
        for (size_t at = 0; at + 8 <= sizeof secret; at++) {
            assert_false(is_on_flash(secret + at, 8));
        }
        uint8_t key[32];
        memcpy(key, slot_of_the_key(), 32);
        assert_false(is_on_flash(key, 16)); // nor is the key
        assert_int_equal(put("empty", ""), LP_OK);
        assert_int_equal(get("empty"), LP_OK);
        assert_string_equal(got, "");
    }
}

// The key crosses the bus encrypted with the bus key as soon as there is one, and stays the same.
static void seal_goes_on_when_the_board_is_bound(void **state)
{
    (void)state;
    static lp_buskey_op_t op;
    assert_int_equal(put("wifi", secret), LP_OK);
    done_count = 0;
    lp_buskey_bind(&op, lp_svc_chip_driver(&rig.dev.chip), &rig.dev.store,
                   lp_svc_chip_id(&rig.dev.chip), on_done, NULL);
    for (int i = 0; done_count == 0 && i < 100; i++) {
        device_run(&rig.dev, 100);
    }
    assert_int_equal(done_err, LP_OK);
    assert_int_equal(op.state, LP_BUSKEY_SEALED);
    assert_int_equal(get("wifi"), LP_OK);
    assert_string_equal(got, secret);
    assert_int_equal(put("more", "x"), LP_OK);
    assert_int_equal(get("more"), LP_OK);
    op.record.stage = LP_BUSKEY_MADE; // as if the binding had not been finished
    assert_int_equal(lp_buskey_save(&rig.dev.store, &op.record), LP_OK);
    assert_int_equal(get("wifi"), LP_E_STATE);
}

static void seal_same_content_is_never_sealed_alike(void **state)
{
    (void)state;
    uint8_t one[200];
    uint8_t two[200];
    size_t len = 0;
    assert_int_equal(put("a", secret), LP_OK);
    assert_int_equal(lp_files_read(&rig.files, LP_FILES_SEALED, "a", 0, one, sizeof one, &len),
                     LP_OK);
    assert_int_equal(put("a", secret), LP_OK);
    assert_int_equal(lp_files_read(&rig.files, LP_FILES_SEALED, "a", 0, two, sizeof two, &len),
                     LP_OK);
    assert_memory_not_equal(one + LP_SEAL_HEAD_BYTES, two + LP_SEAL_HEAD_BYTES, 16);
}

static void seal_another_chip_opens_nothing(void **state)
{
    (void)state;
    assert_int_equal(put("wifi", secret), LP_OK);
    change_chip();
    assert_int_equal(get("wifi"), LP_E_CHIP_OTHER);
    assert_string_equal(got, "");
    assert_int_equal(put("wifi", "mine"), LP_E_CHIP_OTHER); // nor is it written over
    assert_true(fake_log_contains("another chip"));
}

static void seal_missing_chip_is_no_reason_for_another_key(void **state)
{
    (void)state;
    assert_int_equal(put("wifi", secret), LP_OK);
    lp_chipsim_power_off(rig.world->sim);
    assert_int_equal(get("wifi"), LP_E_CHIP_MISSING);
    assert_int_equal(put("wifi", "x"), LP_E_CHIP_MISSING);
    size_t len;
    assert_int_equal(lp_store_len(&rig.dev.store, "key/seal", &len), LP_E_NOT_FOUND);
}

static void seal_each_altered_byte_is_noticed(void **state)
{
    (void)state;
    uint8_t bytes[200];
    size_t len = 0;
    assert_int_equal(put("wifi", secret), LP_OK);
    assert_int_equal(
        lp_files_read(&rig.files, LP_FILES_SEALED, "wifi", 0, bytes, sizeof bytes, &len), LP_OK);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 0x10;
        assert_int_equal(lp_files_put(&rig.files, LP_FILES_SEALED, "wifi", lp_span(bytes, len)),
                         LP_OK);
        assert_int_equal(get("wifi"), LP_E_VERIFY);
        assert_string_equal(got, "");
        bytes[i] ^= 0x10;
    }
    for (size_t cut = 0; cut < len; cut += 7) {
        assert_int_equal(lp_files_put(&rig.files, LP_FILES_SEALED, "wifi", lp_span(bytes, cut)),
                         LP_OK);
        assert_int_equal(get("wifi"), LP_E_VERIFY);
    }
    assert_int_equal(lp_files_put(&rig.files, LP_FILES_SEALED, "wifi", lp_span(bytes, len)), LP_OK);
    assert_int_equal(get("wifi"), LP_OK);
}

static void seal_exchanged_and_older_contents_are_noticed(void **state)
{
    (void)state;
    uint8_t bytes[200];
    size_t len = 0;
    assert_int_equal(put("user", "user"), LP_OK);
    assert_int_equal(put("admin", "admin"), LP_OK);
    assert_int_equal(
        lp_files_read(&rig.files, LP_FILES_SEALED, "user", 0, bytes, sizeof bytes, &len), LP_OK);
    assert_int_equal(lp_files_put(&rig.files, LP_FILES_SEALED, "admin", lp_span(bytes, len)),
                     LP_OK);
    assert_int_equal(get("admin"), LP_E_VERIFY);
    assert_int_equal(put("user", "newer"), LP_OK);
    assert_int_equal(lp_files_put(&rig.files, LP_FILES_SEALED, "user", lp_span(bytes, len)), LP_OK);
    assert_int_equal(get("user"), LP_E_VERIFY);
    assert_true(fake_log_contains("put back to an older content"));
}

static void seal_without_a_chip_is_said(void **state)
{
    (void)state;
    assert_result(
        device_call(&rig.dev, "Config.Set", "{\"config\":{\"identity\":{\"key\":\"file:k\"}}}"), "",
        "{}");
    assert_int_equal(put("wifi", secret), LP_OK);
    assert_true(fake_log_contains("SOFTWARE KEY"));
    assert_int_equal(get("wifi"), LP_OK);
    assert_string_equal(got, secret);
}

static void seal_foreign_content_of_the_slot_is_left_alone(void **state)
{
    (void)state;
    static const uint8_t bus_key[32];
    static const uint8_t num_in[20] = {1, 2, 3};
    uint8_t theirs[32];
    memset(theirs, 0xA5, sizeof theirs);
    static lp_atecc_sealed_t op;
    device_run(&rig.dev, 1000);
    const lp_atecc_id_t *id = lp_svc_chip_id(&rig.dev.chip);
    assert_non_null(id);
    const lp_atecc_secret_t s = {
        .slot = LP_ATECC_SLOT_BUS_KEY, .key = bus_key, .serial = id->serial, .num_in = num_in};
    const lp_atecc_at_t at = {.zone = LP_ATECC_DATA, .slot = LP_ATECC_SLOT_APP_SECRET};
    done_count = 0;
    assert_int_equal(finish(lp_atecc_sealed_write(lp_svc_chip_driver(&rig.dev.chip), &op, &s, at,
                                                  theirs, on_done, NULL)),
                     LP_OK);
    assert_int_equal(put("wifi", secret), LP_E_CHIP_OTHER);
    assert_memory_equal(slot_of_the_key(), theirs, 32);
}

static void seal_put_cut_anywhere_is_old_or_new(void **state)
{
    (void)state;
    assert_int_equal(put("wifi", "old"), LP_OK);
    static uint8_t before[RIG_FLASH_BYTES];
    memcpy(before, fake_flash_bytes(), sizeof before);
    bool was_cut = true;
    for (unsigned n = 1; was_cut; n++) {
        memcpy(fake_flash_bytes(), before, sizeof before);
        seal_rig_start(&rig);
        fake_flash_cut_at(n, n);
        was_cut = put("wifi", "new") != LP_OK;
        seal_rig_start(&rig);
        assert_int_equal(get("wifi"), LP_OK);
        assert_true(strcmp(got, "new") == 0 || (was_cut && strcmp(got, "old") == 0));
        assert_int_equal(put("wifi", "third"), LP_OK);
        assert_int_equal(get("wifi"), LP_OK);
        assert_string_equal(got, "third");
    }
}

// Power of board and chip goes while the key is made, at each transfer on the bus.
static void seal_key_that_is_half_made_is_made_again(void **state)
{
    (void)state;
    bool was_cut = true;
    unsigned n = 1;
    for (; was_cut; n++) {
        teardown(state);
        new_board(LP_CHIPSIM_ATECC508A);
        device_run(&rig.dev, 500);
        rig.world->vanish_at = rig.world->transfers + n;
        was_cut = put("wifi", secret) != LP_OK;
        rig.world->vanish_at = UINT_MAX;
        world_power_cycle(rig.world);
        seal_rig_start(&rig);
        assert_int_equal(put("wifi", secret), LP_OK);
        assert_int_equal(get("wifi"), LP_OK);
        assert_string_equal(got, secret);
    }
    assert_true(n > 20);
}

static void seal_rpc_writes_and_never_reads(void **state)
{
    (void)state;
    const char *answer = device_call(&rig.dev, "Sealed.Put",
                                     "{\"filename\":\"wifi\",\"data\":\"MTIzNDU2Nzg5MA==\"}");
    assert_result(answer, "", "{}");
    assert_int_equal(get("wifi"), LP_OK);
    assert_string_equal(got, "1234567890");
    assert_result(device_call(&rig.dev, "Sealed.List", "{}"), "",
                  "[{\"name\":\"wifi\",\"size\":10}]");
    assert_rpc_error(device_call(&rig.dev, "Sealed.Put", "{\"filename\":\"../x\",\"data\":\"\"}"),
                     "LP_E_INVALID");
    assert_rpc_error(device_call(&rig.dev, "Sealed.Put", "{\"filename\":\"x\",\"data\":\"A\"}"),
                     "LP_E_FORMAT");
    assert_rpc_error(device_call(&rig.dev, "Sealed.Get", "{\"filename\":\"wifi\"}"),
                     "LP_E_NOT_FOUND");
    assert_result(device_call(&rig.dev, "Sealed.Remove", "{\"filename\":\"wifi\"}"), "", "{}");
    assert_rpc_error(device_call(&rig.dev, "Sealed.Remove", "{\"filename\":\"wifi\"}"),
                     "LP_E_NOT_FOUND");
    assert_int_equal(get("wifi"), LP_E_NOT_FOUND);
}

static void seal_limits_are_kept(void **state)
{
    (void)state;
    static uint8_t long_one[LP_SVC_SEAL_PLAIN_MAX + 1];
    lp_buf_t out = lp_buf(got, 3);
    assert_int_equal(
        lp_svc_seal_put(&rig.seal, "x", lp_span(long_one, sizeof long_one), on_done, NULL),
        LP_E_RANGE);
    assert_int_equal(lp_svc_seal_put(&rig.seal, "a/b", lp_span_str("x"), on_done, NULL),
                     LP_E_INVALID);
    assert_int_equal(lp_svc_seal_get(&rig.seal, "01234567890123456789012345678901234567890", &out,
                                     on_done, NULL),
                     LP_E_INVALID);
    done_count = 0;
    assert_int_equal(
        lp_svc_seal_put(&rig.seal, "x", lp_span(long_one, LP_SVC_SEAL_PLAIN_MAX), on_done, NULL),
        LP_OK);
    assert_int_equal(lp_svc_seal_get(&rig.seal, "x", &out, on_done, NULL), LP_E_BUSY);
    assert_int_equal(finish(LP_OK), LP_OK);
    done_count = 0;
    assert_int_equal(finish(lp_svc_seal_get(&rig.seal, "x", &out, on_done, NULL)), LP_E_NOSPACE);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(seal_content_comes_back_and_is_not_on_the_flash, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(seal_goes_on_when_the_board_is_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(seal_same_content_is_never_sealed_alike, setup, teardown),
        cmocka_unit_test_setup_teardown(seal_another_chip_opens_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(seal_missing_chip_is_no_reason_for_another_key, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(seal_each_altered_byte_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(seal_exchanged_and_older_contents_are_noticed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(seal_without_a_chip_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(seal_foreign_content_of_the_slot_is_left_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(seal_put_cut_anywhere_is_old_or_new, setup, teardown),
        cmocka_unit_test_setup_teardown(seal_key_that_is_half_made_is_made_again, setup, teardown),
        cmocka_unit_test_setup_teardown(seal_rpc_writes_and_never_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(seal_limits_are_kept, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
