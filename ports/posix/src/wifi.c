// SPDX-License-Identifier: Apache-2.0
// A Wi-Fi radio: a module at the other end of a Unix socket, one line a packet (sim/air,
// docs/wifi.md has the lines). While the station is not on line, this computer's network is not the
// board's.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "limpet/log.h"
#include "limpet/port/system.h"
#include "limpet/port/wifi.h"
#include "posix_internal.h"

#define LOG_MODULE "wifi"

enum {
    LINE_MAX_ = 512,
    RETRY_MS = 500,
    EVENTS = 16,
    HEX_SSID = 2 * LP_WIFI_SSID_MAX + 1,
    HEX_PASS = 2 * LP_WIFI_PASS_MAX + 1,
};

static struct {
    const char *path; // null: a board without a radio
    lp_posix_watch_t watch;
    lp_timer_t retry;
    lp_event_t event;
    lp_wifi_fn *fn;
    void *ctx;
    lp_wifi_event_t events[EVENTS]; // that wait to be told
    lp_wifi_seen_t joined[EVENTS];  // of events[i]
    char addresses[EVENTS][LP_WIFI_ADDR_MAX];
    size_t event_count;
    lp_wifi_seen_t found[LP_WIFI_SCAN_MAX];
    size_t found_count;
    bool is_scanning;
    bool is_joining;
    bool is_joined;
    bool was_told; // that the radio is not there
    char address[LP_WIFI_ADDR_MAX];
    uint16_t portal;
    int8_t rssi_dbm;
    bool is_ap_open;
    char country[3];
} radio = {.watch = {.fd = -1}, .country = "00"};

void lp_posix_wifi_wire(const char *path)
{
    radio.path = path;
}

bool lp_posix_wifi_is_wired(void)
{
    return radio.path != NULL;
}

bool lp_posix_net_is_up(uint16_t *portal)
{
    *portal = radio.portal;
    return radio.path == NULL || radio.address[0] != '\0';
}

bool lp_posix_wifi_is_ap_address(const char *address)
{
    return radio.is_ap_open && strcmp(address, LP_POSIX_WIFI_AP_ADDRESS) == 0;
}

// -- events

static void tell(void *ctx)
{
    (void)ctx;
    for (size_t i = 0; i < radio.event_count; i++) {
        radio.fn(radio.ctx, &radio.events[i]);
    }
    radio.event_count = 0;
}

// What strangers at our access point can cause as often as they like never takes the places that
// the station's events need; those are few, since each of them waits for the loop.
static bool has_room(lp_wifi_event_id_t id)
{
    const bool is_strangers =
        id == LP_WIFI_AP_JOINED || id == LP_WIFI_AP_LEFT || id == LP_WIFI_AP_REFUSED;
    return radio.event_count < (is_strangers ? EVENTS / 2 : EVENTS);
}

static lp_wifi_event_t *add_event(lp_wifi_event_id_t id)
{
    static lp_wifi_event_t spare;
    lp_wifi_event_t *ev = &spare;
    if (has_room(id)) {
        ev = &radio.events[radio.event_count++];
        lp_loop_post(lp_posix_loop, &radio.event);
    }
    *ev = (lp_wifi_event_t){.id = id};
    return ev;
}

static size_t place_of(const lp_wifi_event_t *ev)
{
    return ev >= radio.events && ev < radio.events + EVENTS ? (size_t)(ev - radio.events) : 0;
}

