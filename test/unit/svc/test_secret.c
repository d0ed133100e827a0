// SPDX-License-Identifier: Apache-2.0
// Secret settings against who has the flash: sealed as soon as the chip can, at every power cut
// readable by this board and by no other, not exchangeable.
#define _GNU_SOURCE // memmem
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/settings_wifi.h"
#include "limpet/svc_secret.h"
#include "limpet/tls.h"
#include "seal_rig.h"

static const char password[] = "correct horse battery";
#define SET "{\"wifi\":{\"sta\":{\"ssid\":\"home\",\"pass\":\"correct horse battery\"}}}"

static seal_rig_t rig;
static lp_svc_secret_t secrets;
static lp_config_t config;
static lp_config_value_t values[LP_SETTINGS_WIFI_COUNT];
static lp_store_item_t items[LP_SETTINGS_WIFI_COUNT];
static uint8_t arena[1024];
static unsigned opened;
static lp_err_t open_err;
static char got[LP_SECRET_TEXT_MAX];

static void start(void)
{
    seal_rig_start(&rig);
    const lp_config_setup_t c = {.rows = lp_settings_wifi,
                                 .count = LP_SETTINGS_WIFI_COUNT,
                                 .values = values,
                                 .items = items,
                                 .arena = arena,
                                 .arena_bytes = sizeof arena,
                                 .store = &rig.dev.store};
    assert_int_equal(lp_config_init(&config, &c), LP_OK);
    lp_config_load(&config, NULL);
    lp_svc_secret_init(&secrets, rig.dev.loop, &config, &rig.dev.store, lp_settings_wifi,
                       LP_SETTINGS_WIFI_COUNT);
    lp_svc_secret_use(&secrets, &rig.seal);
}

static void new_world(bool is_provisioned)
{
    seal_rig_board(&rig, LP_CHIPSIM_ATECC508A, is_provisioned);
    start();
    seal_rig_start_tls(&rig);
}

static int setup(void **state)
{
    (void)state;
    new_world(true);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seal_rig_drop(&rig);
    return 0;
}

static void set(const char *json)
{
    uint8_t text[LP_CONFIG_WHY_MAX];
    lp_buf_t why = lp_buf(text, sizeof text);
    lp_json_t tree;
    assert_int_equal(lp_json_parse(lp_span_str(json), &tree), LP_OK);
    assert_int_equal(lp_config_set(&config, tree, &why), LP_OK);
    lp_svc_secret_poke(&secrets);
}

static void on_open(void *ctx, lp_err_t err, const char *secret)
{
    (void)ctx;
    opened++;
    open_err = err;
    snprintf(got, sizeof got, "%s", secret);
}

static lp_err_t open_key(const char *key)
{
    opened = 0;
    lp_err_t err = lp_svc_secret_open(&secrets, key, on_open, NULL);
    assert_int_equal(err, LP_OK);
    assert_int_equal(opened, 0); // never from inside the call
    for (int i = 0; opened == 0 && i < 200; i++) {
        device_run(&rig.dev, 100);
    }
    assert_int_equal(opened, 1);
    return open_err;
}

static const char *stored(const char *key)
{
    return lp_config_str(&config, key);
}

static bool is_on_flash(const char *text)
{
    return memmem(fake_flash_bytes(), RIG_FLASH_BYTES, text, strlen(text)) != NULL;
}

static void secret_is_sealed_in_memory_and_flash(void **state)
{
    (void)state;
    set(SET);
    assert_int_equal(lp_config_save(&config), LP_OK); // before it could be sealed
    assert_true(is_on_flash(password));
    device_run(&rig.dev, 5000);
    assert_true(lp_secret_is_sealed(lp_span_str(stored("wifi.sta.pass"))));
    for (size_t at = 0; at + 8 <= sizeof password - 1; at++) {
        char part[9];
        snprintf(part, sizeof part, "%.8s", password + at);
        assert_false(is_on_flash(part));
        assert_null(memmem(arena, sizeof arena, part, 8));
        assert_null(memmem(&secrets, sizeof secrets, part, 8));
        assert_null(memmem(&rig.seal, sizeof rig.seal, part, 8));
    }
    assert_int_equal(open_key("wifi.sta.pass"), LP_OK);
    assert_string_equal(got, password);
    assert_null(memmem(&secrets, sizeof secrets, password, 8)); // it is kept nowhere
    world_power_cycle(rig.world);
    start();
    assert_int_equal(open_key("wifi.sta.pass"), LP_OK);
    assert_string_equal(got, password);
}

static void what_was_not_saved_is_not_saved_by_sealing(void **state)
{
    (void)state;
    set(SET);
    device_run(&rig.dev, 5000);
    assert_true(lp_secret_is_sealed(lp_span_str(stored("wifi.sta.pass"))));
    assert_false(config.is_saved);
    start();
    assert_string_equal(stored("wifi.sta.ssid"), "");
}

