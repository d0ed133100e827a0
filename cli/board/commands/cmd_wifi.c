// SPDX-License-Identifier: Apache-2.0
// limpet wifi: networks of a board.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "limpet/board_cmd.h"
#include "limpet/cmd.h"
#include "secret_line.h"

enum { PASS_CAP = 64, POLL_MS = 300 };

static const lp_help_t help = {
    .name = "wifi",
    .args = "[SSID | scan | status | forget SSID | ap [open | close | label]]",
    .summary = "Puts a board on a Wi-Fi network, and shows what it hears and where it is.",
    .examples = {"limpet wifi 'My home'", "limpet wifi scan", "limpet wifi status",
                 "limpet wifi --port http://192.168.4.1 'My home'"},
    .notes =
        "The password is asked for; or it is LIMPET_WIFI_PASSWORD, or the first line of stdin. It "
        "is\n"
        "never a word of the command line, which others can read. The board tries the network and\n"
        "keeps it when it has got an address there; else all is as it was. A network that is "
        "called\n"
        "scan or status: limpet wifi --ssid scan.\n"
        "ap is the board's own network for setting it up (docs/wifi.md); its password is on the\n"
        "board's label, its user is \"setup\".",
    .exit_codes = (const int[]){LP_EXIT_NO_BOARD, LP_EXIT_CREDENTIALS, LP_EXIT_NETWORK,
                                LP_EXIT_LOCAL, LP_EXIT_BOARD, 0},
    .max_args = 2,
};

typedef struct {
    lp_board_options_t board;
    const char *ssid;
    bool is_open;
    long slot;
    long timeout_s;
} wifi_t;

static int usage(const char *what, const char *why)
{
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, why, "limpet wifi --help");
}

static const char *text(const cJSON *tree, const char *key)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, key));
    return value != NULL ? value : "";
}

static int number(const cJSON *tree, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(tree, key);
    return cJSON_IsNumber(value) ? (int)value->valuedouble : 0;
}

// A board without a radio has no such methods.
static lp_exit_t explain(const lp_board_t *board, lp_fault_t *f)
{
    const lp_board_error_t *e = lp_board_last_error(board);
    if (strcmp(f->code, "board-refused") == 0 &&
        (e->code == 404 || strcmp(e->name, "LP_E_UNSUPPORTED") == 0)) {
        lp_fault_set(f, LP_EXIT_BOARD, "wifi-no-radio", "this board has no Wi-Fi");
        lp_fault_why(f, "its network is a wire, or its image has no Wi-Fi");
        lp_fault_next(f, "a virtual board has a radio with --air, see limpet air --help");
    }
    return f->exit;
}

static lp_exit_t call(lp_board_t *board, const char *method, cJSON *params, cJSON **result,
                      lp_fault_t *f)
{
    const lp_exit_t rc = lp_board_call(board, method, params, 0, result, f);
    return rc == LP_EXIT_OK ? rc : explain(board, f);
}

// -- scan

static lp_exit_t scan(lp_board_t *board, lp_fault_t *f)
{
    cJSON *seen = NULL;
    const cJSON *ap;
    const lp_exit_t rc = call(board, "Wifi.Scan", NULL, &seen, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (cJSON_GetArraySize(seen) == 0) {
        lp_ui_info("no access point is heard");
    }
    cJSON_ArrayForEach(ap, seen)
    {
        const char *ssid = text(ap, "ssid");
        lp_ui_out("%4d dBm  channel %2d  %-5s  %s  %s", number(ap, "rssi"), number(ap, "channel"),
                  text(ap, "security"), text(ap, "bssid"), ssid[0] != '\0' ? ssid : "(hidden)");
    }
    cJSON *tree = cJSON_CreateObject();
    cJSON_AddItemToObject(tree, "seen", seen);
    lp_ui_json_tree(tree);
    return LP_EXIT_OK;
}

// -- status

static void show_networks(const cJSON *status)
{
    const cJSON *network;
    cJSON_ArrayForEach(network, cJSON_GetObjectItemCaseSensitive(status, "networks"))
    {
        const char *last = text(network, "last");
        lp_ui_out("network %d   %s, password %s%s%s", number(network, "slot"),
                  text(network, "ssid"), text(network, "password"),
                  last[0] != '\0' ? ", last time: " : "", last);
    }
}

static void show_status(const cJSON *status)
{
    const cJSON *c = cJSON_GetObjectItemCaseSensitive(status, "connection");
    const cJSON *last = cJSON_GetObjectItemCaseSensitive(status, "last");
    const cJSON *ap = cJSON_GetObjectItemCaseSensitive(status, "ap");
    lp_ui_out("state       %s", text(status, "state"));
    if (cJSON_IsObject(c)) {
        lp_ui_out("connection  %s, %s, channel %d, %d dBm, %s", text(c, "ssid"), text(c, "address"),
                  number(c, "channel"), number(c, "rssi"), text(c, "security"));
    } else if (cJSON_IsObject(last)) {
        lp_ui_out("why         %s: %s", text(last, "why"), text(last, "text"));
    }
    show_networks(status);
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(ap, "open"))) {
        lp_ui_out("set-up      %s is open for another %d s", text(ap, "ssid"),
                  number(ap, "closes_s"));
    }
}