// -- hex

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(const char *hex, uint8_t *out, size_t cap, size_t *len)
{
    for (*len = 0; hex[0] != '\0'; hex += 2) {
        const int high = digit(hex[0]);
        const int low = high < 0 ? -1 : digit(hex[1]);
        if (low < 0 || *len == cap) {
            return false;
        }
        out[(*len)++] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool read_mac(const char *hex, uint8_t mac[6])
{
    size_t len;
    return read_hex(hex, mac, 6, &len) && len == 6;
}

static void write_hex(const char *text, char *out)
{
    if (text[0] == '\0') {
        memcpy(out, "-", 2);
    }
    for (size_t i = 0; text[i] != '\0'; i++) {
        snprintf(out + 2 * i, 3, "%02x", (unsigned char)text[i]);
    }
}

// -- what the radio says

// The radio is a part of the board: what is no number is 0.
static long number(const char *word)
{
    return strtol(word, NULL, 10);
}

static lp_wifi_security_t security_of(const char *word)
{
    return strcmp(word, "open") == 0   ? LP_WIFI_OPEN
           : strcmp(word, "wpa2") == 0 ? LP_WIFI_WPA2
           : strcmp(word, "wpa3") == 0 ? LP_WIFI_WPA3
                                       : LP_WIFI_OTHER;
}

static lp_wifi_why_t why_of(const char *word)
{
    static const char *const words[] = {
        [LP_WIFI_WHY_NONE] = "",
        [LP_WIFI_WHY_NO_AP] = "no-ap",
        [LP_WIFI_WHY_SECURITY] = "security",
        [LP_WIFI_WHY_PASSWORD] = "password",
        [LP_WIFI_WHY_FULL] = "full",
        [LP_WIFI_WHY_REFUSED] = "refused",
        [LP_WIFI_WHY_NO_ADDRESS] = "no-address",
        [LP_WIFI_WHY_SIGNAL] = "signal",
        [LP_WIFI_WHY_KICKED] = "kicked",
        [LP_WIFI_WHY_LEFT] = "left",
    };
    for (size_t i = 1; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0) {
            return (lp_wifi_why_t)i;
        }
    }
    return LP_WIFI_WHY_RADIO;
}

// "BSSID CHANNEL RSSI SECURITY [SSID]"
static bool read_seen(char *const *words, int n, lp_wifi_seen_t *seen)
{
    size_t len = 0;
    *seen = (lp_wifi_seen_t){.channel = (uint8_t)number(words[1]),
                             .rssi_dbm = (int8_t)number(words[2]),
                             .security = security_of(words[3])};
    return read_mac(words[0], seen->bssid) &&
           (n < 5 || strcmp(words[4], "-") == 0 ||
            read_hex(words[4], (uint8_t *)seen->ssid, LP_WIFI_SSID_MAX, &len));
}

static void take_found(char *const *words)
{
    if (radio.found_count < LP_WIFI_SCAN_MAX &&
        read_seen(words, 5, &radio.found[radio.found_count])) {
        radio.found_count++;
    }
}

static void take_scanned(char *const *words)
{
    (void)words;
    if (radio.is_scanning) {
        radio.is_scanning = false;
        lp_wifi_event_t *ev = add_event(LP_WIFI_SCANNED);
        ev->seen = radio.found;
        ev->count = radio.found_count;
    }
}

static void take_joined(char *const *words)
{
    lp_wifi_event_t *ev = add_event(LP_WIFI_JOINED);
    lp_wifi_seen_t *seen = &radio.joined[place_of(ev)];
    radio.is_joined = read_seen(words, 4, seen);
    radio.rssi_dbm = seen->rssi_dbm;
    ev->seen = seen;
    ev->count = 1;
}

static void net_down(void)
{
    if (radio.address[0] != '\0') {
        radio.address[0] = '\0';
        radio.portal = 0;
        lp_posix_tcp_cut();
    }
}

static void take_address(char *const *words)
{
    radio.is_joining = false;
    if (strcmp(radio.address, words[0]) != 0) {
        net_down(); // connections of another address are over
    }
    snprintf(radio.address, sizeof radio.address, "%s", words[0]);
    radio.portal = (uint16_t)number(words[1]);
    lp_wifi_event_t *ev = add_event(LP_WIFI_ADDRESS);
    char *place = radio.addresses[place_of(ev)];
    snprintf(place, LP_WIFI_ADDR_MAX, "%s", words[0]);
    ev->address = place;
}

static void lost(lp_wifi_why_t why, uint16_t code)
{
    net_down();
    radio.is_joining = radio.is_joined = false;
    lp_wifi_event_t *ev = add_event(LP_WIFI_LOST);
    ev->why = why;
    ev->code = code;
}

static void take_lost(char *const *words)
{
    lost(why_of(words[0]), (uint16_t)number(words[1]));
}

static void take_rssi(char *const *words)
{
    radio.rssi_dbm = (int8_t)number(words[0]);
}

static void take_ap_open(char *const *words)
{
    (void)words;
    radio.is_ap_open = true;
    add_event(LP_WIFI_AP_OPEN)->address = LP_POSIX_WIFI_AP_ADDRESS;
}

static void ap_closed(void)
{
    radio.is_ap_open = false;
    (void)add_event(LP_WIFI_AP_CLOSED);
}

static void take_ap_closed(char *const *words)
{
    (void)words;
    if (radio.is_ap_open) {
        ap_closed();
    }
}

static void take_station(lp_wifi_event_id_t id, const char *mac)
{
    uint8_t bytes[6];
    if (read_mac(mac, bytes)) {
        memcpy(add_event(id)->mac, bytes, sizeof bytes);
    }
}

static void take_sta_joined(char *const *words)
{
    take_station(LP_WIFI_AP_JOINED, words[0]);
}

static void take_sta_left(char *const *words)
{
    take_station(LP_WIFI_AP_LEFT, words[0]);
}

static void take_sta_refused(char *const *words)
{
    take_station(LP_WIFI_AP_REFUSED, words[0]);
}

static void take_line(char *line, int passed)
{
    static const struct {
        const char *name;
        int words;
        void (*take)(char *const *words);
    } table[] = {
        {"ap", 6, take_found},
        {"scanned", 1, take_scanned},
        {"joined", 5, take_joined},
        {"address", 3, take_address},
        {"lost", 3, take_lost},
        {"rssi", 2, take_rssi},
        {"ap-open", 2, take_ap_open},
        {"ap-closed", 1, take_ap_closed},
        {"sta-joined", 2, take_sta_joined},
        {"sta-left", 2, take_sta_left},
        {"sta-refused", 2, take_sta_refused},
    };
    char *words[7] = {NULL};
    char *rest = line;
    int n = 0;
    for (char *word; n < 6 && (word = strtok_r(rest, " ", &rest)) != NULL; n++) {
        words[n] = word;
    }
    if (n == 3 && passed >= 0 && strcmp(words[0], "conn") == 0) {
        lp_posix_tcp_arrive(passed, words[1], (uint16_t)number(words[2]));
        return;
    }
    for (size_t i = 0; n > 0 && i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(words[0], table[i].name) == 0 && n == table[i].words) {
            table[i].take(words + 1);
        }
    }
    if (passed >= 0) {
        close(passed);
    }
}

