// SPDX-License-Identifier: Apache-2.0
// `limpet chip serve`.
#include "common.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "limpet/chipsim_server.h"
#include "limpet/parts.h"

enum { CHIPS = 8 };

typedef struct {
    const char *states[CHIPS];
    const char *models[CHIPS];
    const char *addrs[CHIPS];
    const char *parts[CHIPS];
    size_t n_states;
    size_t n_models;
    size_t n_addrs;
    size_t n_parts;
    const char *listen;
    const char *protocol;
    const char *timing;
    const char *faults;
    const char *log;
    const char *seed;
    bool trace;
    bool no_sync;
} serve_t;

typedef struct {
    lp_chipsim_t *chips[CHIPS];
    size_t n;
    lp_part_t *parts[CHIPS];
    size_t n_parts;
    lp_chipsim_bus_t *bus;
    lp_chipsim_server_t *server;
    FILE *log;
    bool trace;
    uint8_t last_op[128];
    uint64_t start_us;
    lp_chipsim_master_clock_t clock; // of all chips
} station_t;

static volatile sig_atomic_t stop_signal;
static volatile int stop_flag;

static void on_signal(int sig)
{
    stop_signal = sig;
    stop_flag = 1;
}

// ---- trace ------------------------------------------------------------------

// The chips' time, which is the board's when it tells it.
static uint64_t since_start_us(station_t *s)
{
    return lp_chipsim_master_clock_now(&s->clock) - s->start_us;
}

static bool is_part(const station_t *s, uint8_t addr)
{
    for (size_t i = 0; i < s->n_parts; i++) {
        if (lp_part_on_bus(s->parts[i])->addr == addr) {
            return true;
        }
    }
    return false;
}

static void on_seen(void *ctx, uint8_t addr, bool read, bool ack, lp_span_t bytes)
{
    station_t *s = ctx;
    char hex[600];
    uint64_t t = since_start_us(s);
    lp_chip_hex(hex, sizeof hex, bytes.ptr, bytes.len);
    if (s->log != NULL) {
        fprintf(s->log, "%llu %c %02x %s %s\n", (unsigned long long)t, read ? 'R' : 'W', addr,
                ack ? "ack" : "nack", hex);
        fflush(s->log);
    }
    if (!s->trace || (!ack && read)) {
        return; // polling of a busy chip is not shown
    }
    lp_chip_words_t w = {.len = 0};
    uint8_t *last = &s->last_op[addr & 127];
    if (!ack) {
        lp_chip_say(&w, "no acknowledge");
    } else if (is_part(s, addr)) {
        lp_chip_say(&w, "%s", hex);
    } else if (read) {
        lp_chip_decode_read(&w, bytes, *last);
    } else {
        lp_chip_decode_write(&w, bytes, last);
    }
    fprintf(stderr, "%10.3f ms  0x%02x %s %s\n", (double)t / 1000, addr, read ? "->" : "<-",
            w.text);
}

static void on_woken(void *ctx)
{
    station_t *s = ctx;
    uint64_t t = since_start_us(s);
    if (s->log != NULL) {
        fprintf(s->log, "%llu wake\n", (unsigned long long)t);
    }
    if (s->trace) {
        fprintf(stderr, "%10.3f ms  wake pulse\n", (double)t / 1000);
    }
}

// ---- chips ------------------------------------------------------------------

static int usage(const char *what, const char *why)
{
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, why, "limpet chip serve --help");
}

// A new chip at an address of its own: as if the configuration had been written before.
static lp_err_t make_at(const lp_chipsim_options_t *opt, uint64_t addr)
{
    lp_chipsim_image_t image;
    lp_err_t err = lp_chipsim_image_factory(&image, opt->model, NULL, opt->seed);
    if (err == LP_OK) {
        image.config[16] = (uint8_t)(addr << 1);
        err = lp_chipsim_image_save(&image, opt->state_path);
    }
    return err;
}

// Which model: the file's, or the one that --model names, or an ATECC508A.
static lp_err_t choose_model(lp_chipsim_options_t *opt, const char *model, bool *exists)
{
    lp_chipsim_image_t image;
    lp_err_t found = lp_chipsim_image_load(&image, opt->state_path);
    *exists = found == LP_OK;
    if (found != LP_OK && found != LP_E_NOT_FOUND) {
        return found;
    }
    opt->model = *exists ? image.model : LP_CHIPSIM_ATECC508A;
    lp_wipe(&image, sizeof image);
    return model != NULL ? lp_chipsim_model_parse(model, &opt->model) : LP_OK;
}

