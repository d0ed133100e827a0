// SPDX-License-Identifier: Apache-2.0
// The Wi-Fi service on a radio that the test plays: order of tries, what is stored and when,
// moving, the set-up network. In virtual time.
#define _GNU_SOURCE // memmem
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "fake/stream.h"
#include "fake/wifi.h"
#include "limpet/fmt.h"
#include "limpet/port/clock.h"
#include "limpet/settings.h"
#include "limpet/settings_wifi.h"
#include "limpet/svc_wifi.h"

enum { ROWS = LP_SETTINGS_COUNT + LP_SETTINGS_WIFI_COUNT, FLASH = 65536 };

static lp_loop_t loop;
static lp_config_row_t rows[ROWS];
static lp_config_value_t values[ROWS];
static lp_store_item_t items[ROWS];
static uint8_t arena[LP_SETTINGS_ARENA];
static lp_store_entry_t entries[96];
static lp_store_t store;
static lp_config_t config;
static lp_rpc_t rpc;
static lp_svc_secret_t secrets;
static lp_svc_wifi_t wifi;
static unsigned ups, downs, opened, closed;
static char label[LP_SVC_WIFI_SECRET_MAX];

static void on_link(void *ctx, bool is_up)
{
    (void)ctx;
    ups += is_up;
    downs += !is_up;
}

static void on_setup(void *ctx, const char *address, const char *password)
{
    (void)ctx;
    opened += address != NULL;
    closed += address == NULL;
    (void)lp_fmt_str(label, sizeof label, "%s", password);
}

static void start(void)
{
    const lp_store_config_t s = {.size_bytes = FLASH, .entries = entries, .max_entries = 96};
    memcpy(rows, lp_settings, sizeof lp_settings);
    memcpy(rows + LP_SETTINGS_COUNT, lp_settings_wifi, sizeof lp_settings_wifi);
    const lp_config_setup_t c = {.rows = rows,
                                 .count = ROWS,
                                 .values = values,
                                 .items = items,
                                 .arena = arena,
                                 .arena_bytes = sizeof arena,
                                 .store = &store};
    lp_loop_init(&loop);
    assert_int_equal(lp_store_open(&store, &s), LP_OK);
    assert_int_equal(lp_config_init(&config, &c), LP_OK);
    lp_config_set_fallback(&config, "device.id", "lp-4f21c0");
    lp_config_load(&config, NULL);
    lp_rpc_init(&rpc);
    lp_svc_secret_init(&secrets, &loop, &config, &store, lp_settings_wifi, LP_SETTINGS_WIFI_COUNT);
    const lp_svc_wifi_setup_t setup = {.loop = &loop,
                                       .rpc = &rpc,
                                       .config = &config,
                                       .store = &store,
                                       .secrets = &secrets,
                                       .on_link = on_link,
                                       .on_setup = on_setup};
    lp_svc_wifi_init(&wifi, &setup);
}

static int setup(void **state)
{
    (void)state;
    fake_system_reset();
    fake_flash_reset((lp_flash_geometry_t){FLASH, 4096, 4});
    fake_wifi_reset();
    ups = downs = opened = closed = 0;
    return 0;
}

static void set(const char *json)
{
    uint8_t text[LP_CONFIG_WHY_MAX];
    lp_buf_t why = lp_buf(text, sizeof text);
    lp_json_t tree;
    assert_int_equal(lp_json_parse(lp_span_str(json), &tree), LP_OK);
    if (lp_config_set(&config, tree, &why) != LP_OK) {
        fail_msg("%s: %.*s", json, (int)why.len, (const char *)why.ptr);
    }
}

// Time passes, and the radio answers.
static void run(uint32_t ms)
{
    for (const uint64_t end = lp_port_now_ms() + ms; lp_port_now_ms() < end;) {
        lp_loop_turn(&loop, 10);
        (void)(!fake_wifi.is_mute && fake_wifi_answer());
    }
}