// -- the socket

static bool say(const char *line)
{
    return radio.watch.fd >= 0 && send(radio.watch.fd, line, strlen(line), MSG_NOSIGNAL) > 0;
}

static void unplugged(void)
{
    lp_posix_watch_stop(&radio.watch);
    if (radio.watch.fd >= 0) {
        close(radio.watch.fd);
        radio.watch.fd = -1;
    }
    if (radio.is_joining || radio.is_joined) {
        lost(LP_WIFI_WHY_RADIO, 0);
    }
    if (radio.is_ap_open) {
        ap_closed();
    }
    if (radio.is_scanning) {
        radio.found_count = 0;
        take_scanned(NULL);
    }
    if (!radio.was_told) {
        LP_LOGW("the radio at %s does not answer, trying again", radio.path);
        radio.was_told = true;
    }
    lp_timer_start(lp_posix_loop, &radio.retry, RETRY_MS);
}

static void on_poll(void *ctx, short revents)
{
    (void)ctx;
    (void)revents;
    char line[LINE_MAX_];
    int passed;
    int got;
    while ((got = lp_posix_packet(radio.watch.fd, line, sizeof line, &passed)) > 0) {
        take_line(line, passed);
    }
    if (got == 0 || errno != EAGAIN) {
        unplugged();
    }
}

static void plug_in(void *ctx)
{
    (void)ctx;
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    char line[32];
    uint8_t mac[6];
    snprintf(addr.sun_path, sizeof addr.sun_path, "%s", radio.path);
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    radio.watch = (lp_posix_watch_t){.fd = fd, .events = POLLIN, .fn = on_poll};
    lp_port_wifi_mac(mac);
    snprintf(line, sizeof line, "hello %02x%02x%02x%02x%02x%02x", mac[0], mac[1], mac[2], mac[3],
             mac[4], mac[5]);
    if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0 || !say(line)) {
        unplugged();
        return;
    }
    lp_posix_prepare_fd(fd);
    lp_posix_watch_start(&radio.watch);
    radio.was_told = false;
    (void)lp_port_wifi_set_country(radio.country);
}

// -- limpet/port/wifi.h

bool lp_port_wifi_is_there(void)
{
    return radio.path != NULL;
}

