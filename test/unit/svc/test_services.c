// SPDX-License-Identifier: Apache-2.0
// Sys, Config, Chip and Identity as a tool sees them, on emulated chips in virtual time.
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cert.h"
#include "device.h"
#include "limpet/base64.h"
#include "limpet/crc.h"
#include "limpet/der.h"
#include "limpet/hex.h"
#include "limpet/log.h"
#include "limpet/sha256.h"
#include "limpet/tls.h"

static device_t dev;
static world_t *world;
static lp_keyfile_io_t key_io;
static lp_keyfile_t keyfile;
static _Alignas(16) uint8_t tls_arena[96 * 1024];
static _Alignas(16) uint8_t tls_stack[192 * 1024];

static void start(bool has_bus)
{
    lp_keyflash_init(&key_io, &dev.store);
    lp_keyfile_init(&keyfile, &world->loop, &key_io);
    device_start(&dev, world, has_bus, &keyfile.prov);
}

static int setup_model(lp_chipsim_model_t model)
{
    world = device_world(model);
    start(true);
    const lp_tls_setup_t tls = {.loop = &world->loop,
                                .keys = &dev.keys,
                                .arena = tls_arena,
                                .arena_bytes = sizeof tls_arena,
                                .stack = tls_stack,
                                .stack_bytes = sizeof tls_stack};
    return lp_tls_init(&tls); // software keys need its random generator
}

static int setup(void **state)
{
    (void)state;
    return setup_model(LP_CHIPSIM_ATECC508A);
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(lp_tls_deinit(), LP_OK);
    world_free(world);
    return 0;
}

// -- helpers

static const char *call(const char *method, const char *params)
{
    return device_call(&dev, method, params);
}

static const char *serial(void)
{
    static char text[32];
    const char *found = device_get(call("Chip.Info", "{}"), "serial");
    snprintf(text, sizeof text, "%.*s", (int)strlen(found) - 2, found + 1);
    return text;
}

// Calls with "confirm" set to the chip's serial number.
static const char *call_confirmed(const char *method, const char *more)
{
    char params[256];
    const char *confirm = serial();
    snprintf(params, sizeof params, "{\"confirm\":\"%s\"%s%s}", confirm, more[0] ? "," : "", more);
    return call(method, params);
}

static const char *lock_config(void)
{
    char crc[8];
    char more[64];
    const char *found = device_get(call_confirmed("Chip.Configure", ""), "crc");
    snprintf(crc, sizeof crc, "%.4s", found + 1);
    snprintf(more, sizeof more, "\"zone\":\"config\",\"crc\":\"%s\"", crc);
    return call_confirmed("Chip.Lock", more);
}

static void provision(void)
{
    assert_result(lock_config(), "is_locked", "true");
    assert_result(call_confirmed("Chip.Lock", "\"zone\":\"data\""), "is_locked", "true");
}

// -- RPC, Sys, Config

static void list_describes_every_method_of_the_table(void **state)
{
    (void)state;
    static const char *const all[] = {
        "RPC.List",   "RPC.Ping",      "RPC.Describe",    "Sys.GetInfo",
        "Sys.Reboot", "Config.Get",    "Config.Set",      "Config.Save",
        "Chip.Scan",  "Chip.Info",     "Chip.Configure",  "Chip.Lock",
        "Chip.Bind",  "Identity.Info", "Identity.GenKey", "Identity.Csr"};
    char list[2048];
    snprintf(list, sizeof list, "%s", call("RPC.List", "{}"));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char params[64];
        char quoted[64];
        snprintf(quoted, sizeof quoted, "\"%s\"", all[i]);
        assert_non_null(strstr(list, quoted));
        snprintf(params, sizeof params, "{\"name\":\"%s\"}", all[i]);
        const char *level = device_get(call("RPC.Describe", params), "level");
        assert_true(level[0] == '"');
    }
    assert_rpc_error(call("RPC.Describe", "{\"name\":\"x\"}"), "LP_E_NOT_FOUND");
    assert_rpc_error(call("RPC.Describe", "{}"), "LP_E_INVALID");
    assert_result(call("RPC.Ping", "{}"), "", "{}");
}

