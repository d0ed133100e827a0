// SPDX-License-Identifier: Apache-2.0
// What the board says of itself.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "doctor.h"

enum { CLOCK_SLACK_S = 300 };

static const char *text(const cJSON *tree, const char *key)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, key));
    return value != NULL ? value : "";
}

static double number(const cJSON *tree, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, key);
    return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

static void say_fault(doctor_t *d, const char *area, const lp_fault_t *f)
{
    doctor_say(d, area, BAD, f->code, f->next, "%s%s%s", f->what, f->why[0] != '\0' ? ": " : "",
               f->why);
}

// The result of a method, or null after saying what went wrong.
static cJSON *ask(doctor_t *d, lp_board_t *board, const char *area, const char *method)
{
    lp_fault_t fault = {0};
    cJSON *result = NULL;
    if (lp_board_call(board, method, NULL, 0, &result, &fault) != LP_EXIT_OK) {
        say_fault(d, area, &fault);
        return NULL;
    }
    return result;
}

// -- the board

static void look_at_clock(doctor_t *d, const cJSON *info)
{
    double utc_s = number(info, "utc_s");
    double off_s = utc_s - (double)time(NULL);
    if (utc_s < 0) {
        doctor_say(d, "board", NOTE, "board-no-time",
                   "it needs a time server to judge certificates (SNTP)",
                   "the board does not know the time");
    } else if (off_s > CLOCK_SLACK_S || off_s < -CLOCK_SLACK_S) {
        doctor_say(d, "board", BAD, "board-clock",
                   "certificates are judged by it: give the board a time server",
                   "the board's clock is %.0f s %s of this computer's", off_s < 0 ? -off_s : off_s,
                   off_s < 0 ? "behind" : "ahead");
    }
}

static void look_at_boots(doctor_t *d, const cJSON *info)
{
    const cJSON *boot = cJSON_GetObjectItemCaseSensitive(info, "boot");
    const char *reason = text(boot, "reason");
    if (strcmp(reason, "watchdog") == 0 || strcmp(reason, "brown-out") == 0 ||
        strcmp(reason, "exception") == 0) {
        doctor_say(d, "board", NOTE, "board-restarted",
                   strcmp(reason, "brown-out") == 0 ? "look at its power supply"
                                                    : "limpet console shows what it does",
                   "its last start was after a %s", reason);
    }
}

static void look_at_firmware(doctor_t *d, lp_board_t *board)
{
    cJSON *info = ask(d, board, "board", "Sys.GetInfo");
    if (info == NULL) {
        return;
    }
    doctor_say(d, "board", FINE, "board", NULL, "%s, %s %s on %s, up %.0f s, %s", text(info, "id"),
               text(info, "app"), text(info, "fw_version"), text(info, "port"),
               number(info, "uptime_s"), lp_board_where(board));
    look_at_clock(d, info);
    look_at_boots(d, info);
    cJSON_Delete(info);
}

// -- the chip and the key

static void look_at_plan(doctor_t *d, const cJSON *chip)
{
    const cJSON *plan = cJSON_GetObjectItemCaseSensitive(chip, "plan");
    const char *state = text(plan, "state");
    if (strcmp(state, "match") != 0) {
        bool is_open = strcmp(state, "open") == 0;
        doctor_say(d, "chip", NOTE, is_open ? "chip-open" : "chip-foreign",
                   is_open ? "limpet aws-iot-setup writes its plan and locks it"
                           : "limpet aws-iot-setup says whether it can be used as it is",
                   is_open ? "it is not locked yet" : "its configuration is not Limpet's");
    }
}

// What a listener on the chip's wires sees; a chip that is not locked yet says nothing about it.
static void look_at_bus(doctor_t *d, const cJSON *chip)
{
    const cJSON *lock = cJSON_GetObjectItemCaseSensitive(chip, "lock");
    bool is_locked = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(lock, "data"));
    bool can_bind = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(chip, "can_bind"));
    if (strcmp(text(chip, "bus"), "broken") == 0) {
        doctor_say(d, "chip", BAD, "chip-bus-broken",
                   can_bind ? "if the chip was changed on purpose: limpet aws-iot-setup"
                            : "was the chip on another board, or the flash erased? It stays so",
                   "board and chip do not share the bus key that one of them has");
    } else if (is_locked && strcmp(text(chip, "bus"), "clear") == 0) {
        doctor_say(d, "chip", NOTE, "chip-bus-clear",
                   can_bind ? "limpet aws-iot-setup gives them a bus key"
                            : "identity.ecdhe software keeps key exchanges off its wires",
                   "its bus is in clear: key exchanges in it can be listened to");
    }
}

