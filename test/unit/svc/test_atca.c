// SPDX-License-Identifier: Apache-2.0
// ATCA.SetConfig, LockZone, SetKey and GenKey on emulated chips: the factory's way with Limpet's
// plan and with another one, and everything that must not happen.
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cert.h"
#include "device.h"
#include "limpet/base64.h"

enum { AT_SLOTS = 20, AT_KEYS = 96, IMPORT_SLOT = 0, WRITE_SLOT = 4, SECRET_SLOT = 5 };

static device_t dev;
static world_t *world;
static char answer[2048];

static int setup_model(lp_chipsim_model_t model)
{
    world = device_world(model);
    device_start(&dev, world, true, NULL);
    return 0;
}

static int setup_508(void **state)
{
    (void)state;
    return setup_model(LP_CHIPSIM_ATECC508A);
}

static int setup_608(void **state)
{
    (void)state;
    return setup_model(LP_CHIPSIM_ATECC608B);
}

static int teardown(void **state)
{
    (void)state;
    world_free(world);
    return 0;
}

// -- helpers

static const char *call(const char *method, const char *params)
{
    snprintf(answer, sizeof answer, "%s", device_call(&dev, method, params));
    return answer;
}

static const char *b64(const void *bytes, size_t len)
{
    static char text[256];
    lp_buf_t out = lp_buf(text, sizeof text - 1);
    assert_int_equal(lp_base64_encode(&out, lp_span(bytes, len)), LP_OK);
    text[out.len] = '\0';
    return text;
}

static const lp_chipsim_image_t *image(void)
{
    return world_image(world);
}

// {PARAMS} without a token, and again with the one that came.
static const char *ask_and_do(const char *method, const char *params)
{
    char full[600];
    char token[40];
    const char *found = device_get(call(method, params), "token");
    if (found[0] == '\0') {
        return answer;
    }
    snprintf(token, sizeof token, "%s", found);
    snprintf(full, sizeof full, "{%.*s,\"token\":%s}", (int)strlen(params) - 2, params + 1, token);
    return call(method, full);
}

static void refused(const char *method, const char *params, const char *error)
{
    lp_chipsim_image_t before = *image();
    assert_rpc_error(ask_and_do(method, params), error);
    assert_memory_equal(before.config, image()->config, sizeof before.config);
    assert_memory_equal(before.data, image()->data, sizeof before.data);
}

static const char *config_params(const uint8_t config[128], const char *more)
{
    static char text[400];
    snprintf(text, sizeof text, "{\"config\":\"%s\"%s}", b64(config, 128), more);
    return text;
}

static void limpet_config(uint8_t config[128])
{
    const lp_atecc_plan_t *plan = &lp_atecc_plan_limpet1;
    const bool is_508 = world->model == LP_CHIPSIM_ATECC508A;
    const lp_atecc_plan_byte_t *bytes = is_508 ? plan->bytes_508 : plan->bytes_608;
    const size_t n = is_508 ? plan->bytes_508_len : plan->bytes_608_len;
    memcpy(config, image()->config, 128);
    for (size_t i = 0; i < LP_ATECC_SLOTS; i++) {
        config[AT_SLOTS + 2 * i] = (uint8_t)plan->slots[i].slot_config;
        config[AT_SLOTS + 2 * i + 1] = (uint8_t)(plan->slots[i].slot_config >> 8);
        config[AT_KEYS + 2 * i] = (uint8_t)plan->slots[i].key_config;
        config[AT_KEYS + 2 * i + 1] = (uint8_t)(plan->slots[i].key_config >> 8);
    }
    for (size_t i = 0; i < n; i++) {
        config[bytes[i].offset] = bytes[i].value;
    }
}

static void set_slot(uint8_t config[128], unsigned slot, unsigned slot_config, unsigned key_config)
{
    config[AT_SLOTS + 2 * slot] = (uint8_t)slot_config;
    config[AT_SLOTS + 2 * slot + 1] = (uint8_t)(slot_config >> 8);
    config[AT_KEYS + 2 * slot] = (uint8_t)key_config;
    config[AT_KEYS + 2 * slot + 1] = (uint8_t)(key_config >> 8);
}

// As mos' sample has it: private keys come encrypted with the key in slot 4.
static void other_config(uint8_t config[128])
{
    memcpy(config, image()->config, 128);
    set_slot(config, IMPORT_SLOT, 0x4487, 0x0033);
    set_slot(config, WRITE_SLOT, 0x8F8F, 0x003C);
    set_slot(config, SECRET_SLOT, 0x448F, 0x003C);
    set_slot(config, 7, 0x0F8F, 0x003C);
}

