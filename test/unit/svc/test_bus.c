// SPDX-License-Identifier: Apache-2.0
// The bus key: made, locked, proven at each start; never a board that cannot talk to its chip any
// more, wherever power fails; and who is noticed on the bus.
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "limpet/buskey.h"
#include "limpet/crc.h"
#include "limpet/port/system.h"

static device_t dev;
static world_t *world;

enum { FLASH_BYTES = 65536, KEY_SLOT = LP_ATECC_SLOT_BUS_KEY, KEY_BYTES = 32 };

static void start(void)
{
    device_start(&dev, world, true, NULL);
}

static const char *call(const char *method, const char *params)
{
    return device_call(&dev, method, params);
}

static void confirm(char params[64])
{
    const char *found = device_get(call("Chip.Info", "{}"), "serial");
    snprintf(params, 64, "{\"confirm\":%.20s}", found);
}

static const char *bind(void)
{
    char params[64];
    confirm(params);
    return call("Chip.Bind", params);
}

static const char *bus(void)
{
    return device_get(call("Chip.Info", "{}"), "bus");
}

static void new_board(lp_chipsim_model_t model)
{
    fake_system_reset();
    fake_flash_reset(
        (lp_flash_geometry_t){.size_bytes = FLASH_BYTES, .sector_bytes = 4096, .page_bytes = 4});
    world = world_new(model);
    assert_int_equal(world_identify(world), LP_OK);
    assert_int_equal(world_provision(world), LP_OK);
    start();
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
    world_free(world);
    return 0;
}

// Another chip, as `image` has it, in place of the present one.
static void plug(const lp_chipsim_image_t *image, lp_chipsim_model_t model)
{
    const lp_chipsim_options_t opt = world_options(world, model);
    lp_chipsim_bus_detach(world->bus, world->sim);
    lp_chipsim_free(world->sim);
    assert_int_equal(lp_chipsim_from_image(&world->sim, &opt, image), LP_OK);
    assert_int_equal(lp_chipsim_bus_attach(world->bus, world->sim), LP_OK);
}

static const uint8_t *slot_of(const lp_chipsim_image_t *image)
{
    size_t len = 0;
    return lp_chipsim_slot_const(image, KEY_SLOT, &len);
}

static bool is_locked_in(const lp_chipsim_image_t *image)
{
    return (image->config[88] >> KEY_SLOT & 1) == 0;
}

static bool is_on_flash(const uint8_t *bytes, size_t len)
{
    const uint8_t *flash = fake_flash_bytes();
    for (size_t i = 0; i + len <= FLASH_BYTES; i++) {
        if (memcmp(flash + i, bytes, len) == 0) {
            return true;
        }
    }
    return false;
}

// The identity, which must outlive all of this.
static void assert_chip_works(void)
{
    assert_string_not_equal(device_get(call("Identity.Csr", "{\"cn\":\"x\"}"), "csr"), "");
}

static void bind_is_for_ever_and_proven_at_each_start(void **state)
{
    (void)state;
    for (int model = 0; model < LP_CHIPSIM_MODELS; model++) {
        world_free(world);
        new_board((lp_chipsim_model_t)model);
        assert_string_equal(bus(), "\"clear\"");
        assert_true(fake_log_contains("the bus is in clear"));
        assert_result(call("Chip.Info", "{}"), "can_bind", "true");
        assert_result(bind(), "bus", "\"sealed\"");
        uint8_t key[KEY_BYTES];
        memcpy(key, slot_of(world_image(world)), sizeof key);
        assert_true(is_locked_in(world_image(world)));
        assert_true(is_on_flash(key, sizeof key)); // as docs/threats.md says
        assert_result(call("Chip.Info", "{}"), "can_bind", "false");
        assert_result(call("Chip.Info", "{}"), "plan.state", "\"match\"");
        assert_result(bind(), "bus", "\"sealed\""); // again: the same
        assert_memory_equal(key, slot_of(world_image(world)), sizeof key);
        fake_system_reset();
        start();
        assert_string_equal(bus(), "\"sealed\"");
        assert_true(fake_log_contains("the chip has proven the bus key"));
        assert_result(call("Chip.Scan", "{}"), "bus.name", "\"emulated\"");
        assert_string_equal(bus(), "\"sealed\""); // a new driver, a new proof
        assert_chip_works();
    }
}