static void info_tells_boots_and_time(void **state)
{
    (void)state;
    fake_clock_advance_ms(5000);
    char answer[1024];
    snprintf(answer, sizeof answer, "%s", call("Sys.GetInfo", "{}"));
    assert_result(answer, "id", "\"lp-4f21c0\"");
    assert_result(answer, "utc_s", "null");
    assert_result(answer, "boot.count", "1");
    assert_result(answer, "uptime_s", "5");
    fake_clock_set_utc_s(1700000000);
    assert_result(call("Sys.GetInfo", "{}"), "utc_s", "1700000000");
    start(true);
    assert_result(call("Sys.GetInfo", "{}"), "boot.count", "2");
}

static jmp_buf after_reboot;

static void jump_away(void)
{
    longjmp(after_reboot, 1);
}

static void reboot_answers_first_and_waits(void **state)
{
    (void)state;
    fake_on_reboot = jump_away;
    assert_rpc_error(call("Sys.Reboot", "{\"delay_ms\":-1}"), "LP_E_RANGE");
    assert_rpc_error(call("Sys.Reboot", "{\"delay_ms\":\"x\"}"), "LP_E_RANGE");
    device_run(&dev, 2000);
    assert_int_equal(fake_reboots, 0);
    assert_result(call("Sys.Reboot", "{\"delay_ms\":1000}"), "", "{}");
    if (setjmp(after_reboot) == 0) {
        device_run(&dev, 900);
        assert_int_equal(fake_reboots, 0);
        device_run(&dev, 400);
        fail_msg("it did not reboot");
    }
    assert_int_equal(fake_reboots, 1);
}

static void config_round_trip_and_errors(void **state)
{
    (void)state;
    assert_result(call("Config.Get", "{\"key\":\"cloud.keep_alive_s\"}"), "", "60");
    assert_result(call("Config.Get", "{\"key\":\"cloud\"}"), "client_id", "\"lp-4f21c0\"");
    assert_rpc_error(call("Config.Get", "{\"key\":\"cloud.x\"}"), "LP_E_NOT_FOUND");
    assert_rpc_error(call("Config.Get", "{\"key\":7}"), "LP_E_INVALID");
    assert_rpc_error(call("Config.Set", "{}"), "LP_E_INVALID");
    assert_rpc_error(call("Config.Set", "{\"config\":{\"device\":{\"id\":\"x\"}}}"), "LP_E_DENIED");
    assert_int_equal(dev.config_changes, 0);
    assert_result(call("Config.Set", "{\"config\":{\"cloud\":{\"server\":\"h.example:1\"}}}"), "",
                  "{}");
    assert_int_equal(dev.config_changes, 1);
    assert_rpc_error(call("Config.Save", "{\"reboot\":1}"), "LP_E_INVALID");
    assert_result(call("Config.Save", "{}"), "", "{}");
    start(true);
    assert_result(call("Config.Get", "{\"key\":\"cloud.server\"}"), "", "\"h.example:1\"");
}

static void config_save_on_broken_flash_says_so(void **state)
{
    (void)state;
    assert_result(call("Config.Set", "{\"config\":{\"cloud\":{\"enable\":true}}}"), "", "{}");
    fake_flash_cut_at(1, 5);
    assert_rpc_error(call("Config.Save", "{}"), "LP_E_IO");
}

