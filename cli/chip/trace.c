// SPDX-License-Identifier: Apache-2.0
// `limpet chip trace`: a log or a logic analyser's CSV in words; a log played again against a chip.
#include "trace.h"

#include <errno.h>
#include <string.h>

enum { LINE = 2048 };

// ---- the log of `limpet chip serve --log`: "US wake" or "US W|R ADDR ack|nack HEX"

static bool parse_line(char *line, lp_chip_transfer_t *t)
{
    char kind[8];
    char ack[8];
    unsigned long long us;
    unsigned addr;
    int used = 0;
    *t = (lp_chip_transfer_t){.len = sizeof t->bytes};
    if (sscanf(line, "%llu %7s%n", &us, kind, &used) != 2) {
        return false;
    }
    t->us = us;
    t->wake = strcmp(kind, "wake") == 0;
    if (t->wake) {
        t->len = 0;
        return true;
    }
    int more = 0;
    if (sscanf(line + used, " %2x %7s%n", &addr, ack, &more) != 2 || addr > 0x7F) {
        return false;
    }
    t->addr = (uint8_t)addr;
    t->read = strcmp(kind, "R") == 0;
    t->ack = strcmp(ack, "ack") == 0;
    bool known = (t->read || strcmp(kind, "W") == 0) && (t->ack || strcmp(ack, "nack") == 0);
    return known && lp_chip_parse_hex(line + used + more, t->bytes, &t->len);
}

int lp_chip_read_log(FILE *f, lp_chip_transfer_fn *each, void *ctx)
{
    char line[LINE];
    lp_chip_transfer_t t;
    for (int number = 1; fgets(line, sizeof line, f) != NULL; number++) {
        if (!parse_line(line, &t)) {
            return number;
        }
        each(ctx, &t);
    }
    return 0;
}

// ---- in words ---------------------------------------------------------------

typedef struct {
    uint8_t last_op[128];
} reader_t;

static void show(void *ctx, const lp_chip_transfer_t *t)
{
    reader_t *r = ctx;
    lp_chip_words_t w = {.len = 0};
    uint8_t *last = &r->last_op[t->addr & 127];
    lp_span_t bytes = lp_span(t->bytes, t->len);
    if (t->wake || (t->addr == 0 && !t->read)) {
        lp_chip_say(&w, "wake pulse");
    } else if (!t->ack) {
        lp_chip_say(&w, "no acknowledge");
    } else {
        t->read ? lp_chip_decode_read(&w, bytes, *last) : lp_chip_decode_write(&w, bytes, last);
    }
    if (lp_ui.json) {
        char hex[1208];
        lp_chip_hex(hex, sizeof hex, t->bytes, t->len);
        cJSON *o = cJSON_CreateObject();
        cJSON_AddNumberToObject(o, "us", (double)t->us);
        cJSON_AddNumberToObject(o, "address", t->addr);
        cJSON_AddStringToObject(o, "direction", t->wake ? "wake" : t->read ? "read" : "write");
        cJSON_AddBoolToObject(o, "ack", t->ack);
        cJSON_AddStringToObject(o, "bytes", hex);
        cJSON_AddStringToObject(o, "words", w.text);
        lp_chip_put_json(o);
    } else {
        printf("%10.3f ms  0x%02x %s %s\n", (double)t->us / 1000, t->addr, t->read ? "->" : "<-",
               w.text);
    }
}

// ---- again ------------------------------------------------------------------

typedef struct {
    lp_chipsim_bus_t *bus;
    uint64_t now_us;
    unsigned transfers;
    unsigned differing;
} replay_t;

static uint64_t replay_clock(void *ctx)
{
    return ((const replay_t *)ctx)->now_us;
}

static void play(void *ctx, const lp_chip_transfer_t *t)
{
    replay_t *r = ctx;
    uint8_t got[sizeof t->bytes];
    r->now_us = t->us + 1000;
    r->transfers++;
    if (t->wake) {
        lp_chipsim_bus_wake(r->bus);
        return;
    }
    lp_err_t err = t->read ? lp_chipsim_bus_read(r->bus, t->addr, got, t->len)
                           : lp_chipsim_bus_write(r->bus, t->addr, t->bytes, t->len);
    bool same = (err == LP_OK) == t->ack &&
                (!t->read || err != LP_OK || memcmp(got, t->bytes, t->len) == 0);
    if (!same) {
        r->differing++;
        lp_ui_warn("transfer %u at %.3f ms answers differently", r->transfers,
                   (double)t->us / 1000);
    }
}