static int check_address(lp_chipsim_t *chip, uint64_t addr)
{
    char why[96];
    if (addr == 0 || lp_chipsim_addr(chip) == addr) {
        return LP_EXIT_OK;
    }
    snprintf(why, sizeof why, "its configuration says 0x%02x", lp_chipsim_addr(chip));
    return lp_ui_fail(LP_EXIT_CONFLICT, "chip-address", "the chip answers at another address", why,
                      "leave --addr out");
}

static int open_chip(lp_chipsim_t **out, lp_chipsim_options_t *opt, const char *model,
                     const char *addr_text)
{
    bool exists = false;
    uint64_t addr = 0;
    errno = 0;
    lp_err_t err = choose_model(opt, model, &exists);
    if (err == LP_E_NOT_FOUND) {
        return usage("no such model", "the models are atecc508a, atecc608a and atecc608b");
    }
    if (addr_text != NULL && (!lp_chip_parse_number(addr_text, 0x77, &addr) || addr < 8)) {
        return usage("--addr wants a 7-bit I2C address", "from 0x08 to 0x77");
    }
    if (err == LP_OK && !exists && addr != 0) {
        err = make_at(opt, addr);
        exists = err == LP_OK;
    }
    if (err == LP_OK) {
        err = exists ? lp_chipsim_open(out, opt) : lp_chipsim_new(out, opt);
    }
    return err == LP_OK ? check_address(*out, addr) : lp_chip_fail_state(err, opt->state_path);
}

static int open_chips(station_t *s, const serve_t *a)
{
    lp_chipsim_options_t opt = {.no_sync = a->no_sync,
                                .clock = {.now_us = lp_chipsim_master_clock_now, .ctx = &s->clock}};
    if (lp_chipsim_timing_parse(a->timing, &opt.timing) != LP_OK) {
        return usage("no such --timing", "typical, max, random or instant");
    }
    if (!lp_chip_parse_number(a->seed, UINT64_MAX, &opt.seed)) {
        return usage("--seed wants a whole number", NULL);
    }
    for (size_t i = 0; i < a->n_states; i++) {
        const char *model =
            a->n_models > 0 ? a->models[i < a->n_models ? i : a->n_models - 1] : NULL;
        const char *addr = i < a->n_addrs ? a->addrs[i] : NULL;
        opt.state_path = a->states[i];
        int result = open_chip(&s->chips[s->n], &opt, model, addr);
        s->n++; // finish() frees it, attached or not
        if (result != LP_EXIT_OK) {
            return result;
        }
        lp_chipsim_bus_attach(s->bus, s->chips[s->n - 1]);
    }
    return LP_EXIT_OK;
}

static int open_parts(station_t *s, const serve_t *a)
{
    char why[200] = "";
    for (size_t i = 0; i < a->n_parts; i++) {
        if (lp_part_new(&s->parts[s->n_parts], a->parts[i], NULL, why, sizeof why) != LP_OK) {
            return usage("--part is not understood", why);
        }
        s->n_parts++;
        lp_chipsim_bus_attach_part(s->bus, lp_part_on_bus(s->parts[i]));
    }
    return LP_EXIT_OK;
}

static int set_faults(station_t *s, const serve_t *a)
{
    lp_chipsim_faults_t faults;
    if (a->faults == NULL) {
        return LP_EXIT_OK;
    }
    if (lp_chipsim_faults_parse(a->faults, &faults) != LP_OK) {
        return usage("--fault is not understood",
                     "e.g. nack=1000,flip-to=20,flip-from=20,slow=50,nack-next=3,stuck-after=10,"
                     "cut-after-words=7,brown-out-after=9,lost-stop=1000,forge-from=1000,seed=1");
    }
    lp_chipsim_bus_faults(s->bus, &faults);
    return LP_EXIT_OK;
}

static int choose_protocol(const serve_t *a, lp_chipsim_protocol_t *out)
{
    if (lp_chipsim_protocol_parse(a->protocol, out) != LP_OK) {
        return usage("no such --protocol", "sc18im or kit");
    }
    return LP_EXIT_OK;
}

// ---- life -------------------------------------------------------------------