static void settings_refuse_what_cannot_work(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\"cloud\":{\"server\":\"https://x\"}",
        "\"cloud\":{\"server\":\"x:0\"}",
        "\"cloud\":{\"server\":\"x:65536\"}",
        "\"cloud\":{\"server\":\"x:\"}",
        "\"cloud\":{\"server\":\":1\"}",
        "\"cloud\":{\"server\":\"[::1\"}",
        "\"cloud\":{\"server\":\"a b\"}",
        "\"cloud\":{\"server\":\"x:1:2\"}",
        "\"cloud\":{\"thing\":\"a/b\"}",
        "\"cloud\":{\"client_id\":\"a+\"}",
        "\"cloud\":{\"mqtt_version\":3}",
        "\"cloud\":{\"tls_max\":\"1.1\"}",
        "\"identity\":{\"key\":\"atca:16\"}",
        "\"identity\":{\"key\":\"\"}",
        "\"identity\":{\"key\":\"file:../x\"}",
        "\"identity\":{\"cert\":\"nonsense\"}",
        "\"identity\":{\"ecdhe\":\"maybe\"}",
        "\"log\":{\"level\":\"loud\"}",
        "\"trust\":{\"ca\":\"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n\"}",
        "\"telemetry\":{\"interval_s\":0}",
        "\"i2c\":{\"rate_hz\":1}",
    };
    char params[512];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(params, sizeof params, "{\"config\":{%s}}", bad[i]);
        const char *name = device_error(call("Config.Set", params));
        assert_true(strcmp(name, "LP_E_INVALID") == 0 || strcmp(name, "LP_E_RANGE") == 0);
    }
    static const char *const good[] = {"x", "x:1", "[::1]:8883", "[::1]", "10.0.0.1:65535", ""};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(params, sizeof params, "{\"config\":{\"cloud\":{\"server\":\"%s\"}}}", good[i]);
        assert_result(call("Config.Set", params), "", "{}");
    }
}

// -- Chip

static void scan_names_the_chip_or_none(void **state)
{
    (void)state;
    char answer[2048];
    snprintf(answer, sizeof answer, "%s", call("Chip.Scan", "{}"));
    assert_non_null(strstr(answer, "\"part\":\"ATECC508A\""));
    assert_non_null(strstr(answer, "\"variant\":\"blank\""));
    lp_chipsim_power_off(world->sim);
    assert_result(call("Chip.Scan", "{}"), "chips", "[]");
    assert_rpc_error(call("Chip.Info", "{}"), "LP_E_CHIP_MISSING");
    assert_true(fake_log_contains("the crypto chip is gone"));
    lp_chipsim_power_on(world->sim);
    assert_result(call("Chip.Info", "{}"), "part", "\"ATECC508A\"");
    start(false);
    assert_result(call("Chip.Scan", "{}"), "tried", "[]");
    assert_rpc_error(call("Chip.Info", "{}"), "LP_E_CHIP_MISSING");
}

static void chip_is_changed_only_with_its_serial(void **state)
{
    (void)state;
    static const char *const bad[] = {"{}", "{\"confirm\":\"\"}", "{\"confirm\":\"yes\"}",
                                      "{\"confirm\":true}", "{\"confirm\":\"0123456789abcdef01\"}"};
    const lp_chipsim_image_t before = *world_image(world);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_rpc_error(call("Chip.Configure", bad[i]), "LP_E_DENIED");
    }
    assert_rpc_error(call("Chip.Lock", "{\"zone\":\"config\",\"crc\":\"0000\"}"), "LP_E_DENIED");
    assert_rpc_error(call("Chip.Lock", "{\"zone\":\"data\"}"), "LP_E_DENIED");
    assert_rpc_error(call("Identity.GenKey", "{\"key\":\"atca:0\"}"), "LP_E_DENIED");
    assert_memory_equal(world_image(world)->config, before.config, sizeof before.config);
}

static void chip_channel_without_the_level_changes_nothing(void **state)
{
    (void)state;
    dev.channel.max_level = LP_RPC_WRITE;
    char confirm[64];
    snprintf(confirm, sizeof confirm, "{\"confirm\":\"%s\"}", serial());
    assert_rpc_error(call("Chip.Configure", confirm), "LP_E_DENIED");
    assert_rpc_error(call("Identity.GenKey", confirm), "LP_E_DENIED");
    dev.channel.max_level = LP_RPC_READ;
    assert_rpc_error(call("Config.Save", "{}"), "LP_E_DENIED");
}