static void one_that_changes_meanwhile_is_sealed_itself(void **state)
{
    (void)state;
    set(SET);
    device_run(&rig.dev, 1); // the chip works on it
    set("{\"wifi\":{\"sta\":{\"pass\":\"another password\"}}}");
    device_run(&rig.dev, 5000);
    assert_int_equal(open_key("wifi.sta.pass"), LP_OK);
    assert_string_equal(got, "another password");
    assert_true(lp_secret_is_sealed(lp_span_str(stored("wifi.sta.pass"))));
}

static void another_chip_does_not_open_it(void **state)
{
    (void)state;
    set(SET);
    assert_int_equal(lp_config_save(&config), LP_OK);
    device_run(&rig.dev, 5000);
    world_free(rig.world);
    rig.world = world_new(LP_CHIPSIM_ATECC508A);
    assert_int_equal(world_provision(rig.world), LP_OK);
    start();
    assert_int_not_equal(open_key("wifi.sta.pass"), LP_OK);
    assert_string_equal(got, "");
}

static void exchanged_and_altered_ones_do_not_open(void **state)
{
    (void)state;
    char json[600];
    char value[LP_SECRET_TEXT_MAX];
    set(SET);
    device_run(&rig.dev, 5000);
    snprintf(value, sizeof value, "%s", stored("wifi.sta.pass"));
    snprintf(json, sizeof json, "{\"wifi\":{\"sta1\":{\"pass\":\"\\u0001%s\"}}}", value + 1);
    set(json);
    assert_int_equal(open_key("wifi.sta1.pass"), LP_E_VERIFY);
    for (size_t at = 1; value[at] != '\0' && value[at] != '='; at += 7) {
        const char was = value[at];
        value[at] = was == 'A' ? 'B' : 'A';
        snprintf(json, sizeof json, "{\"wifi\":{\"sta\":{\"pass\":\"\\u0001%s\"}}}", value + 1);
        set(json);
        assert_int_equal(open_key("wifi.sta.pass"), LP_E_VERIFY);
        assert_string_equal(got, "");
        value[at] = was;
    }
}

// A board that is not set up yet works, says so once, and mends it as soon as it can.
static void without_a_chip_that_is_set_up_it_stays_in_clear(void **state)
{
    (void)teardown(state);
    new_world(false);
    set(SET);
    assert_int_equal(lp_config_save(&config), LP_OK);
    device_run(&rig.dev, 120000);
    assert_string_equal(stored("wifi.sta.pass"), password);
    assert_true(fake_log_contains("stays in clear"));
    assert_int_equal(open_key("wifi.sta.pass"), LP_OK);
    assert_string_equal(got, password);
    assert_int_equal(world_provision(rig.world), LP_OK);
    start();
    device_run(&rig.dev, 5000);
    assert_true(lp_secret_is_sealed(lp_span_str(stored("wifi.sta.pass"))));
    assert_false(is_on_flash(password));
}

// At every flash operation between the clear and the sealed one: the board has its password.
static void power_cuts_lose_nothing(void **state)
{
    (void)state;
    uint8_t image[RIG_FLASH_BYTES];
    set(SET);
    secrets.seal_ = NULL; // later
    assert_int_equal(lp_config_save(&config), LP_OK);
    lp_svc_secret_use(&secrets, &rig.seal);
    device_run(&rig.dev, 5000); // makes the key in the chip
    set(SET);
    secrets.seal_ = NULL;
    assert_int_equal(lp_config_save(&config), LP_OK);
    memcpy(image, fake_flash_bytes(), sizeof image);
    bool was_cut = true;
    for (unsigned n = 1; was_cut && n < 200; n++) {
        memcpy(fake_flash_bytes(), image, sizeof image);
        start();
        fake_flash_cut_at(n, n * 77);
        device_run(&rig.dev, 5000);
        was_cut = fake_flash_is_cut();
        start();
        assert_int_equal(open_key("wifi.sta.pass"), LP_OK);
        assert_string_equal(got, password);
        device_run(&rig.dev, 5000);
        assert_true(lp_secret_is_sealed(lp_span_str(stored("wifi.sta.pass"))));
    }
    assert_false(was_cut);
    assert_false(is_on_flash(password));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(secret_is_sealed_in_memory_and_flash),
        CASE(what_was_not_saved_is_not_saved_by_sealing),
        CASE(one_that_changes_meanwhile_is_sealed_itself),
        CASE(another_chip_does_not_open_it),
        CASE(exchanged_and_altered_ones_do_not_open),
        CASE(without_a_chip_that_is_set_up_it_stays_in_clear),
        CASE(power_cuts_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