static int fail_listen(lp_err_t err, const char *where)
{
    char what[300];
    snprintf(what, sizeof what, "cannot listen on %.200s", where);
    if (err == LP_E_FORMAT) {
        return usage(what, "it is none of unix:PATH, tcp:HOST:PORT, pty and pty:LINK");
    }
    if (err == LP_E_EXISTS) {
        return lp_ui_fail(LP_EXIT_CONFLICT, "listen-taken", what,
                          "somebody listens there, or another file has that name",
                          "choose another name or port");
    }
    return lp_ui_fail(LP_EXIT_LOCAL, "listen", what, strerror(errno), NULL);
}

static void say_ready(const char *name)
{
    bool is_local = strncmp(name, "tcp:", 4) != 0 || strncmp(name, "tcp:127.", 8) == 0 ||
                    strncmp(name, "tcp:[::1]", 9) == 0;
    if (!is_local) {
        lp_ui_warn("%s can be reached from other computers, and nobody is asked who they are",
                   name);
    }
    if (lp_ui.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "event", "listening");
        cJSON_AddStringToObject(o, "address", name);
        lp_chip_put_json(o);
    } else {
        printf("listening on %s\n", name);
    }
    fflush(stdout);
}

static lp_chipsim_t *sick_chip(const station_t *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (lp_chipsim_health(s->chips[i]) != LP_OK) {
            return s->chips[i];
        }
    }
    return NULL;
}

static int run(station_t *s)
{
    while (stop_flag == 0) {
        lp_err_t err = lp_chipsim_server_turn(s->server, 200);
        if (err != LP_OK) {
            return lp_ui_fail(LP_EXIT_FAILED, "serve", "the listening socket failed",
                              strerror(errno), NULL);
        }
        if (sick_chip(s) != NULL) {
            return lp_ui_fail(LP_EXIT_LOCAL, "chip-state-io", "the chip's state cannot be saved",
                              "the chip was switched off before it could promise what is not on "
                              "the disk; the file holds the last good state",
                              "make room on the disk and start again");
        }
    }
    return LP_EXIT_OK;
}

static void catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal};
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
}

static int start(station_t *s, const serve_t *a)
{
    char name[300];
    lp_chipsim_protocol_t protocol;
    int result = choose_protocol(a, &protocol);
    if (result != LP_EXIT_OK) {
        return result;
    }
    s->bus = lp_chipsim_bus_new();
    s->trace = a->trace;
    s->start_us = lp_chipsim_master_clock_now(&s->clock);
    if (s->bus == NULL) {
        return lp_ui_fail(LP_EXIT_LOCAL, "memory", "out of memory", NULL, NULL);
    }
    result = open_chips(s, a);
    if (result == LP_EXIT_OK) {
        result = open_parts(s, a);
    }
    if (result == LP_EXIT_OK) {
        result = set_faults(s, a);
    }
    if (result == LP_EXIT_OK && a->log != NULL) {
        s->log = fopen(a->log, "a");
        if (s->log == NULL) {
            result = lp_ui_fail(LP_EXIT_LOCAL, "log", "the log cannot be written", strerror(errno),
                                NULL);
        }
    }
    if (result != LP_EXIT_OK) {
        return result;
    }
    lp_chipsim_tap_t tap = {.seen = on_seen, .woken = on_woken, .ctx = s};
    lp_chipsim_bus_tap(s->bus, &tap);
    lp_err_t err = lp_chipsim_server_open(&s->server, a->listen, s->bus, name, sizeof name);
    if (err != LP_OK) {
        return fail_listen(err, a->listen);
    }
    lp_chipsim_server_speak(s->server, protocol);
    lp_chipsim_server_set_clock(s->server, &s->clock);
    catch_signals();
    say_ready(name);
    return run(s);
}

static void finish(station_t *s)
{
    lp_chipsim_server_close(s->server);
    lp_chipsim_bus_free(s->bus);
    for (size_t i = 0; i < s->n; i++) {
        lp_chipsim_free(s->chips[i]);
    }
    for (size_t i = 0; i < s->n_parts; i++) {
        lp_part_free(s->parts[i]);
    }
    if (s->log != NULL) {
        fclose(s->log);
    }
}