lp_err_t lp_port_wifi_start(lp_wifi_fn *fn, void *ctx)
{
    if (radio.path == NULL) {
        return LP_E_UNSUPPORTED;
    }
    radio.fn = fn;
    radio.ctx = ctx;
    lp_event_init(&radio.event, tell, NULL);
    lp_timer_init(&radio.retry, plug_in, NULL);
    plug_in(NULL);
    return LP_OK;
}

void lp_port_wifi_mac(uint8_t mac[6])
{
    lp_port_hw_id(mac);
}

unsigned lp_port_wifi_can(void)
{
    return 1u << LP_WIFI_OPEN | 1u << LP_WIFI_WPA2;
}

lp_err_t lp_port_wifi_set_country(const char *code)
{
    char line[16];
    const bool is_world = strcmp(code, "00") == 0;
    const bool is_code =
        strlen(code) == 2 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z';
    if (!is_world && !is_code) {
        return LP_E_INVALID;
    }
    memcpy(radio.country, code, 3);
    snprintf(line, sizeof line, "country %s", code);
    (void)say(line);
    return LP_OK;
}

// The emulated radio never sleeps.
void lp_port_wifi_set_power_save(bool is_on)
{
    (void)is_on;
}

lp_err_t lp_port_wifi_scan(void)
{
    if (radio.is_scanning || radio.is_joining) {
        return LP_E_BUSY;
    }
    radio.found_count = 0;
    radio.is_scanning = true;
    if (!say("scan")) {
        radio.is_scanning = false;
        return LP_E_IO;
    }
    return LP_OK;
}

static bool is_pass(const char *pass)
{
    const size_t len = strlen(pass);
    return len >= LP_WIFI_PASS_MIN && len <= LP_WIFI_PASS_MAX;
}

static bool is_ssid(const char *ssid)
{
    const size_t len = strlen(ssid);
    return len > 0 && len <= LP_WIFI_SSID_MAX;
}

// "VERB SSID PASS" of what has passed the two above.
static void start_line(char line[LINE_MAX_], const char *verb, const char *ssid, const char *pass)
{
    char name[HEX_SSID];
    char secret[HEX_PASS];
    write_hex(ssid, name);
    write_hex(pass, secret);
    snprintf(line, LINE_MAX_, "%s %s %s", verb, name, secret);
    explicit_bzero(secret, sizeof secret);
}

lp_err_t lp_port_wifi_join(const lp_wifi_join_t *join)
{
    char line[LINE_MAX_];
    char bssid[13] = "-";
    if (!is_ssid(join->ssid) || (join->pass[0] != '\0' && !is_pass(join->pass))) {
        return LP_E_INVALID;
    }
    if (radio.is_scanning || radio.is_joining) {
        return LP_E_BUSY;
    }
    if (join->bssid != NULL) {
        const uint8_t *b = join->bssid;
        snprintf(bssid, sizeof bssid, "%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4],
                 b[5]);
    }
    start_line(line, "join", join->ssid, join->pass);
    const size_t len = strlen(line);
    snprintf(line + len, sizeof line - len, " %s %u", bssid, join->channel);
    radio.is_joining = true;
    radio.is_joined = false;
    if (!say(line)) {
        lost(LP_WIFI_WHY_RADIO, 0);
    }
    explicit_bzero(line, sizeof line);
    return LP_OK;
}

void lp_port_wifi_leave(void)
{
    if (!radio.is_joining && !radio.is_joined) {
        return;
    }
    if (!say("leave")) {
        lost(LP_WIFI_WHY_LEFT, 0);
    }
}

lp_err_t lp_port_wifi_rssi(int8_t *dbm)
{
    if (!radio.is_joined) {
        return LP_E_STATE;
    }
    *dbm = radio.rssi_dbm;
    return LP_OK;
}

lp_err_t lp_port_wifi_ap_start(const lp_wifi_ap_t *ap)
{
    char line[LINE_MAX_];
    if (!is_ssid(ap->ssid) || !is_pass(ap->pass) || ap->channel > 13) {
        return LP_E_INVALID;
    }
    if (radio.is_ap_open) {
        return LP_E_STATE;
    }
    start_line(line, "ap-open", ap->ssid, ap->pass);
    const size_t len = strlen(line);
    snprintf(line + len, sizeof line - len, " %u", ap->channel);
    if (!say(line)) {
        ap_closed();
    }
    explicit_bzero(line, sizeof line);
    return LP_OK;
}

void lp_port_wifi_ap_stop(void)
{
    if (radio.is_ap_open && !say("ap-close")) {
        ap_closed();
    }
}