static void lock_needs_the_plan_and_its_crc(void **state)
{
    (void)state;
    assert_rpc_error(call_confirmed("Chip.Lock", "\"zone\":\"both\""), "LP_E_INVALID");
    assert_rpc_error(call_confirmed("Chip.Lock", "\"zone\":\"config\""), "LP_E_INVALID");
    assert_rpc_error(call_confirmed("Chip.Lock", "\"zone\":\"config\",\"crc\":\"12345\""),
                     "LP_E_INVALID");
    assert_rpc_error(call_confirmed("Chip.Lock", "\"zone\":\"config\",\"crc\":\"1234\""),
                     "LP_E_STATE"); // not configured
    assert_rpc_error(call_confirmed("Chip.Lock", "\"zone\":\"data\""), "LP_E_STATE");
    assert_result(call_confirmed("Chip.Configure", ""), "is_equal", "true");
    assert_rpc_error(call_confirmed("Chip.Lock", "\"zone\":\"config\",\"crc\":\"1234\""),
                     "LP_E_CRC");
    assert_rpc_error(call_confirmed("Chip.Lock", "\"zone\":\"config\",\"crc\":4660"), "LP_E_CRC");
    assert_int_not_equal(world_image(world)->config[87], 0); // nothing is locked
    assert_result(lock_config(), "zone", "\"config\"");
    assert_int_equal(world_image(world)->config[87], 0);
    assert_result(call("Chip.Info", "{}"), "plan.state", "\"match\"");
    assert_result(lock_config(), "is_locked", "true"); // again: nothing to do
    assert_result(call_confirmed("Chip.Lock", "\"zone\":\"data\""), "is_locked", "true");
    assert_int_equal(world_image(world)->config[86], 0);
    assert_result(call_confirmed("Chip.Lock", "\"zone\":\"data\""), "is_locked", "true");
}

static void chip_locked_with_something_else_is_refused(void **state)
{
    (void)state;
    lp_chipsim_image_t image = *world_image(world);
    image.config[87] = 0; // locked as it came
    lp_chipsim_bus_detach(world->bus, world->sim);
    lp_chipsim_free(world->sim);
    const lp_chipsim_options_t opt = world_options(world, LP_CHIPSIM_ATECC508A);
    assert_int_equal(lp_chipsim_from_image(&world->sim, &opt, &image), LP_OK);
    assert_int_equal(lp_chipsim_bus_attach(world->bus, world->sim), LP_OK);
    char answer[8192];
    snprintf(answer, sizeof answer, "%s", call("Chip.Info", "{}"));
    assert_result(answer, "plan.state", "\"differs\"");
    assert_result(answer, "variant", "\"foreign\"");
    assert_non_null(strstr(answer, "slot 0:"));
    assert_rpc_error(call_confirmed("Chip.Configure", ""), "LP_E_STATE");
    assert_rpc_error(call_confirmed("Chip.Lock", "\"zone\":\"data\""), "LP_E_STATE");
    assert_int_not_equal(world_image(world)->config[86], 0);
}

static void two_jobs_do_not_meet_on_the_chip(void **state)
{
    (void)state;
    fake_stream_feed_str(&dev.line, "{\"id\":1,\"method\":\"Chip.Scan\"}\n"
                                    "{\"id\":2,\"method\":\"Identity.Info\"}\n"
                                    "{\"id\":3,\"method\":\"Chip.Info\"}\n");
    device_run(&dev, 5000);
    const char *all = fake_stream_take(&dev.line);
    assert_non_null(strstr(all, "\"id\":1,\"result\""));
    assert_non_null(strstr(all, "\"id\":2,\"result\""));
    assert_non_null(strstr(all, "\"id\":3,\"error\":{\"code\":-7,")); // busy, not lost
}

static void chip_that_vanishes_at_any_transfer_is_survived(void **state)
{
    (void)state;
    static const char *const methods[] = {"Chip.Scan", "Chip.Info", "Chip.Configure",
                                          "Identity.Info"};
    for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
        for (unsigned at = 0; at < 60; at += m == 2 ? 3 : 1) {
            char confirm[64];
            snprintf(confirm, sizeof confirm, "{\"confirm\":\"%s\"}", serial());
            world->vanish_at = world->transfers + at;
            const char *answer = call(methods[m], confirm);
            assert_true(strlen(answer) > 0); // answered, whatever it is
            world->vanish_at = UINT_MAX;
            lp_chipsim_power_on(world->sim);
            device_run(&dev, 2000);
            assert_result(call("Chip.Info", "{}"), "part", "\"ATECC508A\"");
        }
    }
}