static void start_with(const char *json)
{
    start();
    set(json);
    assert_int_equal(lp_config_save(&config), LP_OK);
    start();
}

#define HOME "{\"wifi\":{\"sta\":{\"ssid\":\"home\",\"pass\":\"correct horse\"}}}"
#define TWO                                                                                        \
    "{\"wifi\":{\"sta\":{\"ssid\":\"home\",\"pass\":\"correct "                                    \
    "horse\"},\"sta1\":{\"ssid\":\"office\",\"pass\":\"battery staple\"}}}"

// -- joining

static void joins_and_remembers_where(void **state)
{
    (void)state;
    fake_wifi_add("home", "correct horse", -70);
    fake_wifi_add("home", "correct horse", -40);
    start_with(HOME);
    run(100);
    assert_int_equal(wifi.state, LP_SVC_WIFI_UP);
    assert_int_equal(fake_wifi.channel, 2); // the stronger one
    assert_int_equal(ups, 1);
    const unsigned scans = fake_wifi.scans;
    start(); // the next time without a scan
    run(100);
    assert_int_equal(wifi.state, LP_SVC_WIFI_UP);
    assert_int_equal(fake_wifi.scans, scans);
    assert_int_equal(fake_wifi.channel, 2);
}

static void what_is_remembered_and_gone_is_looked_for(void **state)
{
    (void)state;
    fake_wifi_add("home", "correct horse", -70);
    start_with(HOME);
    run(100);
    fake_wifi.aps[0].seen.bssid[0] = 0x66; // another box
    start();
    run(200);
    assert_int_equal(wifi.state, LP_SVC_WIFI_UP);
    assert_int_equal(fake_wifi.bssid[0], 0x66);
}

static void order_is_as_listed_or_by_signal(void **state)
{
    (void)state;
    fake_wifi_add("home", "correct horse", -70);
    fake_wifi_add("office", "battery staple", -40);
    start_with(TWO);
    run(100);
    assert_string_equal(wifi.ssid, "home");
    set("{\"wifi\":{\"prefer\":\"signal\"}}");
    lp_svc_wifi_poke(&wifi);
    run(100);
    assert_int_equal(fake_wifi.leaves, 1);
    const lp_store_item_t gone = {.key = "wifi.last", .is_removal = true};
    assert_int_equal(lp_store_put(&store, &gone, 1), LP_OK);
    fake_wifi_lose(LP_WIFI_WHY_LEFT, 0);
    run(200);
    assert_string_equal(wifi.ssid, "office");
}

static void falls_back_and_says_why_of_each(void **state)
{
    (void)state;
    fake_wifi_add("home", "changed horse", -40);
    fake_wifi_add("home", "changed horse", -50);
    fake_wifi_add("office", "battery staple", -80);
    start_with(TWO);
    run(200);
    assert_string_equal(wifi.ssid, "office");
    assert_int_equal(wifi.whys[0], LP_WIFI_WHY_PASSWORD);
    assert_int_equal(wifi.whys[1], LP_WIFI_WHY_NONE);
    assert_int_equal(fake_wifi.joins, 2); // a wrong password is tried on one access point
}

// -- a network that leads nowhere

static void fail_tries(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        lp_svc_wifi_reached(&wifi, false);
        run(100);
        if (fake_wifi.leaves > 0 && wifi.state == LP_SVC_WIFI_UP && fake_wifi.is_joined) {
            fake_wifi_lose(LP_WIFI_WHY_LEFT, 0); // what was asked for
            fake_wifi.leaves = 0;
            run(300);
        }
    }
}

static void start_at_home(void)
{
    fake_wifi_add("home", "correct horse", -40);
    fake_wifi_add("office", "battery staple", -60);
    start_with(TWO);
    run(200);
    assert_string_equal(wifi.ssid, "home");
}