static void look_at_chip(doctor_t *d, lp_board_t *board, bool *has_chip)
{
    cJSON *scan = ask(d, board, "chip", "Chip.Scan");
    const cJSON *chips = cJSON_GetObjectItemCaseSensitive(scan, "chips");
    const cJSON *bus = cJSON_GetObjectItemCaseSensitive(scan, "bus");
    *has_chip = cJSON_GetArraySize(chips) > 0;
    if (scan != NULL && !*has_chip) {
        doctor_say(d, "chip", NOTE, "chip-no-ack",
                   "power, SDA and SCL; on ATCRYPTOAUTH-XPRO the switch to I2C",
                   "no crypto chip answers on %s", text(bus, "name"));
    }
    cJSON_Delete(scan);
    cJSON *chip = *has_chip ? ask(d, board, "chip", "Chip.Info") : NULL;
    if (chip != NULL) {
        doctor_say(d, "chip", FINE, "chip", NULL, "%s %s at 0x%02x", text(chip, "part"),
                   text(chip, "serial"), (unsigned)number(chip, "addr"));
        look_at_plan(d, chip);
        look_at_bus(d, chip);
        cJSON_Delete(chip);
    }
}

static void look_at_key(doctor_t *d, lp_board_t *board, bool has_chip)
{
    cJSON *key = ask(d, board, "key", "Identity.Info");
    if (key == NULL) {
        return;
    }
    const char *source = text(key, "source");
    bool is_software = strcmp(source, "flash") == 0;
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(key, "exists"))) {
        doctor_say(d, "key", NOTE, "key-none", "limpet aws-iot-setup makes one",
                   "there is no key yet: %s", text(key, "why"));
    } else if (is_software) {
        doctor_say(d, "key", has_chip ? BAD : NOTE, "key-in-flash",
                   "a crypto chip keeps it safe: limpet aws-iot-setup with one",
                   "the private key is in flash: whoever reads the flash can copy this device");
    } else {
        doctor_say(d, "key", FINE, "key", NULL, "%s, in the chip", text(key, "key"));
    }
    const cJSON *is_match = cJSON_GetObjectItemCaseSensitive(key, "is_match");
    if (text(key, "cert_id")[0] != '\0' && cJSON_IsFalse(is_match)) {
        doctor_say(d, "key", BAD, "certificate-other-key", "limpet aws-iot-setup",
                   "the certificate is for another key");
    }
    cJSON_Delete(key);
}

// -- its network

static void say_offline(doctor_t *d, const cJSON *status)
{
    static const struct {
        const char *why, *next;
    } table[] = {
        {"wrong-password", "limpet wifi SSID asks for the password again"},
        {"no-such-network", "limpet wifi scan shows what the board hears; is it near enough?"},
        {"wrong-security", "limpet wifi SSID --open for a network without password, or give one"},
        {"no-address", "the network's DHCP server does not answer: its router"},
        {"no-way-out", "a login page of the network, or its line: look with a browser"},
        {"full", "the access point takes no more stations"},
        {"radio", "the radio, or the chip that opens the password: limpet console"},
    };
    const cJSON *last = cJSON_GetObjectItemCaseSensitive(status, "last");
    const char *next = "limpet wifi status, limpet console";
    char code[48];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        next = strcmp(text(last, "why"), table[i].why) == 0 ? table[i].next : next;
    }
    snprintf(code, sizeof code, "wifi-%.40s",
             text(last, "why")[0] != '\0' ? text(last, "why") : text(status, "state"));
    doctor_say(d, "wifi", BAD, code, next, "%s: %s", text(status, "state"), text(last, "text"));
}

static void look_at_passwords(doctor_t *d, const cJSON *status)
{
    const cJSON *network;
    cJSON_ArrayForEach(network, cJSON_GetObjectItemCaseSensitive(status, "networks"))
    {
        if (strcmp(text(network, "password"), "clear") == 0) {
            doctor_say(d, "wifi", NOTE, "wifi-clear",
                       "it is sealed as soon as the chip is set up: limpet aws-iot-setup",
                       "the password of %s is in clear in the flash", text(network, "ssid"));
        }
    }
}