static void bind_needs_level_serial_and_a_locked_plan(void **state)
{
    (void)state;
    static const char *const bad[] = {"{}", "{\"confirm\":\"\"}", "{\"confirm\":true}",
                                      "{\"confirm\":\"0123456789abcdef01\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_rpc_error(call("Chip.Bind", bad[i]), "LP_E_DENIED");
    }
    dev.channel.max_level = LP_RPC_WRITE;
    assert_rpc_error(bind(), "LP_E_DENIED");
    assert_false(is_locked_in(world_image(world)));
    world_free(world);
    world = world_new(LP_CHIPSIM_ATECC508A); // as it comes
    start();
    assert_result(call("Chip.Info", "{}"), "can_bind", "true"); // once it is locked
    assert_rpc_error(bind(), "LP_E_STATE");
}

static void no_key_without_entropy(void **state)
{
    (void)state;
    const lp_chipsim_image_t before = *world_image(world);
    fake_entropy_fails = true;
    assert_rpc_error(bind(), "LP_E_IO");
    fake_entropy_fails = false;
    assert_memory_equal(slot_of(&before), slot_of(world_image(world)), KEY_BYTES);
    assert_false(is_locked_in(world_image(world)));
    assert_result(bind(), "bus", "\"sealed\"");
}

// ---- power cuts ---------------------------------------------------------------------------------

typedef struct {
    lp_chipsim_image_t chip;
    uint8_t flash[FLASH_BYTES];
} snapshot_t;

static snapshot_t fresh;

static void take_snapshot(void)
{
    fresh.chip = *world_image(world);
    memcpy(fresh.flash, fake_flash_bytes(), FLASH_BYTES);
}

static void restore(lp_chipsim_model_t model)
{
    memcpy(fake_flash_bytes(), fresh.flash, FLASH_BYTES);
    plug(&fresh.chip, model);
    start();
    (void)bus();
}

// Power is back for board and chip: both work, what is said is true, and once more finishes it.
static void assert_whole_again(void)
{
    fake_flash_power_on();
    world->vanish_at = UINT_MAX;
    const lp_chipsim_faults_t healthy = {0};
    lp_chipsim_bus_faults(world->bus, &healthy);
    lp_chipsim_power_off(world->sim);
    lp_chipsim_power_on(world->sim);
    start();
    const char *now = bus();
    assert_true(strcmp(now, "\"clear\"") == 0 || strcmp(now, "\"sealed\"") == 0);
    assert_true((strcmp(now, "\"sealed\"") == 0) == is_locked_in(world_image(world)));
    assert_chip_works();
    assert_result(bind(), "bus", "\"sealed\"");
    assert_true(is_locked_in(world_image(world)));
    start();
    assert_string_equal(bus(), "\"sealed\"");
}

static void cut_on_the_wires(lp_chipsim_model_t model)
{
    bool is_done = false;
    unsigned n = 0;
    for (; !is_done; n++) {
        restore(model);
        char params[64];
        confirm(params);
        world->vanish_at = world->transfers + n;
        is_done = device_error(call("Chip.Bind", params))[0] == '\0';
        assert_whole_again();
    }
    print_message("%s: power off before each of %u transfers\n", lp_chipsim_model_name(model), n);
    assert_true(n > 10);
}

static void cut_in_the_chip(lp_chipsim_model_t model)
{
    bool is_done = false;
    uint32_t n = 1;
    for (; !is_done; n++) {
        restore(model);
        char params[64];
        confirm(params);
        const lp_chipsim_faults_t cut = {.cut_after_words = n};
        lp_chipsim_bus_faults(world->bus, &cut);
        is_done = device_error(call("Chip.Bind", params))[0] == '\0';
        assert_whole_again();
    }
    print_message("%s: power off before each of %u words\n", lp_chipsim_model_name(model), n);
    assert_true(n > 5);
}