// -- Identity

static bool hex_to_bytes(const char *hex, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1) {
            return false;
        }
        out[i] = (uint8_t)byte;
    }
    return true;
}

// Checks the request's signature with OpenSSL; `pub` receives the key it is for.
static void check_csr(const char *answer, uint8_t pub[64])
{
    static uint8_t pem[2048];
    static uint8_t der[1024];
    lp_buf_t text = lp_buf(pem, sizeof pem);
    lp_buf_t out = lp_buf(der, sizeof der);
    lp_json_t csr;
    assert_int_equal(lp_json_parse(lp_span_str(device_get(answer, "csr")), &csr), LP_OK);
    assert_int_equal(lp_json_str(csr, &text), LP_OK);
    lp_span_t rest = lp_buf_span(&text);
    assert_int_equal(lp_pem_decode(&rest, "CERTIFICATE REQUEST", &out), LP_OK);
    lp_span_t in = lp_buf_span(&out);
    lp_der_t seq, info, sig;
    assert_int_equal(lp_der_expect(&in, LP_DER_SEQUENCE, &seq), LP_OK);
    in = seq.value;
    assert_int_equal(lp_der_expect(&in, LP_DER_SEQUENCE, &info), LP_OK);
    assert_int_equal(lp_der_expect(&in, LP_DER_SEQUENCE, NULL), LP_OK);
    assert_int_equal(lp_der_bits(&in, &sig.value), LP_OK);
    uint8_t raw[64];
    uint8_t digest[32];
    assert_int_equal(lp_ecdsa_from_der(sig.value, raw), LP_OK);
    lp_sha256(info.whole, digest);
    assert_true(world_verify(pub, digest, raw));
}

static void identity_of_a_chip_from_blank_to_csr(void **state)
{
    (void)state;
    assert_result(call("Identity.Info", "{}"), "exists", "false");
    assert_rpc_error(call("Identity.Csr", "{}"), "LP_E_CHIP_EXEC");
    provision();
    uint8_t pub[64];
    assert_true(lp_chipsim_public_key(world_image(world), 0, pub));
    char answer[4096];
    snprintf(answer, sizeof answer, "%s", call("Identity.Info", "{}"));
    assert_result(answer, "source", "\"chip\"");
    uint8_t told[64];
    assert_true(hex_to_bytes(device_get(answer, "public_key") + 1, told, sizeof told));
    assert_memory_equal(told, pub, sizeof pub);
    snprintf(answer, sizeof answer, "%s", call_confirmed("Identity.GenKey", "\"key\":\"atca:0\""));
    assert_true(hex_to_bytes(device_get(answer, "public_key") + 1, told, sizeof told));
    assert_memory_equal(told, pub, sizeof pub); // slot 0 keeps its key
    snprintf(answer, sizeof answer, "%s", call("Identity.Csr", "{\"cn\":\"lp-4f21c0\"}"));
    check_csr(answer, pub);
    assert_rpc_error(call("Identity.Csr", "{\"cn\":\"\"}"), "LP_E_INVALID");
    assert_rpc_error(call("Identity.Csr", "{\"cn\":7}"), "LP_E_INVALID");
    assert_rpc_error(call("Identity.Csr", "{\"key\":\"x\"}"), "LP_E_INVALID");
}

