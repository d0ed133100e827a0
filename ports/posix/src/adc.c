// SPDX-License-Identifier: Apache-2.0
// The analog inputs of a board that is a process: four, each a voltage that stays, or one that a
// file says at each conversion.
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limpet/pins_adc.h"
#include "limpet/posix.h"
#include "posix_internal.h"

enum { FILE_TEXT_MAX = 64, FRACTION_DIGITS = 6, VOLTS_MAX = 1000, NAME_MAX_BYTES = 32 };

#define CHANNEL(n) [n] = {.name = "ADC" #n, .reference_mv = 3300, .bits = 12}
const lp_adc_info_t lp_pins_adc_table[] = {CHANNEL(0), CHANNEL(1), CHANNEL(2), CHANNEL(3)};
const uint16_t lp_pins_adc_count = sizeof lp_pins_adc_table / sizeof lp_pins_adc_table[0];
_Static_assert(sizeof lp_pins_adc_table / sizeof lp_pins_adc_table[0] == LP_POSIX_ADC_COUNT,
               "as many as the header says");

static char files[LP_POSIX_ADC_COUNT][LP_POSIX_ADC_PATH_MAX];

// -- "1.2", "1.2V", "-0.5 V", "1200mV"

// Digits with at most six behind the point, as millionths. False: no number.
static bool take_millionths(const char **at, int64_t *value)
{
    const char *p = *at;
    int decimals = -1; // of what was read; -1: before the point
    int64_t sum = 0;
    unsigned digits = 0;
    for (; isdigit((unsigned char)*p) || (*p == '.' && decimals < 0); p++) {
        if (*p == '.') {
            decimals = 0;
        } else if (decimals < FRACTION_DIGITS) {
            sum = sum * 10 + (*p - '0');
            decimals += decimals >= 0 ? 1 : 0;
            digits++;
        }
        if (digits > 15) {
            return false;
        }
    }
    for (int i = decimals < 0 ? 0 : decimals; i < FRACTION_DIGITS; i++) {
        sum *= 10;
    }
    *at = p;
    *value = sum;
    return digits > 0;
}

bool lp_posix_adc_parse(const char *text, int32_t *uv)
{
    int64_t value = 0;
    const char *at = text + strspn(text, " \t\r\n");
    const bool is_negative = *at == '-';
    at += is_negative ? 1 : 0;
    if (!take_millionths(&at, &value)) {
        return false;
    }
    at += strspn(at, " \t");
    if (strncmp(at, "mV", 2) == 0) {
        value /= 1000;
        at += 2;
    } else if (*at == 'V') {
        at++;
    }
    at += strspn(at, " \t\r\n");
    if (*at != '\0' || value > (int64_t)VOLTS_MAX * 1000000) {
        return false;
    }
    *uv = (int32_t)(is_negative ? -value : value);
    return true;
}

// -- what is wired

// A file that is not there, or has something else in it, is a converter that does not answer.
static lp_err_t read_file(void *ctx, int32_t *uv)
{
    char text[FILE_TEXT_MAX];
    const int fd = open(ctx, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return LP_E_IO;
    }
    const ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return lp_posix_adc_parse(text, uv) ? LP_OK : LP_E_IO;
}

static void remember(unsigned channel, const char *where)
{
    char name[NAME_MAX_BYTES];
    snprintf(name, sizeof name, "LIMPET_POSIX_ADC%u", channel);
    (void)setenv(name, where, 1); // an image that comes after a reboot of the board finds it
}

lp_err_t lp_posix_adc_wire(unsigned channel, const char *where, char *why, size_t why_cap)
{
    int32_t uv = 0;
    if (channel >= LP_POSIX_ADC_COUNT) {
        snprintf(why, why_cap, "this board has the analog inputs 0 to %d", LP_POSIX_ADC_COUNT - 1);
        return LP_E_NOT_FOUND;
    }
    if (lp_posix_adc_parse(where, &uv)) {
        remember(channel, where);
        return lp_pins_adc_set((uint16_t)channel, uv);
    }
    if (access(where, R_OK) != 0 || strlen(where) >= sizeof files[0]) {
        snprintf(why, why_cap,
                 "%s: a voltage (1.2V, 1200mV), or a file that has one, is needed; not read: %s",
                 where, strlen(where) >= sizeof files[0] ? "too long" : strerror(errno));
        return LP_E_FORMAT;
    }
    snprintf(files[channel], sizeof files[channel], "%s", where);
    remember(channel, where);
    return lp_pins_adc_wire((uint16_t)channel, read_file, files[channel]);
}

bool lp_posix_adc_restore(unsigned channel)
{
    char name[NAME_MAX_BYTES];
    char ignored[8];
    snprintf(name, sizeof name, "LIMPET_POSIX_ADC%u", channel);
    const char *where = lp_posix_is_rebooted() ? getenv(name) : NULL;
    return where != NULL && lp_posix_adc_wire(channel, where, ignored, sizeof ignored) == LP_OK;
}