static void cut_in_the_flash(lp_chipsim_model_t model)
{
    for (uint32_t seed = 0; seed < 4; seed++) {
        bool is_done = false;
        unsigned n = 1;
        for (; !is_done; n++) {
            restore(model);
            char params[64];
            confirm(params);
            fake_flash_cut_at(n, seed);
            is_done = device_error(call("Chip.Bind", params))[0] == '\0';
            assert_whole_again();
        }
        assert_true(n > 2);
    }
}

static void power_may_fail_anywhere(void **state)
{
    (void)state;
    static const lp_chipsim_model_t models[] = {LP_CHIPSIM_ATECC508A, LP_CHIPSIM_ATECC608B};
    for (size_t i = 0; i < 2; i++) {
        world_free(world);
        new_board(models[i]);
        take_snapshot();
        cut_on_the_wires(models[i]);
        cut_in_the_chip(models[i]);
        cut_in_the_flash(models[i]);
    }
}

// ---- chips and flashes that do not belong together ----------------------------------------------

static void another_chip_is_noticed_and_can_be_bound(void **state)
{
    (void)state;
    assert_result(bind(), "bus", "\"sealed\"");
    uint8_t old_key[KEY_BYTES];
    memcpy(old_key, slot_of(world_image(world)), sizeof old_key);
    lp_chipsim_image_t other = *world_image(world);
    other.config[2] ^= 0x5A;            // another serial number
    other.config[88] |= 1u << KEY_SLOT; // that was never bound
    plug(&other, LP_CHIPSIM_ATECC508A);
    start();
    assert_string_equal(bus(), "\"broken\"");
    assert_true(fake_log_contains("is another chip's"));
    assert_chip_works();
    assert_result(bind(), "bus", "\"sealed\"");
    assert_memory_not_equal(old_key, slot_of(world_image(world)), sizeof old_key);
    assert_false(is_on_flash(old_key, sizeof old_key)); // the other chip may still have it
}

static void stolen_chip_on_another_board_stays_shut(void **state)
{
    (void)state;
    assert_result(bind(), "bus", "\"sealed\"");
    const lp_chipsim_image_t before = *world_image(world);
    memset(fake_flash_bytes(), 0xFF, FLASH_BYTES); // the thief's board
    start();
    assert_string_equal(bus(), "\"broken\"");
    assert_true(fake_log_contains("does not know"));
    assert_result(call("Chip.Info", "{}"), "can_bind", "false");
    assert_rpc_error(bind(), "LP_E_EXISTS");
    assert_memory_equal(slot_of(&before), slot_of(world_image(world)), KEY_BYTES);
    assert_int_equal(lp_keystore_seal(&dev.keys), LP_KEY_SEAL_BROKEN);
    // As docs/slot-plan.md says of limpet-1: it signs all the same, until it is revoked.
    assert_chip_works();
}

static void copied_flash_with_another_bound_chip_is_noticed(void **state)
{
    (void)state;
    assert_result(bind(), "bus", "\"sealed\"");
    lp_chipsim_image_t other = *world_image(world);
    other.config[2] ^= 0x5A;
    plug(&other, LP_CHIPSIM_ATECC508A); // locked, with a key: even with the very same one
    start();
    assert_string_equal(bus(), "\"broken\"");
    assert_rpc_error(bind(), "LP_E_EXISTS");
}