static void identity_with_certificate_is_not_replaced_by_accident(void **state)
{
    (void)state;
    provision();
    assert_result(call("Config.Set", "{\"config\":{\"identity\":{\"cert\":\"" CERT_JSON "\"}}}"),
                  "", "{}");
    char answer[2048];
    snprintf(answer, sizeof answer, "%s", call("Identity.Info", "{}"));
    assert_result(answer, "cert_id", "\"" CERT_ID "\"");
    assert_result(answer, "is_match", "false");
    assert_rpc_error(call_confirmed("Identity.GenKey", ""), "LP_E_EXISTS");
    assert_rpc_error(call_confirmed("Identity.GenKey", "\"replace\":3"), "LP_E_INVALID");
    assert_result(call_confirmed("Identity.GenKey", "\"replace\":true"), "key", "\"atca:0\"");
}

static bool flash_has(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i + len <= 65536; i++) {
        if (memcmp(fake_flash_bytes() + i, bytes, len) == 0) {
            return true;
        }
    }
    return false;
}

static void identity_in_flash_is_kept_and_replaced_without_a_trace(void **state)
{
    (void)state;
    assert_result(call("Config.Set", "{\"config\":{\"identity\":{\"key\":\"file:k\"}}}"), "", "{}");
    assert_result(call("Identity.Info", "{}"), "source", "\"none\"");
    char first[2048];
    snprintf(first, sizeof first, "%s", call("Identity.GenKey", "{}"));
    assert_result(first, "is_new", "true");
    assert_true(fake_log_contains("making a software key"));
    uint8_t secret[32];
    assert_int_equal(key_io.load(key_io.ctx, "k", secret), LP_OK);
    assert_true(flash_has(secret, sizeof secret));
    char second[2048];
    snprintf(second, sizeof second, "%s", call("Identity.GenKey", "{}"));
    assert_result(second, "is_new", "false"); // run again: the same key
    char key[256];
    snprintf(key, sizeof key, "%s", device_get(first, "public_key"));
    assert_result(second, "public_key", key);
    uint8_t pub[64];
    assert_true(hex_to_bytes(key + 1, pub, sizeof pub));
    snprintf(second, sizeof second, "%s", call("Identity.Csr", "{}"));
    check_csr(second, pub);
    assert_result(call("Identity.GenKey", "{\"replace\":true}"), "is_new", "true");
    assert_false(flash_has(secret, sizeof secret)); // the old one is gone from the flash
    assert_string_not_equal(device_get(call("Identity.Info", "{}"), "public_key"), key);
}

// Each cut leaves the old key or the new one, whole, and the settings as they were.
static void power_cut_while_a_key_is_replaced_leaves_one_of_them(void **state)
{
    (void)state;
    for (unsigned cut = 1;; cut++) {
        teardown(NULL);
        setup(NULL);
        assert_result(call("Identity.GenKey", "{\"key\":\"file:k\"}"), "is_new", "true");
        assert_result(call("Config.Set", "{\"config\":{\"cloud\":{\"server\":\"kept\"}}}"), "",
                      "{}");
        assert_result(call("Config.Save", "{}"), "", "{}");
        uint8_t old[32], now[32];
        assert_int_equal(key_io.load(key_io.ctx, "k", old), LP_OK);
        fake_flash_cut_at(cut, cut * 31);
        char answer[1024];
        snprintf(answer, sizeof answer, "%s",
                 call("Identity.GenKey", "{\"key\":\"file:k\",\"replace\":true}"));
        const bool was_cut = fake_flash_is_cut();
        assert_int_equal(was_cut, device_error(answer)[0] != '\0');
        fake_flash_power_on();
        start(true);
        assert_int_equal(key_io.load(key_io.ctx, "k", now), LP_OK);
        char expected[32];
        snprintf(expected, sizeof expected, "%s",
                 device_get(call("Identity.Info", "{\"key\":\"file:k\"}"), "exists"));
        assert_string_equal(expected, "true"); // it is a key
        assert_result(call("Config.Get", "{\"key\":\"cloud.server\"}"), "", "\"kept\"");
        if (!was_cut) {
            assert_memory_not_equal(old, now, sizeof old);
            assert_true(cut > 5);
            return;
        }
    }
}

// -- the document

static char doc[65536];

static bool doc_has(const char *text)
{
    return strstr(doc, text) != NULL;
}

