// SPDX-License-Identifier: Apache-2.0
// The chip emulator on stdin and stdout, for the differential run: one request a line, one answer a
// line, no clock but the one that is told.
//
//   n MODEL SEED          a factory-new chip            -> image
//   l MODEL SEED IMAGE    a chip with this content      -> ok
//   k                     wake pulse                    -> ok
//   w HEX                 I2C write to the chip         -> ok | nack
//   r COUNT               I2C read from the chip        -> HEX | nack
//   c HEX                 word address 3 and a command group, then its whole answer -> HEX | nack
//   t MICROSECONDS        time passes                   -> ok
//   p                     power off and on              -> ok
//   i                     the whole content             -> HEX
//   b HEALTH SELFTEST ECC parts of the silicon fail: 0|1, bits, how many operations -> ok
//   g 0|1                 level outside on the GPIO pin of a single-wire part -> ok
//   u                     microseconds until the chip is no longer busy -> NUMBER
//   x NAME                chips from now on lack this rule (chipsim_rules.h); without a name: none
//   does z                     the names of all rules        -> NAMES y TIMING              how
//   long chips from now on take: instant (as at first), typical, max
// Answers to w, c and t end in the bytes of the EEPROM that changed: " OFFSET:HEX" each.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/chipsim.h"
#include "limpet/chipsim_rules.h"
#include "limpet/hex.h"

enum {
    IMAGE_BYTES = LP_CHIPSIM_CONFIG_BYTES + LP_CHIPSIM_OTP_BYTES + LP_CHIPSIM_DATA_BYTES,
    LINE_BYTES = 4096,
    GROUP_BYTES = 256,
    WORD_COMMAND = 3,
    WAKE_DELAY_US = 1500,
    POWER_UP_US = 100,
    SWI_COMMAND = 0x77,
    SWI_TRANSMIT = 0x88,
};

typedef struct {
    lp_chipsim_t *chip;
    lp_chipsim_bus_t *bus;
    uint64_t now_us;
    uint8_t told[IMAGE_BYTES]; // what the other side knows of the content
    lp_chipsim_timing_t timing;
    lp_chipsim_rule_t missing; // LP_CHIPSIM_RULES: none
} runner_t;

static uint64_t now_us(void *ctx)
{
    return ((runner_t *)ctx)->now_us;
}

static void print_hex(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        printf("%02x", bytes[i]);
    }
}

static bool parse_hex(const char *text, uint8_t *out, size_t cap, size_t *len)
{
    lp_buf_t buf = lp_buf(out, cap);
    const lp_err_t err = lp_hex_decode(&buf, lp_span(text, strlen(text)));
    *len = buf.len;
    return err == LP_OK;
}

static void content(const runner_t *r, uint8_t out[IMAGE_BYTES])
{
    const lp_chipsim_image_t *image = lp_chipsim_image(r->chip);
    memcpy(out, image->config, LP_CHIPSIM_CONFIG_BYTES);
    memcpy(out + LP_CHIPSIM_CONFIG_BYTES, image->otp, LP_CHIPSIM_OTP_BYTES);
    memcpy(out + LP_CHIPSIM_CONFIG_BYTES + LP_CHIPSIM_OTP_BYTES, image->data,
           LP_CHIPSIM_DATA_BYTES);
}

static void print_changes(runner_t *r)
{
    uint8_t now[IMAGE_BYTES];
    content(r, now);
    for (size_t at = 0; at < IMAGE_BYTES; at++) {
        size_t end = at;
        while (end < IMAGE_BYTES && now[end] != r->told[end]) {
            end++;
        }
        if (end > at) {
            printf(" %zu:", at);
            print_hex(now + at, end - at);
            at = end;
        }
    }
    memcpy(r->told, now, IMAGE_BYTES);
    putchar('\n');
}

static bool start(runner_t *r, const lp_chipsim_image_t *image)
{
    lp_chipsim_bus_free(r->bus);
    lp_chipsim_free(r->chip);
    r->chip = NULL;
    r->bus = lp_chipsim_bus_new();
    const lp_chipsim_options_t opt = {
        .model = image->model,
        .timing = r->timing,
        .clock = {.now_us = now_us, .ctx = r},
    };
    if (r->bus == NULL || lp_chipsim_from_image(&r->chip, &opt, image) != LP_OK ||
        lp_chipsim_bus_attach(r->bus, r->chip) != LP_OK) {
        return false;
    }
    if (r->missing != LP_CHIPSIM_RULES) {
        lp_chipsim_rule_switch(r->chip, r->missing, false);
    }
    r->now_us += POWER_UP_US;
    content(r, r->told);
    return true;
}