// A chip that says it is the bound one, and does not have its key.
static void chip_with_the_right_serial_and_another_key_is_noticed(void **state)
{
    (void)state;
    assert_result(bind(), "bus", "\"sealed\"");
    uint8_t other_key[KEY_BYTES];
    memcpy(other_key, slot_of(world_image(world)), sizeof other_key);
    other_key[7] ^= 1;
    for (int is_open = 0; is_open < 2; is_open++) {
        lp_chipsim_image_t copy = *world_image(world);
        world_set_data(&copy, KEY_SLOT, other_key, sizeof other_key);
        if (is_open == 1) {
            copy.config[88] |= 1u << KEY_SLOT; // it even says that it was never bound
        }
        plug(&copy, LP_CHIPSIM_ATECC508A);
        fake_system_reset();
        start();
        assert_string_equal(bus(), "\"broken\"");
        assert_true(fake_log_contains("does not know the bus key it should"));
    }
}

// ---- a liar between board and chip --------------------------------------------------------------

typedef struct {
    uint8_t at; // configuration byte to change in what is read
    uint8_t mask;
    bool breaks_proofs;  // MACs are changed
    bool breaks_randoms; // and random numbers
    uint8_t command[3];  // opcode, param1, param2 of the last command
} liar_t;

static void seal_packet(lp_buf_t *bytes)
{
    const size_t end = bytes->ptr[0] - 2u;
    const uint16_t crc = lp_crc16_8005(0, lp_span(bytes->ptr, end));
    bytes->ptr[end] = (uint8_t)crc;
    bytes->ptr[end + 1] = (uint8_t)(crc >> 8);
}

static bool overhear(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    liar_t *liar = ctx;
    (void)addr;
    if (bytes->len > 6 && bytes->ptr[0] == 3) {
        memcpy(liar->command, bytes->ptr + 2, sizeof liar->command);
    }
    return true;
}

static bool lie(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    enum { READ = 0x02, MAC = 0x08, RANDOM = 0x1B };
    const liar_t *liar = ctx;
    (void)addr;
    const bool is_data = bytes->len >= 7 && bytes->ptr[0] == bytes->len && bytes->len != 4;
    const size_t first = (size_t)liar->command[2] * 4;
    const size_t count = is_data ? bytes->len - 3u : 0;
    if (is_data && ((liar->breaks_proofs && liar->command[0] == MAC) ||
                    (liar->breaks_randoms && liar->command[0] == RANDOM))) {
        bytes->ptr[9] ^= 0xFF;
        seal_packet(bytes);
    }
    if (liar->mask != 0 && liar->command[0] == READ && (liar->command[1] & 3) == 0 &&
        liar->at >= first && liar->at < first + count) {
        bytes->ptr[1 + liar->at - first] ^= liar->mask;
        seal_packet(bytes);
    }
    return true;
}

// Either side alone makes it another key; a chip whose generator lies does not decide it.
static void key_is_made_of_both_sides_random_numbers(void **state)
{
    (void)state;
    uint8_t keys[3][KEY_BYTES];
    for (int i = 0; i < 3; i++) {
        uint8_t some[4];
        world_free(world);
        new_board(LP_CHIPSIM_ATECC508A); // chip and board begin with the same numbers as before
        if (i == 1) {
            assert_int_equal(lp_port_entropy(some, sizeof some), LP_OK);
        }
        liar_t liar = {.breaks_randoms = i == 2};
        const lp_chipsim_tap_t tap = {.to_chip = overhear, .from_chip = lie, .ctx = &liar};
        lp_chipsim_bus_tap(world->bus, &tap);
        assert_result(bind(), "bus", "\"sealed\"");
        memcpy(keys[i], slot_of(world_image(world)), KEY_BYTES);
    }
    assert_memory_not_equal(keys[0], keys[1], KEY_BYTES);
    assert_memory_not_equal(keys[0], keys[2], KEY_BYTES);
}