static lp_exit_t status(lp_board_t *board, lp_fault_t *f)
{
    cJSON *result = NULL;
    const lp_exit_t rc = call(board, "Wifi.Status", NULL, &result, f);
    if (rc == LP_EXIT_OK) {
        show_status(result);
        lp_ui_json_tree(result);
    }
    return rc;
}

// -- one network

static lp_exit_t refuse(const char *ssid, const cJSON *setup, lp_fault_t *f)
{
    const char *why = text(setup, "why");
    const bool is_password = strcmp(why, "wrong-password") == 0;
    char code[40];
    snprintf(code, sizeof code, "wifi-%.34s", why[0] != '\0' ? why : "not-stored");
    lp_fault_set(f, is_password ? LP_EXIT_CREDENTIALS : LP_EXIT_NETWORK, code,
                 "the board is not on \"%s\"", ssid);
    lp_fault_why(f, "%s", text(setup, "text"));
    lp_fault_next(f, is_password ? "try again; nothing was changed"
                                 : "limpet wifi scan shows what the board hears; "
                                   "nothing was changed");
    return f->exit;
}

// Over the set-up network the board may be gone as soon as it has what it needs.
static lp_exit_t wait_for_it(const wifi_t *o, lp_board_t *board, lp_fault_t *f)
{
    const uint64_t end = lp_ui_now_ms() + (uint64_t)o->timeout_s * 1000;
    do {
        cJSON *result = NULL;
        lp_ui_pause(POLL_MS);
        const lp_exit_t rc = call(board, "Wifi.Status", NULL, &result, f);
        if (rc != LP_EXIT_OK) {
            return rc;
        }
        const cJSON *setup = cJSON_GetObjectItemCaseSensitive(result, "setup");
        const char *state = text(setup, "state");
        const bool is_stored = strcmp(state, "stored") == 0;
        const bool is_over = is_stored || strcmp(state, "failed") == 0;
        const lp_exit_t end_rc = is_over && !is_stored ? refuse(o->ssid, setup, f) : LP_EXIT_OK;
        if (is_stored) {
            show_status(result);
            lp_ui_json_tree(result);
            return LP_EXIT_OK;
        }
        cJSON_Delete(result);
        if (is_over) {
            return end_rc;
        }
    } while (lp_ui_now_ms() < end && !lp_interrupt_seen());
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    lp_fault_set(f, LP_EXIT_NETWORK, "wifi-timeout", "the board is not on \"%s\" yet", o->ssid);
    lp_fault_why(f, "it is still trying after %ld s", o->timeout_s);
    lp_fault_next(f, "limpet wifi status");
    return f->exit;
}

static lp_exit_t set_network(const wifi_t *o, lp_board_t *board, const char *pass, lp_fault_t *f)
{
    cJSON *params = cJSON_CreateObject();
    cJSON *result = NULL;
    cJSON_AddStringToObject(params, "ssid", o->ssid);
    if (pass[0] != '\0') {
        cJSON_AddStringToObject(params, "pass", pass);
    }
    cJSON_AddNumberToObject(params, "slot", (double)o->slot);
    const lp_exit_t rc = call(board, "Wifi.SetupSTA", params, &result, f);
    cJSON_Delete(result);
    return rc == LP_EXIT_OK ? wait_for_it(o, board, f) : rc;
}

static bool is_pass(const wifi_t *o, const char *pass)
{
    return o->is_open ? pass[0] == '\0' : strlen(pass) >= 8;
}

// -- forget, ap

static lp_exit_t forget(lp_board_t *board, const char *ssid, lp_fault_t *f)
{
    cJSON *params = cJSON_CreateObject();
    cJSON *result = NULL;
    cJSON_AddStringToObject(params, "ssid", ssid);
    const lp_exit_t rc = call(board, "Wifi.Forget", params, &result, f);
    if (rc == LP_EXIT_OK) {
        lp_ui_out("%s is forgotten", ssid);
        lp_ui_json_tree(result);
    }
    return rc;
}

static lp_exit_t label(lp_board_t *board, lp_fault_t *f)
{
    cJSON *result = NULL;
    const lp_exit_t rc = call(board, "Wifi.Label", NULL, &result, f);
    if (rc == LP_EXIT_OK) {
        lp_ui_out("network   %s", text(result, "ssid"));
        lp_ui_out("password  %s", text(result, "pass"));
        lp_ui_json_tree(result);
    }
    return rc;
}