static bool factory(lp_chipsim_image_t *image, const char *model_name, const char *seed)
{
    lp_chipsim_model_t model;
    return lp_chipsim_model_parse(model_name, &model) == LP_OK &&
           lp_chipsim_image_factory(image, model, NULL, strtoull(seed, NULL, 10)) == LP_OK;
}

// n MODEL SEED and l MODEL SEED IMAGE
static bool do_new(runner_t *r, char *words[4])
{
    lp_chipsim_image_t image;
    uint8_t bytes[IMAGE_BYTES];
    size_t len = 0;
    if (words[1] == NULL || words[2] == NULL || !factory(&image, words[1], words[2])) {
        return false;
    }
    if (words[0][0] == 'l') {
        if (words[3] == NULL || !parse_hex(words[3], bytes, sizeof bytes, &len) ||
            len != IMAGE_BYTES) {
            return false;
        }
        memcpy(image.config, bytes, LP_CHIPSIM_CONFIG_BYTES);
        memcpy(image.otp, bytes + LP_CHIPSIM_CONFIG_BYTES, LP_CHIPSIM_OTP_BYTES);
        memcpy(image.data, bytes + LP_CHIPSIM_CONFIG_BYTES + LP_CHIPSIM_OTP_BYTES,
               LP_CHIPSIM_DATA_BYTES);
    }
    if (!start(r, &image)) {
        return false;
    }
    print_hex(r->told, IMAGE_BYTES);
    putchar('\n');
    return true;
}

// Single-wire parts know flags instead of addresses (chapter 5 of the sheet).
static bool is_single_wire(const runner_t *r)
{
    return (lp_chipsim_image(r->chip)->config[14] & 1) == 0;
}

static lp_err_t bus_write(runner_t *r, const uint8_t *bytes, size_t len)
{
    return lp_chipsim_bus_write(r->bus, lp_chipsim_addr(r->chip), bytes, len);
}

static bool do_write(runner_t *r, const char *hex)
{
    uint8_t bytes[GROUP_BYTES];
    size_t len;
    if (!parse_hex(hex, bytes, sizeof bytes, &len)) {
        return false;
    }
    fputs(bus_write(r, bytes, len) == LP_OK ? "ok" : "nack", stdout);
    print_changes(r);
    return true;
}

static bool do_read(runner_t *r, const char *count)
{
    uint8_t bytes[GROUP_BYTES];
    const size_t len = strtoul(count, NULL, 10);
    if (len > sizeof bytes) {
        return false;
    }
    if (lp_chipsim_bus_read(r->bus, lp_chipsim_addr(r->chip), bytes, len) != LP_OK) {
        puts("nack");
        return true;
    }
    print_hex(bytes, len);
    putchar('\n');
    return true;
}

static bool swi_command(runner_t *r, const uint8_t *group, size_t len, uint8_t *answer)
{
    lp_buf_t out = lp_buf(answer, GROUP_BYTES);
    return lp_chipsim_swi(r->chip, SWI_COMMAND, lp_span(group, len), NULL) == LP_OK &&
           lp_chipsim_swi(r->chip, SWI_TRANSMIT, lp_span(NULL, 0), &out) == LP_OK && out.len > 0;
}

static bool i2c_command(runner_t *r, const uint8_t *bytes, size_t len, uint8_t *answer)
{
    const uint8_t addr = lp_chipsim_addr(r->chip);
    return bus_write(r, bytes, len) == LP_OK &&
           lp_chipsim_bus_read(r->bus, addr, answer, 1) == LP_OK && answer[0] >= 1 &&
           (answer[0] == 1 ||
            lp_chipsim_bus_read(r->bus, addr, answer + 1, (size_t)answer[0] - 1) == LP_OK);
}

// A whole command as a driver does it. A chip that is busy would not acknowledge the read; with
// instant timing it never is.
static bool do_command(runner_t *r, const char *hex)
{
    uint8_t group[GROUP_BYTES] = {WORD_COMMAND};
    uint8_t answer[GROUP_BYTES];
    size_t len;
    if (!parse_hex(hex, group + 1, sizeof group - 1, &len)) {
        return false;
    }
    const bool answered = is_single_wire(r) ? swi_command(r, group + 1, len, answer)
                                            : i2c_command(r, group, len + 1, answer);
    if (answered) {
        print_hex(answer, answer[0]);
    } else {
        fputs("nack", stdout);
    }
    print_changes(r);
    return true;
}