static void lock_limpet(void)
{
    uint8_t config[128];
    limpet_config(config);
    assert_string_equal(device_error(ask_and_do("ATCA.SetConfig", config_params(config, ""))), "");
    assert_result(ask_and_do("ATCA.LockZone", "{\"zone\":\"config\"}"), "is_locked", "true");
}

static void provision_limpet(void)
{
    lock_limpet();
    assert_result(ask_and_do("ATCA.LockZone", "{\"zone\":\"data\"}"), "is_locked", "true");
}

static const uint8_t write_key[32] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0xAA, 0xBB};

static const char *key_params(unsigned slot, const void *key, size_t len, const char *more)
{
    static char text[400];
    snprintf(text, sizeof text, "{\"slot\":%u,\"key\":\"%s\"%s}", slot, b64(key, len), more);
    return text;
}

static const char *write_key_params(const uint8_t key[32], const char *more)
{
    static char text[200];
    snprintf(text, sizeof text, ",\"wkslot\":%d,\"wkey\":\"%s\"%s", WRITE_SLOT, b64(key, 32), more);
    return text;
}

static void lock_other(void)
{
    uint8_t config[128];
    other_config(config);
    assert_string_equal(
        device_error(ask_and_do("ATCA.SetConfig", config_params(config, ",\"other_plan\":true"))),
        "");
    assert_result(ask_and_do("ATCA.LockZone", "{\"zone\":\"config\",\"other_plan\":true}"),
                  "is_locked", "true");
    assert_result(ask_and_do("ATCA.SetKey", key_params(WRITE_SLOT, write_key, 32, "")), "checked",
                  "\"none\"");
}

static void provision_other(void)
{
    lock_other();
    assert_result(ask_and_do("ATCA.LockZone", "{\"zone\":1,\"other_plan\":true}"), "is_locked",
                  "true");
}

static void certify(const char *key)
{
    char params[2048];
    snprintf(params, sizeof params,
             "{\"config\":{\"identity\":{\"key\":\"%s\",\"cert\":\"" CERT_JSON "\"}}}", key);
    assert_string_equal(device_error(call("Config.Set", params)), "");
}

// -- the factory's way

static void limpet_chip_is_made_step_by_step(void **state)
{
    (void)state;
    uint8_t config[128];
    char key[200];
    static const uint8_t secret[32] = {0, 0, 1, 2, 3};
    lock_limpet();
    limpet_config(config);
    assert_memory_equal(image()->config + 16, config + 16, 84 - 16);
    assert_memory_equal(image()->config + 88, config + 88, 128 - 88);
    assert_int_equal(image()->config[87], 0);
    assert_result(ask_and_do("ATCA.GenKey", "{\"slot\":0}"), "is_new", "true");
    snprintf(key, sizeof key, "%s", device_get(answer, "pubkey"));
    refused("ATCA.SetKey", key_params(7, secret, 32, ""), "LP_E_STATE"); // would be filled over
    assert_result(ask_and_do("ATCA.LockZone", "{\"zone\":\"data\"}"), "is_locked", "true");
    assert_int_equal(image()->config[86], 0);
    // The key that was made before the lock is the one that stays.
    assert_result(call("ATCA.GetPubKey", "{\"slot\":0}"), "pubkey", key);
    assert_result(ask_and_do("ATCA.GenKey", "{\"slot\":0}"), "is_new", "false");
    assert_result(answer, "pubkey", key);
    assert_result(ask_and_do("ATCA.GenKey", "{\"slot\":1}"), "is_new", "true");
    assert_result(ask_and_do("ATCA.SetKey", key_params(7, secret, 32, "")), "checked", "\"mac\"");
    size_t len = 0;
    assert_memory_equal(lp_chipsim_slot_const(image(), 7, &len), secret, 32);
    assert_result(ask_and_do("ATCA.LockZone", "{\"zone\":\"slot\",\"slot\":7}"), "is_locked",
                  "true");
    refused("ATCA.SetKey", key_params(7, write_key, 32, ""), "LP_E_STATE");
    assert_result(call("Chip.Info", "{}"), "variant", "\"limpet\"");
}

static void public_key_goes_to_its_slot_and_is_read_back(void **state)
{
    (void)state;
    uint8_t key[64];
    uint8_t padded[72] = {0};
    size_t len = 0;
    provision_limpet();
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)(i + 1);
    }
    memcpy(padded + 4, key, 32);
    memcpy(padded + 40, key + 32, 32);
    assert_result(ask_and_do("ATCA.SetKey", key_params(13, key, 64, "")), "checked", "\"read\"");
    assert_memory_equal(lp_chipsim_slot_const(image(), 13, &len), padded, sizeof padded);
    refused("ATCA.SetKey", key_params(7, key, 64, ""), "LP_E_INVALID");
}