static void network_without_a_way_out_is_left(void **state)
{
    (void)state;
    start_at_home();
    fail_tries(LP_SVC_WIFI_UNREACHED_MAX - 1);
    assert_string_equal(wifi.ssid, "home");
    assert_int_equal(wifi.whys[0], LP_WIFI_WHY_NONE);
    fail_tries(1);
    assert_string_equal(wifi.ssid, "office");
    assert_int_equal(wifi.state, LP_SVC_WIFI_UP);
    assert_int_equal(wifi.whys[0], LP_WIFI_WHY_NO_WAY_OUT);
    assert_true(fake_log_contains("leaving \"home\" for another network"));
    lp_svc_wifi_reached(&wifi, true);
    assert_int_equal(wifi.whys[1], LP_WIFI_WHY_NONE);
    assert_int_equal(wifi.last_why, LP_WIFI_WHY_NONE);
}

static void one_success_between_failures_is_enough(void **state)
{
    (void)state;
    start_at_home();
    for (int i = 0; i < 10; i++) {
        fail_tries(LP_SVC_WIFI_UNREACHED_MAX - 1);
        lp_svc_wifi_reached(&wifi, true);
    }
    assert_string_equal(wifi.ssid, "home");
    assert_int_equal(wifi.whys[0], LP_WIFI_WHY_NONE);
}

static void without_another_network_it_is_only_said(void **state)
{
    (void)state;
    fake_wifi_add("home", "correct horse", -40);
    start_with(HOME);
    run(200);
    const unsigned scans = fake_wifi.scans;
    fail_tries(30);
    assert_int_equal(wifi.state, LP_SVC_WIFI_UP);
    assert_int_equal(wifi.whys[0], LP_WIFI_WHY_NO_WAY_OUT);
    assert_int_equal(wifi.last_why, LP_WIFI_WHY_NO_WAY_OUT);
    assert_int_equal(fake_wifi.scans, scans);
    assert_int_equal(downs, 0);
    lp_svc_wifi_reached(&wifi, true);
    assert_int_equal(wifi.whys[0], LP_WIFI_WHY_NONE);
}

// Nor does it leave for one that is not heard, or that calls itself like it and is open.
static void network_is_not_left_for_nothing(void **state)
{
    (void)state;
    fake_wifi_add("home", "correct horse", -40);
    fake_wifi_add("office", "", -30)->seen.security = LP_WIFI_OPEN;
    start_with(TWO);
    run(200);
    fail_tries(20);
    assert_string_equal(wifi.ssid, "home");
    assert_int_equal(downs, 0);
    fake_wifi_add("office", "battery staple", -60);
    fail_tries(LP_SVC_WIFI_UNREACHED_MAX);
    assert_string_equal(wifi.ssid, "office");
}

// The cloud itself is down: once through all networks, and again only after ten minutes.
static void cloud_that_is_down_makes_no_wanderer(void **state)
{
    (void)state;
    start_at_home();
    fail_tries(LP_SVC_WIFI_UNREACHED_MAX);
    assert_string_equal(wifi.ssid, "office");
    fail_tries(LP_SVC_WIFI_UNREACHED_MAX * 10);
    assert_string_equal(wifi.ssid, "office");
    assert_int_equal(wifi.whys[0], LP_WIFI_WHY_NO_WAY_OUT);
    assert_int_equal(wifi.whys[1], LP_WIFI_WHY_NO_WAY_OUT);
    run(600000);
    fail_tries(LP_SVC_WIFI_UNREACHED_MAX);
    assert_string_equal(wifi.ssid, "home");
}

// When the better one goes, the poor one is still a network.
static void it_is_better_than_none(void **state)
{
    (void)state;
    start_at_home();
    fail_tries(LP_SVC_WIFI_UNREACHED_MAX);
    assert_string_equal(wifi.ssid, "office");
    fake_wifi.count = 1; // the office's is switched off
    fake_wifi_lose(LP_WIFI_WHY_SIGNAL, 0);
    run(20000);
    assert_string_equal(wifi.ssid, "home");
    assert_int_equal(wifi.state, LP_SVC_WIFI_UP);
}