static bool do_wake(runner_t *r)
{
    if (is_single_wire(r)) {
        lp_chipsim_swi_wake(r->chip);
    } else {
        (void)lp_chipsim_bus_wake(r->bus);
    }
    r->now_us += WAKE_DELAY_US;
    puts("ok");
    return true;
}

static bool do_power(runner_t *r)
{
    lp_chipsim_power_off(r->chip);
    lp_chipsim_power_on(r->chip);
    r->now_us += POWER_UP_US;
    puts("ok");
    return true;
}

static bool do_time(runner_t *r, const char *us)
{
    r->now_us += strtoull(us, NULL, 10);
    fputs("ok", stdout);
    print_changes(r);
    return true;
}

static bool do_image(runner_t *r)
{
    content(r, r->told);
    print_hex(r->told, IMAGE_BYTES);
    putchar('\n');
    return true;
}

static unsigned number(const char *word)
{
    return word == NULL ? 0 : (unsigned)strtoul(word, NULL, 10);
}

static bool do_break(runner_t *r, char *words[4])
{
    const lp_chipsim_defects_t defects = {
        .rng_health = number(words[1]) != 0,
        .selftest = (uint8_t)number(words[2]),
        .ecc_faults = (uint8_t)number(words[3]),
    };
    lp_chipsim_break(r->chip, &defects);
    puts("ok");
    return true;
}

static bool do_busy(runner_t *r)
{
    const uint64_t until = lp_chipsim_busy_until_us(r->chip);
    printf("%llu\n", (unsigned long long)(until > r->now_us ? until - r->now_us : 0));
    return true;
}

static bool do_without(runner_t *r, const char *name)
{
    r->missing = LP_CHIPSIM_RULES;
    for (unsigned rule = 0; rule < LP_CHIPSIM_RULES; rule++) {
        if (strcmp(lp_chipsim_rule_name((lp_chipsim_rule_t)rule), name) == 0) {
            r->missing = (lp_chipsim_rule_t)rule;
        }
    }
    if (name[0] != '\0' && r->missing == LP_CHIPSIM_RULES) {
        return false;
    }
    puts("ok");
    return true;
}

static bool do_timing(runner_t *r, const char *name)
{
    if (lp_chipsim_timing_parse(name, &r->timing) != LP_OK) {
        return false;
    }
    puts("ok");
    return true;
}

static bool do_rules(void)
{
    for (unsigned rule = 0; rule < LP_CHIPSIM_RULES; rule++) {
        printf("%s ", lp_chipsim_rule_name((lp_chipsim_rule_t)rule));
    }
    putchar('\n');
    return true;
}

// Requests that need no chip; false: it is none of them, or not understood.
static bool obey_without_chip(runner_t *r, char *words[4], const char *arg)
{
    switch (words[0][0]) {
    case 'n':
    case 'l':
        return do_new(r, words);
    case 'x':
        return do_without(r, arg);
    case 'y':
        return do_timing(r, arg);
    case 'z':
        return do_rules();
    default:
        return false;
    }
}

static bool obey(runner_t *r, char *words[4])
{
    const char *arg = words[1] == NULL ? "" : words[1];
    if (words[0] == NULL) {
        return false;
    }
    if (strchr("nlxyz", words[0][0]) != NULL) {
        return obey_without_chip(r, words, arg);
    }
    if (r->chip == NULL) {
        return false;
    }
    switch (words[0][0]) {
    case 'k':
        return do_wake(r);
    case 'w':
        return do_write(r, arg);
    case 'r':
        return do_read(r, arg);
    case 'c':
        return do_command(r, arg);
    case 't':
        return do_time(r, arg);
    case 'p':
        return do_power(r);
    case 'i':
        return do_image(r);
    case 'b':
        return do_break(r, words);
    case 'g':
        lp_chipsim_set_pin(r->chip, arg[0] == '1');
        puts("ok");
        return true;
    case 'u':
        return do_busy(r);
    default:
        return false;
    }
}

static void split(char *line, char *words[4])
{
    for (size_t i = 0; i < 4; i++) {
        line += strspn(line, " \n");
        words[i] = *line == '\0' ? NULL : line;
        line += strcspn(line, " \n");
        if (*line != '\0') {
            *line++ = '\0';
        }
    }
}

int main(void)
{
    static runner_t runner = {.timing = LP_CHIPSIM_TIMING_INSTANT, .missing = LP_CHIPSIM_RULES};
    static char line[LINE_BYTES];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *words[4];
        split(line, words);
        if (!obey(&runner, words)) {
            puts("bad request");
        }
        fflush(stdout);
    }
    lp_chipsim_bus_free(runner.bus);
    lp_chipsim_free(runner.chip);
    return 0;
}
