// SPDX-License-Identifier: Apache-2.0
// A receiver of satellite navigation, by the sentences that u-blox publishes for its receivers
// (UBX-13003221, chapter 31).
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "limpet/parts_line.h"
#include "source.h"

enum { SOURCE_MAX = 512, UART_USUAL = 2, UART_FIRST = 2, UART_LAST = 4, VALUES = 3 };

typedef struct {
    double value[VALUES]; // latitude, longitude, altitude
    bool has_fix, is_noisy;
} state_t;

struct lp_line_part {
    char file[SOURCE_MAX]; // "": fixed
    state_t state;
};

bool lp_line_part_is(const char *words)
{
    size_t len = strcspn(words, "@=");
    return len == 3 && memcmp(words, "gps", 3) == 0;
}

unsigned lp_line_part_uart(const char *words)
{
    const char *at = words + strcspn(words, "@=");
    if (*at != '@') {
        return UART_USUAL;
    }
    char *end = NULL;
    unsigned long n = strtoul(at + 1, &end, 10);
    return *end == '=' && n >= UART_FIRST && n <= UART_LAST ? (unsigned)n : 0;
}

static bool parse(const char *text, state_t *state)
{
    char word[16] = "";
    double v[VALUES] = {0, 0, 0};
    if (sscanf(text, " %15s", word) == 1 &&
        (strcmp(word, "nofix") == 0 || strcmp(word, "noise") == 0)) {
        state->has_fix = strcmp(word, "noise") == 0;
        state->is_noisy = state->has_fix;
        return true;
    }
    int n = sscanf(text, " %lf , %lf , %lf", &v[0], &v[1], &v[2]);
    if (n < 2 || !isfinite(v[2]) || !(fabs(v[0]) <= 90) || !(fabs(v[1]) <= 180) ||
        fabs(v[2]) > 1e5) {
        return false;
    }
    memcpy(state->value, v, sizeof v);
    state->has_fix = true;
    state->is_noisy = false;
    return true;
}

static bool parse_file(const char *path, state_t *state)
{
    char text[SOURCE_TEXT];
    return source_read(path, text) && parse(text, state);
}

lp_err_t lp_line_part_new(lp_line_part_t **out, const char *words, char *why, size_t why_cap)
{
    const char *values = strchr(words, '=');
    lp_line_part_t *part = calloc(1, sizeof *part);
    *out = NULL;
    if (part == NULL) {
        return LP_E_NOSPACE;
    }
    bool is_right = lp_line_part_is(words) && lp_line_part_uart(words) != 0 && values != NULL &&
                    strlen(values) < sizeof part->file;
    if (is_right && !parse(values + 1, &part->state)) {
        memcpy(part->file, values + 1, strlen(values));
        is_right = parse_file(part->file, &part->state);
    }
    if (!is_right) {
        snprintf(
            why, why_cap,
            "gps[@UART]=LATITUDE,LONGITUDE[,ALTITUDE], nofix, noise, or a file; UART is %d to %d",
            UART_FIRST, UART_LAST);
        free(part);
        return LP_E_FORMAT;
    }
    *out = part;
    return LP_OK;
}

void lp_line_part_free(lp_line_part_t *part)
{
    free(part);
}

// Degrees as the sentences have them: degrees and minutes in one number.
static void put_angle(char *out, size_t cap, double angle, int digits, const char *sides)
{
    double a = fabs(angle);
    int degrees = (int)a;
    double minutes = (a - degrees) * 60;
    if (minutes >= 59.999995) {
        degrees++;
        minutes = 0;
    }
    snprintf(out, cap, "%0*d%08.5f,%c", digits, degrees, minutes, angle < 0 ? sides[1] : sides[0]);
}

static size_t close_sentence(char *text, size_t len, size_t cap)
{
    unsigned sum = 0;
    for (size_t i = 1; i < len; i++) {
        sum ^= (unsigned char)text[i];
    }
    return len + (size_t)snprintf(text + len, cap - len, "*%02X\r\n", sum);
}

size_t lp_line_part_say(lp_line_part_t *part, int64_t utc_s, char text[LP_LINE_PART_TEXT_MAX])
{
    if (part->file[0] != '\0') {
        (void)parse_file(part->file, &part->state);
    }
    const state_t *s = &part->state;
    time_t t = (time_t)utc_s;
    struct tm tm;
    char clock[16], date[8], lat[24], lon[24];
    gmtime_r(&t, &tm);
    strftime(clock, sizeof clock, "%H%M%S.00", &tm);
    snprintf(date, sizeof date, "%02d%02d%02d", tm.tm_mday % 100, tm.tm_mon % 100 + 1,
             tm.tm_year % 100);
    put_angle(lat, sizeof lat, s->value[0], 2, "NS");
    put_angle(lon, sizeof lon, s->value[1], 3, "EW");
    size_t n = s->has_fix ? (size_t)snprintf(text, LP_LINE_PART_TEXT_MAX,
                                             "$GPGGA,%s,%s,%s,1,08,1.01,%.1f,M,48.0,M,,", clock,
                                             lat, lon, s->value[2])
                          : (size_t)snprintf(text, LP_LINE_PART_TEXT_MAX,
                                             "$GPGGA,%s,,,,,0,00,99.99,,,,,,", clock);
    n = close_sentence(text, n, LP_LINE_PART_TEXT_MAX);
    char *second = text + n;
    size_t cap = LP_LINE_PART_TEXT_MAX - n;
    size_t m = s->has_fix ? (size_t)snprintf(second, cap, "$GPRMC,%s,A,%s,%s,0.004,77.52,%s,,,A",
                                             clock, lat, lon, date)
                          : (size_t)snprintf(second, cap, "$GPRMC,%s,V,,,,,,,%s,,,N", clock, date);
    n += close_sentence(second, m, cap);
    if (s->is_noisy) { // once a sentence: two of them could cancel out in its checksum
        text[10] ^= 4;
        second[10] ^= 4;
    }
    return n;
}