// Waits grow, are drawn at random, and end at the maximum.
static void backs_off(void **state)
{
    (void)state;
    start_with(
        "{\"wifi\":{\"sta\":{\"ssid\":\"home\",\"pass\":\"correct horse\"},\"backoff_max_s\":20}}");
    run(600000);
    assert_int_equal(wifi.state, LP_SVC_WIFI_WAITING);
    assert_int_equal(wifi.last_why, LP_WIFI_WHY_NO_AP);
    assert_in_range(fake_wifi.scans, 600 / 20, 600 / 4);
    fake_wifi_add("home", "correct horse", -40);
    run(21000);
    assert_int_equal(wifi.state, LP_SVC_WIFI_UP);
}

static void twins_and_unknown_securities_are_not_joined(void **state)
{
    (void)state;
    fake_wifi_add("home", "", -20);
    fake_wifi_add("home", "x", -20)->seen.security = LP_WIFI_OTHER;
    fake_wifi_add("home", "x", -20)->seen.security = LP_WIFI_WPA3; // this radio cannot
    start_with(HOME);
    run(5000);
    assert_int_equal(fake_wifi.joins, 0);
    assert_int_equal(wifi.last_why, LP_WIFI_WHY_SECURITY);
}

static void a_hidden_network_is_asked_for_by_name(void **state)
{
    (void)state;
    fake_wifi_ap_t *ap = fake_wifi_add("home", "correct horse", -40);
    start_with(HOME);
    fake_wifi.is_mute = true;
    run(100);
    ap->seen.ssid[0] = '\0';
    assert_true(fake_wifi_answer()); // the scan
    memcpy(ap->seen.ssid, "home", 5);
    fake_wifi.is_mute = false;
    run(100);
    assert_false(fake_wifi.had_bssid);
    assert_int_equal(wifi.state, LP_SVC_WIFI_UP);
}

static void a_radio_that_fails_is_tried_again(void **state)
{
    (void)state;
    fake_wifi.is_deaf = true;
    fake_wifi_add("home", "correct horse", -40);
    start_with(HOME);
    run(1000);
    assert_int_equal(wifi.last_why, LP_WIFI_WHY_RADIO);
    fake_wifi.is_deaf = false;
    run(61000);
    assert_int_equal(wifi.state, LP_SVC_WIFI_UP);
}

// -- connected

static void every_loss_brings_it_back(void **state)
{
    (void)state;
    fake_wifi_add("home", "correct horse", -40);
    start_with(HOME);
    run(100);
    for (int why = LP_WIFI_WHY_NO_AP; why <= LP_WIFI_WHY_RADIO; why++) {
        fake_wifi_lose((lp_wifi_why_t)why, 7);
        assert_false(wifi.is_link_up);
        run(200);
        assert_true(wifi.is_link_up);
    }
    assert_int_equal(ups, downs + 1);
}

static void moves_when_weak_and_the_link_stays(void **state)
{
    (void)state;
    fake_wifi_add("home", "correct horse", -60);
    start_with(HOME);
    run(100);
    fake_wifi_add("home", "correct horse", -50);
    run(25000); // strong enough
    assert_int_equal(fake_wifi.joins, 1);
    fake_wifi.rssi_dbm = -80;
    run(12000);
    assert_int_equal(fake_wifi.joins, 2);
    assert_int_equal(wifi.seen.channel, 2);
    assert_int_equal(ups, 1);
    assert_int_equal(downs, 0);
}

static void does_not_move_for_a_little(void **state)
{
    (void)state;
    fake_wifi_add("home", "correct horse", -60);
    start_with(HOME);
    run(100);
    fake_wifi.rssi_dbm = -80;
    fake_wifi_add("home", "correct horse", -74);
    fake_wifi_add("home", "", -20);
    run(60000);
    assert_int_equal(fake_wifi.joins, 1);
}