static int report_replay(const replay_t *r)
{
    if (lp_ui.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddNumberToObject(o, "transfers", r->transfers);
        cJSON_AddNumberToObject(o, "differing", r->differing);
        lp_chip_put_json(o);
    } else {
        printf("%u transfers played again, %u answered differently\n", r->transfers, r->differing);
    }
    return r->differing == 0 ? LP_EXIT_OK : LP_EXIT_FAILED;
}

// ---- the command ------------------------------------------------------------

static int fail_line(const char *path, int line)
{
    char what[300];
    snprintf(what, sizeof what, "%.200s, line %d, is not understood", path, line);
    return lp_ui_fail(LP_EXIT_LOCAL, "trace-format", what, NULL,
                      "limpet chip serve --log FILE writes what --log reads");
}

static int replay(FILE *f, const char *path, const char *state)
{
    lp_chipsim_image_t image;
    int result = lp_chip_load(state, &image);
    if (result != LP_EXIT_OK) {
        return result;
    }
    replay_t r = {.bus = lp_chipsim_bus_new()};
    lp_chipsim_t *chip = NULL;
    lp_chipsim_options_t opt = {.clock = {.now_us = replay_clock, .ctx = &r}};
    if (r.bus == NULL || lp_chipsim_from_image(&chip, &opt, &image) != LP_OK) {
        result = lp_ui_fail(LP_EXIT_LOCAL, "memory", "out of memory", NULL, NULL);
    } else {
        lp_chipsim_bus_attach(r.bus, chip);
        int line = lp_chip_read_log(f, play, &r);
        result = line != 0 ? fail_line(path, line) : report_replay(&r);
    }
    lp_chipsim_bus_free(r.bus);
    lp_chipsim_free(chip);
    lp_wipe(&image, sizeof image);
    return result;
}

static int run(const char *path, bool csv, const char *state)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (f == NULL) {
        return lp_ui_fail(LP_EXIT_LOCAL, "trace-file", "the trace cannot be read", strerror(errno),
                          NULL);
    }
    int result;
    if (state != NULL) {
        result = replay(f, path, state);
    } else {
        reader_t r = {.last_op = {0}};
        int line = csv ? lp_chip_read_csv(f, show, &r) : lp_chip_read_log(f, show, &r);
        result = line != 0 ? fail_line(path, line) : LP_EXIT_OK;
    }
    if (f != stdin) {
        fclose(f);
    }
    return result;
}

int lp_chip_trace(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_LOCAL, 0};
    static const lp_help_t help = {
        .name = "chip trace",
        .args = "",
        .summary = "Shows the transfers of a bus in words, or plays them again.",
        .examples = {"limpet chip serve ... --trace            # live",
                     "limpet chip trace --log bus.log", "limpet chip trace --csv analyser.csv",
                     NULL},
        .notes =
            "--log reads what limpet chip serve --log wrote; --csv what a logic analyser exports\n"
            "for I2C. With --replay STATE the log is played against a copy of that chip, with the\n"
            "times of the log, and every answer compared; exit code 1 if one differs.",
        .exit_codes = exits};
    const char *log = NULL;
    const char *csv = NULL;
    const char *state = NULL;
    const lp_opt_t opts[] = {
        {"log", LP_OPT_STR, &log, "FILE", "a log of limpet chip serve; - for standard input"},
        {"csv", LP_OPT_STR, &csv, "FILE", "a logic analyser's export"},
        {"replay", LP_OPT_STR, &state, "STATE",
         "play the log against this chip, which stays as it is"},
    };
    int n_args;
    int done = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (done != LP_OPT_GO_ON) {
        return done;
    }
    if ((log == NULL) == (csv == NULL) || (csv != NULL && state != NULL)) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "one of --log and --csv is needed",
                          "--replay goes with --log", "limpet chip trace --help");
    }
    return run(log != NULL ? log : csv, csv != NULL, state);
}