static void nobody_on_the_bus_talks_a_board_back_into_clear(void **state)
{
    (void)state;
    static const struct {
        uint8_t at;
        uint8_t mask;
        bool breaks_proofs;
    } lies[] = {
        {0, 0, true},
        {88, 1u << KEY_SLOT, true},  // the slot was never locked
        {86, 0x55, true},            // the data zone was never locked
        {87, 0x55, true},            // nor the configuration
        {20, 0xFF, true},            // it is another plan
        {2, 0x01, false},            // it is another chip
        {88, 1u << KEY_SLOT, false}, // with a proof that passes there is nothing to fear
    };
    assert_result(bind(), "bus", "\"sealed\"");
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        liar_t liar = {
            .at = lies[i].at, .mask = lies[i].mask, .breaks_proofs = lies[i].breaks_proofs};
        const lp_chipsim_tap_t tap = {.to_chip = overhear, .from_chip = lie, .ctx = &liar};
        lp_chipsim_bus_tap(world->bus, &tap);
        start();
        const char *now = bus();
        assert_string_not_equal(now, "\"clear\"");
        if (i == 6) {
            assert_string_equal(now, "\"sealed\"");
        }
    }
    lp_chipsim_bus_tap(world->bus, NULL);
    start();
    assert_string_equal(bus(), "\"sealed\"");
}

// A chip that cannot be asked just then is used, in software, and asked again.
static void flash_and_wires_in_trouble_do_not_mean_clear(void **state)
{
    (void)state;
    assert_result(bind(), "bus", "\"sealed\"");
    fake_entropy_fails = true;
    start();
    assert_string_equal(bus(), "\"broken\"");
    assert_true(fake_log_contains("cannot be told"));
    fake_entropy_fails = false;
    assert_string_equal(bus(), "\"sealed\"");
}

static void damaged_record_is_no_key(void **state)
{
    (void)state;
    uint8_t bytes[64] = {1, 2};
    lp_buskey_t record;
    for (size_t len = 0; len <= sizeof bytes; len++) {
        const lp_store_item_t item = {.key = "bus/key", .value = lp_span(bytes, len)};
        assert_int_equal(lp_store_put(&dev.store, &item, 1), LP_OK);
        assert_int_equal(lp_buskey_load(&dev.store, &record),
                         len == LP_BUSKEY_RECORD_BYTES ? LP_OK : LP_E_FORMAT);
    }
    static const uint8_t bad[][2] = {{0, 1}, {2, 1}, {1, 0}, {1, 3}, {255, 255}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memcpy(bytes, bad[i], 2);
        const lp_store_item_t item = {.key = "bus/key",
                                      .value = lp_span(bytes, LP_BUSKEY_RECORD_BYTES)};
        assert_int_equal(lp_store_put(&dev.store, &item, 1), LP_OK);
        assert_int_equal(lp_buskey_load(&dev.store, &record), LP_E_FORMAT);
        start();
        assert_string_equal(bus(), "\"clear\""); // the chip has none either
    }
    assert_result(bind(), "bus", "\"sealed\"");
    assert_int_equal(lp_buskey_load(&dev.store, &record), LP_OK);
    assert_int_equal(record.stage, LP_BUSKEY_BOUND);
}

static void states_have_names(void **state)
{
    (void)state;
    for (int i = LP_BUSKEY_NONE; i <= LP_BUSKEY_REFUTED; i++) {
        const char *name = lp_buskey_state_name((lp_buskey_state_t)i);
        assert_string_not_equal(name, "unknown");
        for (int k = LP_BUSKEY_NONE; k < i; k++) {
            assert_string_not_equal(name, lp_buskey_state_name((lp_buskey_state_t)k));
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bind_is_for_ever_and_proven_at_each_start),
        TEST(key_is_made_of_both_sides_random_numbers),
        TEST(bind_needs_level_serial_and_a_locked_plan),
        TEST(no_key_without_entropy),
        TEST(power_may_fail_anywhere),
        TEST(another_chip_is_noticed_and_can_be_bound),
        TEST(stolen_chip_on_another_board_stays_shut),
        TEST(copied_flash_with_another_bound_chip_is_noticed),
        TEST(chip_with_the_right_serial_and_another_key_is_noticed),
        TEST(nobody_on_the_bus_talks_a_board_back_into_clear),
        TEST(flash_and_wires_in_trouble_do_not_mean_clear),
        TEST(damaged_record_is_no_key),
        TEST(states_have_names),
    };
    return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