static void document_names_every_method_level_and_setting(void **state)
{
    (void)state;
    FILE *f = fopen(RPC_DOC, "r");
    assert_non_null(f);
    size_t len = fread(doc, 1, sizeof doc - 1, f);
    fclose(f);
    f = fopen(SETTINGS_DOC, "r");
    assert_non_null(f);
    len += fread(doc + len, 1, sizeof doc - 1 - len, f);
    doc[len] = '\0';
    assert_true(len < sizeof doc - 1);
    fclose(f);
    char list[2048];
    snprintf(list, sizeof list, "%s", device_get(call("RPC.List", "{}"), ""));
    unsigned count = 0;
    for (char *name = strtok(list, "[\","); name != NULL; name = strtok(NULL, "[\",]")) {
        char params[64], level[16], row[96];
        snprintf(params, sizeof params, "{\"name\":\"%s\"}", name);
        snprintf(level, sizeof level, "%s", device_get(call("RPC.Describe", params), "level"));
        snprintf(row, sizeof row, "| %s | %.*s |", name, (int)strlen(level) - 2, level + 1);
        if (!doc_has(row)) {
            fail_msg("docs/rpc.md has no row %s", row);
        }
        count++;
    }
    assert_int_equal(count, 27); // Cloud.* is not part of this device
    for (size_t i = 0; i < LP_SETTINGS_COUNT; i++) {
        char key[64];
        snprintf(key, sizeof key, "| `%s` |", lp_settings[i].key);
        if (!doc_has(key)) {
            fail_msg("docs/settings.md does not explain %s", lp_settings[i].key);
        }
    }
}

// The bytes of a member that is base64, whose CRC-32 the answer has as well.
static size_t bytes_of(const char *answer, const char *name, uint8_t *bytes, size_t cap)
{
    char text[256];
    char crc[16];
    lp_buf_t out = lp_buf(bytes, cap);
    snprintf(text, sizeof text, "%s", device_get(answer, name));
    assert_int_equal(lp_base64_decode(&out, lp_span(text + 1, strlen(text) - 2)), LP_OK);
    snprintf(crc, sizeof crc, "%u", (unsigned)lp_crc32(0, lp_buf_span(&out)));
    assert_result(answer, "crc32", crc);
    return out.len;
}

static void atca_methods_tell_what_the_others_tell(void **state)
{
    (void)state;
    uint8_t bytes[128];
    uint8_t key[64];
    char hex[256];
    provision();
    assert_int_equal(bytes_of(call("ATCA.GetConfig", "{}"), "config", bytes, sizeof bytes), 128);
    assert_int_equal(bytes[0], 0x01);  // every serial number begins like this
    assert_int_equal(bytes[87], 0x00); // locked: configuration
    assert_int_equal(bytes_of(call("ATCA.GetPubKey", "{\"slot\":0}"), "pubkey", key, sizeof key),
                     64);
    lp_buf_t out = lp_buf(hex, sizeof hex);
    assert_int_equal(lp_hex_encode(&out, lp_span(key, sizeof key)), LP_OK);
    assert_memory_equal(device_get(call("Identity.Info", "{}"), "public_key") + 1, hex, 128);
    assert_rpc_error(call("ATCA.GetPubKey", "{}"), "LP_E_INVALID");
    assert_rpc_error(call("ATCA.GetPubKey", "{\"slot\":16}"), "LP_E_INVALID");
    assert_rpc_error(call("ATCA.GetPubKey", "{\"slot\":-1}"), "LP_E_INVALID");
    assert_string_not_equal(device_error(call("ATCA.GetPubKey", "{\"slot\":9}")), ""); // data
    start(false);
    assert_rpc_error(call("ATCA.GetConfig", "{}"), "LP_E_CHIP_MISSING");
    assert_rpc_error(call("ATCA.GetPubKey", "{\"slot\":0}"), "LP_E_CHIP_MISSING");
}

// What a chip signs or enciphers is never a caller's choice.
static void atca_methods_sign_nothing(void **state)
{
    (void)state;
    assert_rpc_error(call("ATCA.Sign", "{}"), "LP_E_NOT_FOUND");
    assert_rpc_error(call("ATCA.AES", "{}"), "LP_E_NOT_FOUND");
}

