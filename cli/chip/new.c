// SPDX-License-Identifier: Apache-2.0
// `limpet chip new`.
#include "common.h"

#include <errno.h>
#include <limits.h>

static int fail_model(const char *name)
{
    char why[128];
    snprintf(why, sizeof why, "\"%.60s\" is none of atecc508a, atecc608a, atecc608b", name);
    return lp_ui_fail(LP_EXIT_USAGE, "usage", "no such model", why, "limpet chip new --help");
}

static int fail_serial(void)
{
    return lp_ui_fail(LP_EXIT_USAGE, "usage", "the serial number is not one",
                      "it is nine bytes in hex that begin with 01 23, e.g. 0123456789ABCDEFEE",
                      "leave --serial out to get a unique one");
}

static int report(const lp_chipsim_image_t *image, const char *path)
{
    char serial[32];
    lp_chip_serial(serial, image);
    if (lp_ui.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "model", lp_chipsim_model_name(image->model));
        cJSON_AddStringToObject(o, "serial", serial);
        cJSON_AddStringToObject(o, "state", path);
        lp_chip_put_json(o);
    } else {
        bool locked = image->config[87] == 0;
        printf("%s %s, %s, in %s\n", lp_chipsim_model_name(image->model), serial,
               locked ? "provisioned and locked by its maker" : "factory new", path);
    }
    return LP_EXIT_OK;
}

// What was asked for, as it was typed.
typedef struct {
    const char *model;
    const char *variant;
    const char *serial; // null: unique
    const char *seed;
} wish_t;

static int check(const wish_t *w, lp_chipsim_options_t *opt,
                 uint8_t serial[LP_CHIPSIM_SERIAL_BYTES])
{
    size_t serial_len = LP_CHIPSIM_SERIAL_BYTES;
    if (opt->state_path == NULL) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--state FILE is missing",
                          "a chip needs a file to live in", "limpet chip new --help");
    }
    if (lp_chipsim_model_parse(w->model, &opt->model) != LP_OK) {
        return fail_model(w->model);
    }
    if (lp_chipsim_variant_parse(w->variant, &opt->variant) != LP_OK ||
        (opt->variant != LP_CHIPSIM_PLAIN && opt->model == LP_CHIPSIM_ATECC508A)) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "there is no such variant of this model",
                          "plain; of the 608s tngtls (Trust&GO) and tflxtls (TrustFLEX), too",
                          NULL);
    }
    if (!lp_chip_parse_number(w->seed, UINT64_MAX, &opt->seed)) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--seed wants a whole number", NULL, NULL);
    }
    if (w->serial == NULL) {
        return LP_EXIT_OK;
    }
    if (!lp_chip_parse_hex(w->serial, serial, &serial_len) ||
        serial_len != LP_CHIPSIM_SERIAL_BYTES || serial[0] != 0x01 || serial[1] != 0x23) {
        return fail_serial();
    }
    opt->serial = serial;
    return LP_EXIT_OK;
}

int lp_chip_new(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_CONFLICT, LP_EXIT_LOCAL, 0};
    static const lp_help_t help = {
        .name = "chip new",
        .args = "",
        .summary = "Makes a factory-new virtual chip: nothing locked, a serial number of its own.",
        .examples = {"limpet chip new --model atecc508a --state chip.state",
                     "limpet chip new --model atecc608b --state chip.state --seed 1", NULL},
        .notes = "The state file holds the chip's secrets in the clear; it is made with mode 0600.",
        .exit_codes = exits};
    const char *model_name = "atecc508a";
    const char *state = NULL;
    const char *serial_hex = NULL;
    const char *variant = "plain";
    const char *seed_text = "0";
    const lp_opt_t opts[] = {
        {"model", LP_OPT_STR, &model_name, "MODEL",
         "atecc508a (the default), atecc608a, atecc608b"},
        {"variant", LP_OPT_STR, &variant, "KIND",
         "plain (the default), tngtls or tflxtls: locked by the maker"},
        {"state", LP_OPT_STR, &state, "FILE", "where the chip will live"},
        {"serial", LP_OPT_STR, &serial_hex, "HEX", "nine bytes; a unique number if left out"},
        {"seed", LP_OPT_STR, &seed_text, "N", "makes every random byte repeatable; for tests only"},
    };
    int n_args;
    int done = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (done != LP_OPT_GO_ON) {
        return done;
    }
    lp_chipsim_options_t opt = {.state_path = state};
    uint8_t serial[LP_CHIPSIM_SERIAL_BYTES];
    const wish_t wish = {model_name, variant, serial_hex, seed_text};
    int result = check(&wish, &opt, serial);
    if (result != LP_EXIT_OK) {
        return result;
    }
    lp_chipsim_t *chip;
    errno = 0;
    lp_err_t err = lp_chipsim_new(&chip, &opt);
    if (err != LP_OK) {
        return lp_chip_fail_state(err, state);
    }
    result = report(lp_chipsim_image(chip), state);
    lp_chipsim_free(chip);
    return result;
}