static void another_address_is_another_link(void **state)
{
    (void)state;
    fake_wifi_add("home", "correct horse", -60);
    start_with(HOME);
    run(100);
    fake_wifi.rssi_dbm = -80;
    fake_wifi_add("home", "correct horse", -50)->address = "10.0.1.7";
    run(12000);
    assert_int_equal(ups, 2);
    assert_int_equal(downs, 1);
}

// -- setting up

static void a_network_is_stored_when_it_has_worked(void **state)
{
    (void)state;
    fake_wifi_add("home", "correct horse", -40);
    start();
    run(100);
    assert_int_equal(opened, 1);
    assert_int_equal(lp_svc_wifi_set_up(&wifi, "home", "correct horse", 0), LP_OK);
    assert_int_equal(lp_svc_wifi_set_up(&wifi, "home", "correct horse", 0), LP_E_BUSY);
    assert_string_equal(lp_config_str(&config, "wifi.sta.ssid"), "");
    run(200);
    assert_int_equal(wifi.candidate.state, LP_SVC_WIFI_STORED);
    assert_string_equal(lp_config_str(&config, "wifi.sta.ssid"), "home");
    assert_true(config.is_saved);
    for (size_t i = 0; i < sizeof wifi.candidate.pass; i++) {
        assert_int_equal(wifi.candidate.pass[i], 0);
    }
    assert_int_equal(closed, 0); // whoever set it up hears of it
    run(6000);
    assert_int_equal(closed, 1);
}

static void a_network_that_does_not_work_changes_nothing(void **state)
{
    (void)state;
    fake_wifi_add("home", "correct horse", -40);
    fake_wifi_add("office", "battery staple", -40);
    start_with(HOME);
    run(100);
    assert_int_equal(lp_svc_wifi_set_up(&wifi, "office", "wrong staple", 0), LP_OK);
    assert_int_equal(fake_wifi.leaves, 1);
    fake_wifi_lose(LP_WIFI_WHY_LEFT, 0);
    run(500);
    assert_int_equal(wifi.candidate.state, LP_SVC_WIFI_FAILED);
    assert_int_equal(wifi.candidate.why, LP_WIFI_WHY_PASSWORD);
    assert_string_equal(wifi.ssid, "home");
    assert_true(wifi.is_link_up);
    assert_string_equal(lp_config_str(&config, "wifi.sta.pass"), "correct horse");
}

// An address that was under way when another network was asked for proves nothing of that one.
static void an_address_of_before_stores_nothing(void **state)
{
    (void)state;
    fake_wifi_add("home", "correct horse", -40);
    start_with(HOME);
    fake_wifi.is_mute = true;
    run(50);
    (void)fake_wifi_answer(); // the scan
    run(50);
    assert_int_equal(wifi.state, LP_SVC_WIFI_JOINING);
    assert_int_equal(lp_svc_wifi_set_up(&wifi, "office", "never tried", 0), LP_OK);
    (void)fake_wifi_answer(); // joined and an address, of "home"
    assert_int_equal(wifi.candidate.state, LP_SVC_WIFI_TRYING);
    assert_string_equal(lp_config_str(&config, "wifi.sta.ssid"), "home");
    fake_wifi_lose(LP_WIFI_WHY_LEFT, 0);
    fake_wifi.is_mute = false;
    run(500);
    assert_int_equal(wifi.candidate.state, LP_SVC_WIFI_FAILED);
    assert_string_equal(wifi.ssid, "home");
}

static void bad_names_and_passwords_are_refused(void **state)
{
    (void)state;
    start();
    assert_int_equal(lp_svc_wifi_set_up(&wifi, "", "correct horse", 0), LP_E_INVALID);
    assert_int_equal(lp_svc_wifi_set_up(&wifi, "home", "short", 0), LP_E_INVALID);
    assert_int_equal(lp_svc_wifi_set_up(&wifi, "home", "correct horse", 3), LP_E_INVALID);
    assert_int_equal(lp_svc_wifi_set_up(&wifi, "a name of thirty-three characters", "", 0),
                     LP_E_INVALID);
    assert_int_equal(lp_svc_wifi_forget(&wifi, ""), LP_E_NOT_FOUND);
    assert_int_equal(lp_svc_wifi_forget(&wifi, "home"), LP_E_NOT_FOUND);
}

