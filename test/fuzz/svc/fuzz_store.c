// SPDX-License-Identifier: Apache-2.0
// Any bytes as the contents of the flash: as they are when the first byte is even, else as the
// bodies of records (a length byte and that many bytes each) whose checksums are right.
//
// What must hold: opening ends, the settings are all legal afterwards, a value can be stored, and
// it is there after the next start.
#include <stdlib.h>
#include <string.h>

#include "fake/port.h"
#include "limpet/counters.h"
#include "limpet/crc.h"
#include "limpet/endian.h"
#include "limpet/log.h"
#include "limpet/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLASH = 8192, ENTRIES = 12 };

static lp_store_t store;
static lp_store_entry_t entries[ENTRIES];
static lp_config_t config;
static lp_config_value_t values[LP_SETTINGS_COUNT];
static lp_store_item_t items[LP_SETTINGS_COUNT];
static uint8_t arena[LP_SETTINGS_ARENA];

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void open_all(void)
{
    const lp_store_config_t s = {.size_bytes = FLASH, .entries = entries, .max_entries = ENTRIES};
    const lp_config_setup_t c = {.rows = lp_settings,
                                 .count = LP_SETTINGS_COUNT,
                                 .values = values,
                                 .items = items,
                                 .arena = arena,
                                 .arena_bytes = sizeof arena,
                                 .store = &store};
    must(lp_store_open(&store, &s) == LP_OK);
    must(lp_config_init(&config, &c) == LP_OK);
    lp_config_load(&config, NULL);
}

// Everything that was loaded can be set again: it passes its own rules.
static void check_settings(void)
{
    static uint8_t text[65536];
    uint8_t why_text[LP_CONFIG_WHY_MAX];
    lp_buf_t out = lp_buf(text, sizeof text);
    lp_buf_t why = lp_buf(why_text, sizeof why_text);
    lp_json_writer_t w;
    lp_json_t tree;
    lp_json_init(&w, &out);
    must(lp_config_put(&config, "cloud", &w) == LP_OK);
    if (lp_json_done(&w) != LP_OK) {
        return; // a stored string that is not UTF-8 is shown by nobody
    }
    must(lp_json_parse(lp_buf_span(&out), &tree) == LP_OK);
    // {"cloud": tree}
    static uint8_t whole[65600];
    lp_buf_t all = lp_buf(whole, sizeof whole);
    lp_json_init(&w, &all);
    lp_json_put_object(&w);
    lp_json_put_key(&w, "cloud");
    lp_json_put_value(&w, tree);
    lp_json_put_object_end(&w);
    must(lp_json_done(&w) == LP_OK);
    must(lp_json_parse(lp_buf_span(&all), &tree) == LP_OK);
    must(lp_config_set(&config, tree, &why) == LP_OK);
}

// -- flash contents

static size_t put_sealed(uint8_t *at, const char *magic, const uint8_t *fields, size_t len)
{
    memcpy(at, magic, 4);
    memcpy(at + 4, fields, len);
    lp_put_le32(at + 4 + len, lp_crc32(0, lp_span(at, 4 + len)));
    return 8 + len;
}

static void write_records(const uint8_t *data, size_t size)
{
    uint8_t *flash = fake_flash_bytes();
    uint8_t *end = flash + FLASH / 2;
    uint8_t *at = flash + put_sealed(flash, "LPS1", (const uint8_t[]){1, 0, 0, 0}, 4);
    while (size > 0) {
        const size_t len = data[0] < size - 1 ? data[0] : size - 1;
        uint8_t fields[8];
        if ((size_t)(end - at) < 16 + len + 4) {
            return;
        }
        lp_put_le32(fields, (uint32_t)len);
        lp_put_le32(fields + 4, lp_crc32(0, lp_span(data + 1, len)));
        at += put_sealed(at, "LPR1", fields, sizeof fields);
        memcpy(at, data + 1, len);
        at += (len + 3) / 4 * 4;
        data += 1 + len;
        size -= 1 + len;
    }
}

static void fill_flash(const uint8_t *data, size_t size)
{
    fake_flash_reset(
        (lp_flash_geometry_t){.size_bytes = FLASH, .sector_bytes = 1024, .page_bytes = 4});
    if (size > 0 && data[0] % 2 != 0) {
        write_records(data + 1, size - 1);
    } else if (size > 0) {
        memcpy(fake_flash_bytes(), data + 1, size - 1 < FLASH ? size - 1 : FLASH);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lp_counters_t counters;
    (void)lp_log_set_levels("off");
    fake_clock_reset();
    fill_flash(data, size);
    open_all();
    check_settings();
    lp_counters_init(&counters, &store);
    const lp_store_item_t item = {.key = "#test", .value = lp_span("works", 5)};
    const lp_err_t err = lp_store_put(&store, &item, 1);
    must(err == LP_OK || err == LP_E_NOSPACE); // what was found may fill it
    open_all();
    uint8_t value[8];
    lp_buf_t out = lp_buf(value, sizeof value);
    must(err != LP_OK || (lp_store_get(&store, "#test", &out) == LP_OK && out.len == 5 &&
                          memcmp(value, "works", 5) == 0));
    return 0;
}