static void other_chip_takes_keys_only_encrypted(void **state)
{
    (void)state;
    static const uint8_t wrong[32] = {1};
    // One key in 256 begins with a zero byte, and must not lose it.
    static const uint8_t key[32] = {0x00, 0x00, 0x13, 0x57, [31] = 0x99};
    uint8_t xy[64];
    size_t len = 0;
    provision_other();
    refused("ATCA.SetKey", key_params(IMPORT_SLOT, key, 32, ",\"ecc\":true"), "LP_E_DENIED");
    refused("ATCA.SetKey", key_params(SECRET_SLOT, key, 32, ""), "LP_E_DENIED");
    refused("ATCA.SetKey",
            key_params(IMPORT_SLOT, key, 32, write_key_params(wrong, ",\"ecc\":true")),
            "LP_E_CHIP_EXEC");
    refused("ATCA.SetKey", key_params(IMPORT_SLOT, key, 32, write_key_params(write_key, "")),
            "LP_E_INVALID");
    refused("ATCA.SetKey", key_params(7, key, 32, write_key_params(write_key, "")), "LP_E_DENIED");
    refused("ATCA.SetKey", key_params(WRITE_SLOT, key, 32, ""), "LP_E_STATE");
    assert_result(
        ask_and_do("ATCA.SetKey",
                   key_params(IMPORT_SLOT, key, 32, write_key_params(write_key, ",\"ecc\":true"))),
        "checked", "\"public\"");
    assert_memory_equal(lp_chipsim_slot_const(image(), IMPORT_SLOT, &len) + 4, key, 32);
    assert_true(lp_chipsim_public_key(image(), IMPORT_SLOT, xy));
    char want[100];
    snprintf(want, sizeof want, "\"%s\"", b64(xy, 64));
    assert_result(answer, "pubkey", want);
    assert_result(ask_and_do("ATCA.SetKey",
                             key_params(SECRET_SLOT, key, 32, write_key_params(write_key, ""))),
                  "checked", "\"mac\"");
    assert_memory_equal(lp_chipsim_slot_const(image(), SECRET_SLOT, &len), key, 32);
}

// -- the token

static void first_call_changes_nothing(void **state)
{
    (void)state;
    uint8_t config[128];
    limpet_config(config);
    const lp_chipsim_image_t before = *image();
    assert_result(call("ATCA.SetConfig", config_params(config, "")), "dry_run", "true");
    assert_int_equal(strlen(device_get(answer, "token")), 34);
    assert_memory_equal(before.config, image()->config, 128);
    refused("ATCA.SetConfig", "{}", "LP_E_INVALID");
    refused("ATCA.SetConfig", "{\"config\":\"AAAA\"}", "LP_E_INVALID");
    refused("ATCA.SetConfig", config_params(config, ",\"crc32\":1"), "LP_E_INVALID");
    refused("ATCA.SetConfig", config_params(config, ",\"token\":\"\""), "LP_E_INVALID");
    refused("ATCA.SetConfig", config_params(config, ",\"token\":7"), "LP_E_INVALID");
    refused("ATCA.LockZone", "{}", "LP_E_INVALID");
    refused("ATCA.LockZone", "{\"zone\":3}", "LP_E_INVALID");
    refused("ATCA.LockZone", "{\"zone\":2}", "LP_E_INVALID");
    refused("ATCA.SetKey", "{\"slot\":16,\"key\":\"\"}", "LP_E_INVALID");
    refused("ATCA.SetKey", "{\"slot\":1,\"key\":\"AAAA\"}", "LP_E_INVALID");
    refused("ATCA.GenKey", "{\"slot\":-1}", "LP_E_INVALID");
}

static const char *with_token(const uint8_t config[128], const char *token)
{
    char more[64];
    snprintf(more, sizeof more, ",\"token\":\"%s\"", token);
    return config_params(config, more);
}