static void forgetting_leaves_it_and_the_flash(void **state)
{
    (void)state;
    uint8_t bytes[FLASH];
    fake_wifi_add("home", "correct horse", -40);
    start_with(HOME);
    run(100);
    assert_int_equal(lp_svc_wifi_forget(&wifi, "home"), LP_OK);
    run(100);
    fake_wifi_lose(LP_WIFI_WHY_LEFT, 0);
    run(100);
    assert_int_equal(wifi.state, LP_SVC_WIFI_IDLE);
    assert_int_equal(lp_port_flash_read(0, bytes, sizeof bytes), LP_OK);
    assert_null(memmem(bytes, sizeof bytes, "correct horse", 13));
}

// -- the set-up network

static void its_password_is_random_and_stays(void **state)
{
    (void)state;
    char first[LP_SVC_WIFI_SECRET_MAX];
    start();
    run(100);
    assert_int_equal(strlen(fake_wifi.ap_pass), 16);
    assert_string_equal(fake_wifi.ap_ssid, "limpet-4f21c0");
    assert_string_equal(label, fake_wifi.ap_pass);
    memcpy(first, label, sizeof first);
    assert_int_equal(lp_config_reset(&config), LP_OK);
    fake_wifi.is_ap_open = false;
    start();
    run(100);
    assert_string_equal(fake_wifi.ap_pass, first); // the label is still right
}

static void it_opens_when_it_may_and_closes_in_time(void **state)
{
    (void)state;
    start_with(HOME);
    run(1000);
    assert_int_equal(opened, 0); // a network is set
    assert_int_equal(lp_svc_wifi_open_setup(&wifi), LP_OK);
    assert_int_equal(lp_svc_wifi_open_setup(&wifi), LP_E_STATE);
    run(100);
    run(899000);
    assert_int_equal(closed, 0);
    run(2000);
    assert_int_equal(closed, 1);
    set("{\"wifi\":{\"ap\":{\"mode\":\"never\"}}}");
    assert_int_equal(lp_svc_wifi_open_setup(&wifi), LP_E_DENIED);
}

static void wrong_passwords_close_it_for_longer_and_longer(void **state)
{
    (void)state;
    const lp_wifi_event_t refused = {.id = LP_WIFI_AP_REFUSED};
    start();
    run(100);
    for (unsigned lock_s = 60; lock_s <= 480; lock_s *= 2) {
        for (int i = 0; i < LP_SVC_WIFI_REFUSED_MAX; i++) {
            assert_true(fake_wifi.is_ap_open);
            fake_wifi_say(&refused);
        }
        assert_false(fake_wifi.is_ap_open);
        run(100);
        run((lock_s - 1) * 1000);
        assert_int_equal(lp_svc_wifi_open_setup(&wifi), LP_E_BUSY);
        run(2000);
        assert_int_equal(lp_svc_wifi_open_setup(&wifi), LP_OK);
        run(100);
    }
}

static void without_random_numbers_it_stays_closed(void **state)
{
    (void)state;
    start();
    fake_entropy_fails = true;
    run(1000);
    assert_int_equal(opened, 0);
    assert_false(fake_wifi.is_ap_open);
    fake_entropy_fails = false;
}

static void a_board_without_a_radio_does_nothing(void **state)
{
    (void)state;
    fake_wifi.is_missing = true;
    start_with(HOME);
    run(1000);
    assert_int_equal(fake_wifi.scans, 0);
    assert_int_equal(lp_svc_wifi_open_setup(&wifi), LP_E_UNSUPPORTED);
    assert_int_equal(lp_svc_wifi_set_up(&wifi, "home", "", 0), LP_E_UNSUPPORTED);
}

