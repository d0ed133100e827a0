// SPDX-License-Identifier: Apache-2.0
// limpet pwm: pulses on a board's pin.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/board_cmd.h"
#include "limpet/cmd.h"
#include "words.h"

enum { PIN_MAX = 65535, FREQ_MAX_HZ = 100000000 };

static int usage(const char *why)
{
    return lp_ui_fail(LP_EXIT_USAGE, "usage", "that is not understood", why, "limpet pwm --help");
}

// "0.25" or "25%", as a part of 1 with six decimals. False: neither.
static bool take_duty(const char *word, double *duty)
{
    char *end = NULL;
    const size_t len = strspn(word, "0123456789.");
    *duty = strtod(word, &end);
    if (len == 0 || end != word + len) {
        return false;
    }
    if (strcmp(end, "%") == 0) {
        *duty /= 100;
    } else if (*end != '\0') {
        return false;
    }
    return *duty <= 1;
}

// The words as parameters; null with `why`: they are none.
static cJSON *take_words(int n, char **words, const char **why)
{
    long pin = 0;
    long freq = 0;
    double duty = 0;
    char text[16];
    *why = "the number of a pin is needed";
    if (n < 2 || !words_number(words[0], PIN_MAX, &pin)) {
        return NULL;
    }
    const bool is_off = strcmp(words[1], "off") == 0;
    *why = is_off ? "off takes no more words"
                  : "a frequency in Hz and a duty of 0 to 1, or a "
                    "percentage, are needed";
    if (is_off ? n != 2
               : n != 3 || !words_number(words[1], FREQ_MAX_HZ, &freq) ||
                     !take_duty(words[2], &duty)) {
        return NULL;
    }
    cJSON *params = cJSON_CreateObject();
    cJSON_AddNumberToObject(params, "pin", (double)pin);
    cJSON_AddNumberToObject(params, "freq", (double)freq);
    snprintf(text, sizeof text, "%.6f", duty); // no exponent, and no more digits than it takes
    cJSON_AddRawToObject(params, "duty", text);
    return params;
}

static int run(const lp_board_options_t *o, cJSON *params)
{
    lp_fault_t fault = {0};
    cJSON *result = NULL;
    const lp_exit_t rc = lp_board_call_once(o, "PWM.Set", params, 0, &result, &fault);
    if (rc != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    lp_ui_info("pwm: done");
    lp_ui_json_tree(result);
    return LP_EXIT_OK;
}

int lp_cmd_pwm(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "pwm",
        .args = "PIN FREQUENCY DUTY | PIN off",
        .summary = "Makes pulses on a board's pin: a lamp that is dimmed, a servo.",
        .examples = {"limpet pwm 4 1000 25%", "limpet pwm 4 50 0.075", "limpet pwm 4 off", NULL},
        .notes = "The frequency is in Hz, the duty the part of the time in which the pin is high.\n"
                 "Where a board has no hardware for it, a timer makes up to 100 Hz. limpet gpio\n"
                 "release PIN lets the pin go.",
        .exit_codes = lp_board_exits,
        .max_args = 3,
    };
    lp_board_options_t o = {.port = "auto"};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS(o),
    };
    int n_args = 0;
    const char *why = NULL;
    const int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    cJSON *params = take_words(n_args, argv + 1, &why);
    return params != NULL ? run(&o, params) : usage(why);
}