static void set_debug_counts_at_once_and_refuses_nonsense(void **state)
{
    (void)state;
    assert_string_equal(device_error(call("Sys.SetDebug", "{\"level\":\"error,chip=debug\"}")), "");
    assert_false(lp_log_is_on(LP_LOG_INFO, "sys"));
    assert_true(lp_log_is_on(LP_LOG_DEBUG, "chip"));
    assert_string_equal(device_error(call("Sys.SetDebug", "{\"level\":3}")), "");
    assert_true(lp_log_is_on(LP_LOG_DEBUG, "sys"));
    static const char *const bad[] = {"{}", "{\"level\":5}", "{\"level\":\"loud\"}",
                                      "{\"level\":true}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_rpc_error(call("Sys.SetDebug", bad[i]), "LP_E_INVALID");
    }
    assert_string_equal(device_error(call("Sys.SetDebug", "{\"level\":\"info\"}")), "");
}

static void missing_chip_never_means_another_key(void **state)
{
    (void)state;
    assert_result(call("Identity.GenKey", "{\"key\":\"file:k\"}"), "is_new", "true");
    lp_chipsim_power_off(world->sim);
    char answer[2048];
    snprintf(answer, sizeof answer, "%s", call("Identity.Info", "{}"));
    assert_result(answer, "key", "\"atca:0\"");
    assert_result(answer, "source", "\"none\"");
    assert_rpc_error(call("Identity.Csr", "{}"), "LP_E_CHIP_MISSING");
}

static void ecdhe_wear_is_counted_and_kept(void **state)
{
    (void)state;
    provision();
    (void)serial(); // the chip is looked at
    lp_key_op_t op = {.kind = LP_KEY_OP_ECDHE_GENERATE, .done = world_done, .ctx = world};
    for (unsigned i = 1; i <= 3; i++) {
        const unsigned done = world->done;
        assert_int_equal(lp_keystore_start(&dev.keys, &op), LP_OK);
        while (world->done == done) {
            lp_loop_turn(&world->loop, 100);
        }
        assert_int_equal(world->err, LP_OK);
    }
    assert_result(call("Sys.GetInfo", "{}"), "wear.ecdhe", "3");
    start(true);
    assert_result(call("Sys.GetInfo", "{}"), "wear.ecdhe", "3");
}

static void every_model_is_provisioned(void **state)
{
    (void)state;
    for (int model = 0; model < LP_CHIPSIM_MODELS; model++) {
        teardown(NULL);
        assert_int_equal(setup_model((lp_chipsim_model_t)model), 0);
        provision();
        assert_result(call("Chip.Info", "{}"), "variant", "\"limpet\"");
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(list_describes_every_method_of_the_table),
        T(info_tells_boots_and_time),
        T(reboot_answers_first_and_waits),
        T(config_round_trip_and_errors),
        T(config_save_on_broken_flash_says_so),
        T(settings_refuse_what_cannot_work),
        T(scan_names_the_chip_or_none),
        T(chip_is_changed_only_with_its_serial),
        T(chip_channel_without_the_level_changes_nothing),
        T(lock_needs_the_plan_and_its_crc),
        T(chip_locked_with_something_else_is_refused),
        T(two_jobs_do_not_meet_on_the_chip),
        T(chip_that_vanishes_at_any_transfer_is_survived),
        T(identity_of_a_chip_from_blank_to_csr),
        T(identity_with_certificate_is_not_replaced_by_accident),
        T(identity_in_flash_is_kept_and_replaced_without_a_trace),
        T(power_cut_while_a_key_is_replaced_leaves_one_of_them),
        T(document_names_every_method_level_and_setting),
        T(atca_methods_tell_what_the_others_tell),
        T(atca_methods_sign_nothing),
        T(set_debug_counts_at_once_and_refuses_nonsense),
        T(missing_chip_never_means_another_key),
        T(ecdhe_wear_is_counted_and_kept),
        T(every_model_is_provisioned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