static lp_exit_t set_ap(lp_board_t *board, bool wants_it, lp_fault_t *f)
{
    cJSON *params = cJSON_CreateObject();
    cJSON *result = NULL;
    cJSON_AddBoolToObject(params, "enable", wants_it);
    const lp_exit_t rc = call(board, "Wifi.SetupAP", params, &result, f);
    if (rc == LP_EXIT_OK) {
        lp_ui_out("the set-up network is %s",
                  wants_it ? "open; limpet wifi ap label has its password" : "closed");
        lp_ui_json_tree(result);
    }
    return rc;
}

// -- which of them

typedef enum {
    DO_SET,
    DO_SCAN,
    DO_STATUS,
    DO_FORGET,
    DO_OPEN,
    DO_CLOSE,
    DO_LABEL,
    DO_NOTHING
} action_t;

static action_t action_of(const wifi_t *o, int n, char **words)
{
    static const struct {
        const char *first, *second;
        action_t action;
    } table[] = {
        {"scan", NULL, DO_SCAN},   {"status", NULL, DO_STATUS}, {"ap", "open", DO_OPEN},
        {"ap", "close", DO_CLOSE}, {"ap", "label", DO_LABEL},   {"ap", NULL, DO_LABEL},
    };
    if (o->ssid != NULL) {
        return n == 0 ? DO_SET : DO_NOTHING;
    }
    for (size_t i = 0; n > 0 && i < sizeof table / sizeof table[0]; i++) {
        const bool has_second = table[i].second != NULL;
        if (strcmp(words[0], table[i].first) == 0 && n == 1 + has_second &&
            (!has_second || strcmp(words[1], table[i].second) == 0)) {
            return table[i].action;
        }
    }
    if (n == 2 && strcmp(words[0], "forget") == 0) {
        return DO_FORGET;
    }
    return n == 0 ? DO_STATUS : n == 1 && strcmp(words[0], "forget") != 0 ? DO_SET : DO_NOTHING;
}

static lp_exit_t act(const wifi_t *o, action_t action, const char *word, const char *pass,
                     lp_fault_t *f)
{
    lp_board_t *board = NULL;
    lp_exit_t rc = lp_board_open(&o->board, &board, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    switch (action) {
    case DO_SET:
        rc = set_network(o, board, pass, f);
        break;
    case DO_SCAN:
        rc = scan(board, f);
        break;
    case DO_STATUS:
        rc = status(board, f);
        break;
    case DO_FORGET:
        rc = forget(board, word, f);
        break;
    case DO_OPEN:
    case DO_CLOSE:
        rc = set_ap(board, action == DO_OPEN, f);
        break;
    case DO_LABEL:
        rc = label(board, f);
        break;
    case DO_NOTHING:
        break;
    }
    lp_board_close(board);
    return rc;
}

static int run(wifi_t *o, int n, char **words)
{
    lp_fault_t fault = {0};
    char pass[PASS_CAP] = "";
    const action_t action = action_of(o, n, words);
    if (action == DO_NOTHING) {
        return usage(n == 2 ? "a password is not a word of the command line"
                            : "that is none of the commands",
                     n == 2 ? "every user of this computer can read it there" : NULL);
    }
    if (action == DO_SET && o->ssid == NULL) {
        o->ssid = words[0];
    }
    if (action == DO_SET && !o->is_open &&
        (!lp_secret_line("LIMPET_WIFI_PASSWORD", "password of the network: ", pass, sizeof pass) ||
         !is_pass(o, pass))) {
        return usage("a password of 8 to 63 characters is needed",
                     "an open network is set with --open");
    }
    lp_interrupt_catch();
    const lp_exit_t rc = act(o, action, n > 1 ? words[1] : "", pass, &fault);
    explicit_bzero(pass, sizeof pass);
    return rc == LP_EXIT_OK ? LP_EXIT_OK : lp_fault_print(&fault);
}

int lp_cmd_wifi(int argc, char **argv)
{
    wifi_t o = {.board = {.port = "auto"}, .timeout_s = 60};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS(o.board),
        {"ssid", LP_OPT_STR, &o.ssid, "SSID", "the network, whatever it is called"},
        {"open", LP_OPT_BOOL, &o.is_open, NULL, "the network has no password"},
        {"slot", LP_OPT_INT, &o.slot, "N", "place of the three: 0 (default), 1, 2"},
        {"timeout", LP_OPT_INT, &o.timeout_s, "S", "how long to wait for the connection (60)"},
    };
    int n = 0;
    const int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n);
    return rc == LP_OPT_GO_ON ? run(&o, n, argv + 1) : rc;
}