static void token_is_for_this_change_once_and_not_for_long(void **state)
{
    (void)state;
    uint8_t config[128];
    uint8_t changed[128];
    char token[40];
    limpet_config(config);
    memcpy(changed, config, sizeof changed);
    changed[52] ^= 1; // a counter, which the plan leaves alone
    const lp_chipsim_image_t before = *image();
    for (int round = 0; round < 4; round++) {
        const char *found = device_get(call("ATCA.SetConfig", config_params(config, "")), "token");
        snprintf(token, sizeof token, "%.32s", found + 1);
        if (round == 0) { // guessed: the right one does not count afterwards
            assert_rpc_error(
                call("ATCA.SetConfig", with_token(config, "00112233445566778899aabbccddeeff")),
                "LP_E_DENIED");
        } else if (round == 1) { // another configuration
            assert_rpc_error(call("ATCA.SetConfig", with_token(changed, token)), "LP_E_DENIED");
        } else if (round == 2) { // too late
            device_run(&dev, LP_ATCA_TOKEN_MS + 1);
        } else { // a restart
            device_start(&dev, world, true, NULL);
        }
        assert_rpc_error(call("ATCA.SetConfig", with_token(config, token)), "LP_E_DENIED");
        assert_memory_equal(before.config, image()->config, 128);
    }
}

static void token_is_for_the_chip_as_it_was(void **state)
{
    (void)state;
    char params[100];
    char token[40];
    lock_limpet();
    const char *found = device_get(call("ATCA.LockZone", "{\"zone\":\"data\"}"), "token");
    snprintf(token, sizeof token, "%.32s", found + 1);
    snprintf(params, sizeof params, "{\"zone\":\"data\",\"token\":\"%s\"}", token);
    world_free(world); // another chip is put in
    world = world_new(LP_CHIPSIM_ATECC608A);
    device_start(&dev, world, true, NULL);
    assert_string_not_equal(device_error(call("ATCA.LockZone", params)), "");
    assert_int_equal(image()->config[86], 0x55);
    assert_int_equal(image()->config[87], 0x55);
}

// -- what is refused

static bool let_in(void *ctx, lp_rpc_req_t *req, const char *name, lp_json_t frame,
                   lp_rpc_level_t *level)
{
    (void)ctx;
    (void)req;
    (void)name;
    (void)frame;
    *level = LP_RPC_CHIP;
    return true;
}

static void network_may_not_even_as_admin(void **state)
{
    (void)state;
    static const lp_rpc_gate_t gate = {.admit = let_in};
    uint8_t config[128];
    limpet_config(config);
    dev.channel.gate = &gate;
    refused("ATCA.SetConfig", config_params(config, ""), "LP_E_DENIED");
    refused("ATCA.LockZone", "{\"zone\":\"config\"}", "LP_E_DENIED");
    refused("ATCA.GenKey", "{\"slot\":0}", "LP_E_DENIED");
    refused("ATCA.SetKey", key_params(7, config, 32, ""), "LP_E_DENIED");
    dev.channel.gate = NULL;
    dev.channel.is_public = true;
    refused("ATCA.LockZone", "{\"zone\":\"config\"}", "LP_E_DENIED");
}

static void configuration_keeps_what_is_the_chips(void **state)
{
    (void)state;
    static const struct {
        unsigned at;
        const char *error;
    } rows[] = {{0, "LP_E_DENIED"},  {12, "LP_E_DENIED"}, {14, "LP_E_DENIED"}, {16, "LP_E_DENIED"},
                {84, "LP_E_DENIED"}, {87, "LP_E_DENIED"}, {88, "LP_E_DENIED"}, {20, "LP_E_DENIED"}};
    uint8_t config[128];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        limpet_config(config);
        config[rows[i].at] ^= 1;
        refused("ATCA.SetConfig", config_params(config, ""), rows[i].error);
        if (rows[i].at != 20) { // byte 20 is only another plan
            refused("ATCA.SetConfig", config_params(config, ",\"other_plan\":true"), rows[i].error);
        }
    }
    refused("ATCA.LockZone", "{\"zone\":\"config\"}", "LP_E_DENIED"); // the factory's is not ours
    refused("ATCA.LockZone", "{\"zone\":\"data\",\"other_plan\":true}", "LP_E_STATE");
    refused("ATCA.GenKey", "{\"slot\":0}", "LP_E_STATE");
    refused("ATCA.SetKey", key_params(7, config, 32, ""), "LP_E_STATE");
}

static void locked_chip_stays_as_it_is(void **state)
{
    (void)state;
    uint8_t config[128];
    limpet_config(config);
    provision_limpet();
    refused("ATCA.SetConfig", config_params(config, ""), "LP_E_STATE");
    refused("ATCA.LockZone", "{\"zone\":\"config\"}", "LP_E_STATE");
    refused("ATCA.LockZone", "{\"zone\":\"data\"}", "LP_E_STATE");
    static const char *const states[] = {"LP_E_DENIED", "LP_E_DENIED"};
    for (unsigned slot = 0; slot <= LP_ATECC_SLOT_BUS_KEY; slot++) {
        refused("ATCA.SetKey", key_params(slot, write_key, 32, ""), states[0]);
    }
    refused("ATCA.SetKey", key_params(9, write_key, 32, ""), states[1]);
    refused("ATCA.LockZone", "{\"zone\":\"slot\",\"slot\":6}", "LP_E_DENIED");
    refused("ATCA.LockZone", "{\"zone\":\"slot\",\"slot\":9}", "LP_E_DENIED");
    refused("ATCA.LockZone", "{\"zone\":\"slot\",\"slot\":0}", "LP_E_DENIED");
    refused("ATCA.GenKey", "{\"slot\":2}", "LP_E_DENIED");
    refused("ATCA.GenKey", "{\"slot\":8}", "LP_E_INVALID");
}