static void switched_off_it_leaves(void **state)
{
    (void)state;
    fake_wifi_add("home", "correct horse", -40);
    start_with(HOME);
    run(100);
    set("{\"wifi\":{\"enable\":false}}");
    lp_svc_wifi_poke(&wifi);
    run(100);
    assert_int_equal(fake_wifi.leaves, 1);
    fake_wifi_lose(LP_WIFI_WHY_LEFT, 0);
    run(100000);
    assert_int_equal(wifi.state, LP_SVC_WIFI_OFF);
    assert_int_equal(lp_svc_wifi_set_up(&wifi, "home", "", 0), LP_E_STATE);
}

// Whatever comes whenever: no crash, and it ends connected when the air is in order again.
static void any_order_of_events_is_survived(void **state)
{
    (void)state;
    uint32_t random = 12345;
    fake_wifi_add("home", "correct horse", -40);
    fake_wifi_add("office", "battery staple", -60);
    start_with(TWO);
    fake_wifi.is_mute = true;
    for (int i = 0; i < 20000; i++) {
        random = random * 1664525u + 1013904223u;
        const lp_wifi_event_t ev = {.id = (lp_wifi_event_id_t)(random >> 24) % 9,
                                    .seen = &fake_wifi.aps[random >> 20 & 1].seen,
                                    .count = 1,
                                    .address = "10.0.0.9",
                                    .why = (lp_wifi_why_t)(1 + (random >> 12) % 10)};
        switch (random >> 28) {
        case 0:
            (void)lp_svc_wifi_set_up(&wifi, "office", "battery staple", 1);
            break;
        case 1:
            (void)lp_svc_wifi_open_setup(&wifi);
            break;
        case 2:
            lp_svc_wifi_poke(&wifi);
            break;
        case 3:
        case 4:
            fake_wifi_say(&ev);
            break;
        case 5:
            fake_wifi_lose(ev.why, 1);
            break;
        default:
            (void)fake_wifi_answer();
            break;
        }
        run(random >> 8 & 63);
    }
    fake_wifi.is_mute = false;
    fake_wifi.is_scanning = fake_wifi.is_joining = false;
    fake_wifi_lose(LP_WIFI_WHY_SIGNAL, 0);
    for (int i = 0; i < 10 && !wifi.is_link_up; i++) {
        run(30000);
    }
    assert_true(wifi.is_link_up);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        CASE(joins_and_remembers_where),
        CASE(what_is_remembered_and_gone_is_looked_for),
        CASE(order_is_as_listed_or_by_signal),
        CASE(falls_back_and_says_why_of_each),
        CASE(network_without_a_way_out_is_left),
        CASE(one_success_between_failures_is_enough),
        CASE(without_another_network_it_is_only_said),
        CASE(network_is_not_left_for_nothing),
        CASE(cloud_that_is_down_makes_no_wanderer),
        CASE(it_is_better_than_none),
        CASE(backs_off),
        CASE(twins_and_unknown_securities_are_not_joined),
        CASE(a_hidden_network_is_asked_for_by_name),
        CASE(a_radio_that_fails_is_tried_again),
        CASE(every_loss_brings_it_back),
        CASE(moves_when_weak_and_the_link_stays),
        CASE(does_not_move_for_a_little),
        CASE(another_address_is_another_link),
        CASE(a_network_is_stored_when_it_has_worked),
        CASE(a_network_that_does_not_work_changes_nothing),
        CASE(an_address_of_before_stores_nothing),
        CASE(bad_names_and_passwords_are_refused),
        CASE(forgetting_leaves_it_and_the_flash),
        CASE(its_password_is_random_and_stays),
        CASE(it_opens_when_it_may_and_closes_in_time),
        CASE(wrong_passwords_close_it_for_longer_and_longer),
        CASE(without_random_numbers_it_stays_closed),
        CASE(a_board_without_a_radio_does_nothing),
        CASE(switched_off_it_leaves),
        CASE(any_order_of_events_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