static const lp_help_t HELP = {
    .name = "chip serve",
    .args = "",
    .summary = "Puts virtual chips on an I2C bus behind an adapter protocol.",
    .examples = {"limpet chip serve --model atecc508a --state chip.state --listen unix:chip.sock",
                 "limpet chip serve --state chip.state --listen pty:/tmp/chip --trace",
                 "limpet chip serve --state a --state b --addr 0x60 --addr 0x61 --listen tcp::0",
                 NULL},
    .notes =
        "A state file that is not there is made, factory new. --state, --model and --addr may be\n"
        "given several times, in the same order, for several chips on the bus. The chips keep\n"
        "power and state when a client goes. Prints one line when it is ready; SIGTERM ends it.\n"
        "--part, too, may come several times: KIND[@ADDR]=VALUES with sht3x "
        "(temperature,humidity)\n"
        "or bme280 (temperature,humidity,pressure) in Celsius, percent and hPa, or a file that "
        "has\n"
        "the numbers and is read at each measurement.\n"
        "--protocol: sc18im is the byte protocol of NXP's SC18IM700 bridge; kit is lines of text\n"
        "such as s:w(), s:t(0730000000035D), s:i(), ecc:p:s(C0), board:device(00), each answered\n"
        "by STATUS(HEX). docs/chip-emulator.md has every command and every status.\n"
        "--fault: nack=PPM flip-to=PPM flip-from=PPM slow=PERCENT nack-next=N stuck-after=N\n"
        "cut-after-words=N brown-out-after=N stretch-next=N stretch-us=N lost-stop=PPM\n"
        "forge-to=PPM forge-from=PPM replay=PPM seed=N, joined by commas. forge and replay are an\n"
        "adversary's: packets changed with a good checksum, old answers again.",
    .exit_codes = (const int[]){LP_EXIT_CONFLICT, LP_EXIT_LOCAL, 0}};

int lp_chip_serve(int argc, char **argv)
{
    serve_t a = {.protocol = "sc18im", .timing = "typical", .seed = "0"};
    if (!lp_opt_take_list(&argc, argv, "state", a.states, CHIPS, &a.n_states) ||
        !lp_opt_take_list(&argc, argv, "model", a.models, CHIPS, &a.n_models) ||
        !lp_opt_take_list(&argc, argv, "addr", a.addrs, CHIPS, &a.n_addrs) ||
        !lp_opt_take_list(&argc, argv, "part", a.parts, CHIPS, &a.n_parts)) {
        return usage("a bus has room for eight chips and eight other parts", NULL);
    }
    const char *state = NULL;
    const char *model = NULL;
    const char *addr = NULL;
    const char *part = NULL;
    const lp_opt_t opts[] = {
        {"state", LP_OPT_STR, &state, "FILE", "the chip; made if it is not there"},
        {"model", LP_OPT_STR, &model, "MODEL", "atecc508a, atecc608a or atecc608b"},
        {"listen", LP_OPT_STR, &a.listen, "WHERE",
         "unix:PATH, tcp:HOST:PORT (loopback), pty[:LINK]"},
        {"protocol", LP_OPT_STR, &a.protocol, "NAME", "sc18im (the default) or kit"},
        {"addr", LP_OPT_STR, &addr, "ADDR", "7-bit address of a new chip; 0x60 if left out"},
        {"part", LP_OPT_STR, &part, "WORDS", "a sensor beside it: sht3x=21.5,40; bme280=FILE"},
        {"timing", LP_OPT_STR, &a.timing, "HOW", "typical (the default), max, random, instant"},
        {"fault", LP_OPT_STR, &a.faults, "SPEC", "faults on the bus, see below"},
        {"log", LP_OPT_STR, &a.log, "FILE", "append every transfer; limpet chip trace reads it"},
        {"trace", LP_OPT_BOOL, &a.trace, NULL, "show every transfer in words on stderr"},
        {"seed", LP_OPT_STR, &a.seed, "N", "repeatable randomness for a new chip; tests only"},
        {"no-sync", LP_OPT_BOOL, &a.no_sync, NULL, "do not wait for the disk at each change"},
    };
    int n_args;
    int done = lp_opt_parse(&HELP, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (done != LP_OPT_GO_ON) {
        return done;
    }
    if (a.n_states == 0 && state != NULL) {
        a.states[a.n_states++] = state;
    }
    if (a.n_parts == 0 && part != NULL) {
        a.parts[a.n_parts++] = part;
    }
    if (a.n_models == 0 && model != NULL) {
        a.models[a.n_models++] = model;
    }
    if (a.n_states == 0 || a.listen == NULL) {
        return usage(a.listen == NULL ? "--listen WHERE is missing" : "--state FILE is missing",
                     NULL);
    }
    station_t s = {.n = 0};
    int result = start(&s, &a);
    finish(&s);
    return result;
}