static void key_with_a_certificate_is_not_replaced(void **state)
{
    (void)state;
    provision_limpet();
    assert_result(ask_and_do("ATCA.GenKey", "{\"slot\":1}"), "is_new", "true");
    certify("atca:1");
    refused("ATCA.GenKey", "{\"slot\":1}", "LP_E_EXISTS");
    certify("atca:0");
    assert_result(ask_and_do("ATCA.GenKey", "{\"slot\":1}"), "is_new", "true");
}

static void imported_key_with_a_certificate_is_not_replaced(void **state)
{
    (void)state;
    provision_other();
    certify("atca:0");
    refused("ATCA.SetKey",
            key_params(0, write_key, 32, write_key_params(write_key, ",\"ecc\":true")),
            "LP_E_EXISTS");
}

static void no_chip_no_change(void **state)
{
    (void)state;
    device_start(&dev, world, false, NULL);
    assert_rpc_error(call("ATCA.GenKey", "{\"slot\":0}"), "LP_E_CHIP_MISSING");
}

// -- a cut at every transfer: what is half done is finished by doing it again, and nothing is
// locked that was not as it should be

static bool is_whole_config(void)
{
    uint8_t config[128];
    limpet_config(config);
    return memcmp(image()->config + 16, config + 16, 84 - 16) == 0 &&
           memcmp(image()->config + 88, config + 88, 128 - 88) == 0;
}

static void chip_cut_at_any_transfer_is_finished_by_the_same_calls(void **state)
{
    uint8_t config[128];
    unsigned cuts = 0;
    for (unsigned at = 1;; at += 3) {
        limpet_config(config);
        char params[400];
        snprintf(params, sizeof params, "%s", config_params(config, ""));
        world->vanish_at = world->transfers + at;
        (void)ask_and_do("ATCA.SetConfig", params);
        (void)ask_and_do("ATCA.LockZone", "{\"zone\":\"config\"}");
        (void)ask_and_do("ATCA.LockZone", "{\"zone\":\"data\"}");
        const bool was_cut = world->transfers > world->vanish_at;
        assert_true(image()->config[87] != 0 || is_whole_config());
        world->vanish_at = UINT_MAX;
        world_power_cycle(world);
        device_start(&dev, world, true, NULL);
        (void)ask_and_do("ATCA.SetConfig", params);
        (void)ask_and_do("ATCA.LockZone", "{\"zone\":\"config\"}");
        (void)ask_and_do("ATCA.LockZone", "{\"zone\":\"data\"}");
        assert_result(call("Chip.Info", "{}"), "plan.state", "\"match\"");
        assert_result(answer, "lock.data", "true");
        assert_result(ask_and_do("ATCA.GenKey", "{\"slot\":0}"), "is_new", "false");
        if (!was_cut) {
            break;
        }
        cuts++;
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup_508(state), 0);
    }
    assert_in_range(cuts, 20, 400);
}

#define T(f, model) cmocka_unit_test_setup_teardown(f, setup_##model, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(limpet_chip_is_made_step_by_step, 508),
        T(limpet_chip_is_made_step_by_step, 608),
        T(public_key_goes_to_its_slot_and_is_read_back, 508),
        T(other_chip_takes_keys_only_encrypted, 508),
        T(other_chip_takes_keys_only_encrypted, 608),
        T(first_call_changes_nothing, 508),
        T(token_is_for_this_change_once_and_not_for_long, 508),
        T(token_is_for_the_chip_as_it_was, 508),
        T(network_may_not_even_as_admin, 508),
        T(configuration_keeps_what_is_the_chips, 508),
        T(configuration_keeps_what_is_the_chips, 608),
        T(locked_chip_stays_as_it_is, 508),
        T(locked_chip_stays_as_it_is, 608),
        T(key_with_a_certificate_is_not_replaced, 508),
        T(imported_key_with_a_certificate_is_not_replaced, 608),
        T(no_chip_no_change, 508),
        T(chip_cut_at_any_transfer_is_finished_by_the_same_calls, 508),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