// A board on a wire has no such method, and nothing is said.
static void look_at_wifi(doctor_t *d, lp_board_t *board)
{
    lp_fault_t fault = {0};
    cJSON *status = NULL;
    if (lp_board_call(board, "Wifi.Status", NULL, 0, &status, &fault) != LP_EXIT_OK) {
        if (lp_board_last_error(board)->code != 404) {
            say_fault(d, "wifi", &fault);
        }
        return;
    }
    const cJSON *c = cJSON_GetObjectItemCaseSensitive(status, "connection");
    const char *state = text(status, "state");
    const cJSON *last = cJSON_GetObjectItemCaseSensitive(status, "last");
    if (cJSON_IsObject(c) && strcmp(text(last, "why"), "no-way-out") != 0) {
        doctor_say(d, "wifi", FINE, "wifi", NULL, "on %s, %s, %.0f dBm", text(c, "ssid"),
                   text(c, "address"), cJSON_GetNumberValue(cJSON_GetObjectItem(c, "rssi")));
    } else if (strcmp(state, "idle") == 0 || strcmp(state, "off") == 0) {
        doctor_say(d, "wifi", NOTE, "wifi-not-set-up", "limpet wifi SSID", "no network is set (%s)",
                   state);
    } else {
        say_offline(d, status);
    }
    look_at_passwords(d, status);
    cJSON_Delete(status);
}

// -- the cloud

// What to do about an error that the board reports.
static const char *advice(const char *name)
{
    static const struct {
        const char *name, *next;
    } table[] = {
        {"LP_E_NET_RESOLVE", "check cloud.server and the name server of the board's network"},
        {"LP_E_NET_REFUSED", "nobody listens there: is the broker up, is the port right?"},
        {"LP_E_TIMEOUT",
         "something on the way drops it: a firewall, a proxy, a network without internet"},
        {"LP_E_TLS_CERT", "trust.ca is not the CA of this server: limpet aws-iot-setup sets it"},
        {"LP_E_TLS_NAME", "cloud.server is not the name in the server's certificate"},
        {"LP_E_TLS_EXPIRED", "a certificate ended, or the board's clock is wrong"},
        {"LP_E_TLS_ALERT",
         "the server refused this certificate: is it active? limpet aws-iot-audit"},
        {"LP_E_TLS_KEY", "the chip did not sign: limpet call Chip.Info"},
        {"LP_E_UNAUTHORIZED",
         "is the certificate active, does its policy allow this? limpet aws-iot-audit"},
        {"LP_E_MQTT_REFUSED",
         "the policy does not let this client id connect: limpet aws-iot-audit"},
        {"LP_E_CLOCK", "the board needs a time server (SNTP)"},
        {"LP_E_CHIP_MISSING", "power and wires of the crypto chip"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return table[i].next;
        }
    }
    return "limpet console shows what the board says";
}

static void say_trouble(doctor_t *d, const cJSON *status)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(status, "last_error");
    const char *name = text(error, "name");
    d->is_unreachable = strncmp(name, "LP_E_NET_", 9) == 0 || strcmp(name, "LP_E_TIMEOUT") == 0;
    doctor_say(d, "cloud", BAD, name[0] != '\0' ? name : "not-connected", advice(name),
               "%s with %s: %s%s%s", text(status, "state"), d->server,
               name[0] != '\0' ? text(error, "text") : "no error yet",
               text(error, "detail")[0] != '\0' ? ", " : "", text(error, "detail"));
}

static void look_at_cloud(doctor_t *d, lp_board_t *board)
{
    cJSON *status = ask(d, board, "cloud", "Cloud.Status");
    if (status == NULL) {
        return;
    }
    const char *state = text(status, "state");
    const cJSON *tls = cJSON_GetObjectItemCaseSensitive(status, "tls");
    bool is_connected = strcmp(state, "connected") == 0;
    if (strcmp(state, "off") != 0) {
        snprintf(d->server, sizeof d->server, "%s", text(status, "server"));
    }
    if (is_connected) {
        doctor_say(d, "cloud", FINE, "cloud", NULL,
                   "connected to %s as %s for %.0f s, %s, key %s, %.0f messages acknowledged",
                   d->server, text(status, "client_id"), number(status, "since_s"),
                   text(tls, "version"), text(tls, "key_source"), number(status, "acked"));
    } else if (strcmp(state, "off") == 0) {
        doctor_say(d, "cloud", NOTE, "not-set-up", "limpet aws-iot-setup", "no cloud is set up");
    } else {
        say_trouble(d, status);
    }
    cJSON_Delete(status);
}

void doctor_look_at_board(doctor_t *d, const lp_board_options_t *options)
{
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    bool has_chip = false;
    if (lp_board_open(options, &board, &fault) != LP_EXIT_OK) {
        say_fault(d, "board", &fault);
        return;
    }
    look_at_firmware(d, board);
    look_at_chip(d, board, &has_chip);
    look_at_key(d, board, has_chip);
    look_at_wifi(d, board);
    look_at_cloud(d, board);
    lp_board_close(board);
}
