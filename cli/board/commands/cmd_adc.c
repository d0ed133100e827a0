// SPDX-License-Identifier: Apache-2.0
// limpet adc: a board's analog inputs, for somebody who wires it.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "limpet/board_cmd.h"
#include "limpet/cmd.h"
#include "words.h"

enum { PIN_MAX = 65535, SAMPLES_MAX = 32, EVERY_MS = 200, EVERY_MS_MAX = 3600000 };

typedef struct {
    lp_board_options_t board;
    long samples, every_ms;
} adc_options_t;

static int usage(const char *what, const char *why)
{
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, why, "limpet adc --help");
}

static lp_exit_t read_channel(lp_board_t *board, long channel, long samples, cJSON **result,
                              lp_fault_t *f)
{
    cJSON *params = cJSON_CreateObject();
    cJSON_AddNumberToObject(params, "pin", (double)channel);
    cJSON_AddNumberToObject(params, "samples", (double)samples);
    return lp_board_call(board, "ADC.Read", params, 0, result, f);
}

// -- all of them

// With what is on the wire now; a channel that cannot be read is shown without.
static lp_exit_t show_channel(lp_board_t *board, cJSON *channel, long samples)
{
    lp_fault_t ignored = {0};
    cJSON *result = NULL;
    char is[24] = "-";
    const long number = words_int(channel, "pin");
    if (read_channel(board, number, samples, &result, &ignored) == LP_EXIT_OK) {
        snprintf(is, sizeof is, "%d mV", words_int(result, "mv"));
        cJSON_AddNumberToObject(channel, "value", words_int(result, "value"));
        cJSON_AddNumberToObject(channel, "mv", words_int(result, "mv"));
    }
    cJSON_Delete(result);
    lp_ui_out("%4ld  %-12.12s  %-8s  %2d bits of %d mV  %.12s", number, words_text(channel, "name"),
              is, words_int(channel, "bits"), words_int(channel, "reference_mv"),
              words_text(channel, "user"));
    return lp_interrupt_seen() ? LP_EXIT_INTERRUPTED : LP_EXIT_OK;
}

static lp_exit_t show_all(lp_board_t *board, const adc_options_t *o, lp_fault_t *f)
{
    cJSON *channels = NULL;
    cJSON *channel = NULL;
    lp_exit_t rc = lp_board_call(board, "ADC.Info", NULL, 0, &channels, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (cJSON_GetArraySize(channels) == 0) {
        lp_ui_info("this board has no analog inputs");
    }
    cJSON_ArrayForEach(channel, channels)
    {
        rc = rc == LP_EXIT_OK ? show_channel(board, channel, o->samples) : rc;
    }
    lp_ui_json_tree(channels);
    return rc;
}

// -- one

static lp_exit_t show_one(lp_board_t *board, const adc_options_t *o, long channel, lp_fault_t *f)
{
    cJSON *result = NULL;
    const lp_exit_t rc = read_channel(board, channel, o->samples, &result, f);
    if (rc == LP_EXIT_OK) {
        lp_ui_out("%d mV (%d)", words_int(result, "mv"), words_int(result, "value"));
        lp_ui_json_tree(result);
    }
    return rc;
}

// A line a change, until Ctrl-C.
static lp_exit_t watch(lp_board_t *board, const adc_options_t *o, long channel, lp_fault_t *f)
{
    int before = -1;
    while (!lp_interrupt_seen()) {
        cJSON *result = NULL;
        const lp_exit_t rc = read_channel(board, channel, o->samples, &result, f);
        if (rc != LP_EXIT_OK) {
            return rc;
        }
        const int now = words_int(result, "value");
        if (now != before) {
            lp_ui_out("%d mV (%d)", words_int(result, "mv"), now);
            lp_ui_json_tree(result);
            fflush(stdout);
        } else {
            cJSON_Delete(result);
        }
        before = now;
        lp_ui_pause(o->every_ms);
    }
    return LP_EXIT_INTERRUPTED;
}

static int run(const adc_options_t *o, int n, char **words)
{
    static lp_fault_t fault;
    lp_board_t *board = NULL;
    long channel = 0;
    const char *name = n > 0 ? words[0] : "info";
    const bool is_info = strcmp(name, "info") == 0;
    const bool is_watch = strcmp(name, "watch") == 0;
    if (!is_info && !is_watch && strcmp(name, "read") != 0) {
        return usage("that is none of info, read, watch", NULL);
    }
    if (is_info ? n > 1 : n != 2 || !words_number(words[1], PIN_MAX, &channel)) {
        return usage("that is not understood",
                     is_info ? "info takes no more words" : "the number of one input is needed");
    }
    lp_interrupt_catch();
    lp_exit_t rc = lp_board_open(&o->board, &board, &fault);
    if (rc == LP_EXIT_OK && is_info) {
        rc = show_all(board, o, &fault);
    } else if (rc == LP_EXIT_OK) {
        rc = is_watch ? watch(board, o, channel, &fault) : show_one(board, o, channel, &fault);
    }
    lp_board_close(board);
    return rc == LP_EXIT_OK || rc == LP_EXIT_INTERRUPTED ? (int)rc : lp_fault_print(&fault);
}

int lp_cmd_adc(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "adc",
        .args = "[info | read INPUT | watch INPUT]",
        .summary = "Shows a board's analog inputs and what is on them.",
        .examples = {"limpet adc", "limpet adc read 0 --samples 16", "limpet adc watch 0", NULL},
        .notes = "In parentheses is the converter's own number. watch prints a line a change, "
                 "until Ctrl-C.",
        .exit_codes = lp_board_exits,
        .max_args = 2,
    };
    adc_options_t o = {.board = {.port = "auto"}, .samples = 1, .every_ms = EVERY_MS};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS(o.board),
        {"samples", LP_OPT_INT, &o.samples, "N", "conversions of which the mean is told (1 to 32)"},
        {"every-ms", LP_OPT_INT, &o.every_ms, "MS", "how often watch looks (200)"},
    };
    int n_args = 0;
    const int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (o.samples < 1 || o.samples > SAMPLES_MAX || o.every_ms < 1 || o.every_ms > EVERY_MS_MAX) {
        return usage("--samples is 1 to 32, --every-ms 1 to 3600000", NULL);
    }
    return run(&o, n_args, argv + 1);
}
