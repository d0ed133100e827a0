// SPDX-License-Identifier: Apache-2.0
// $GPGGA,hhmmss.ss,ddmm.mmmm,N,dddmm.mmmm,E,quality,satellites,hdop,altitude,M,...*XX
// $GPRMC,hhmmss.ss,A,ddmm.mmmm,N,dddmm.mmmm,E,knots,course,ddmmyy,...*XX
#include "limpet/nmea.h"

#include <string.h>

#include "limpet/civil.h"
#include "limpet/hex.h"

enum { ADDRESS_LEN = 5, CHECKSUM_LEN = 3, FRACTION_DIGITS = 7 };
enum { GGA_TIME = 1, GGA_POSITION = 2, GGA_QUALITY = 6, GGA_SATELLITES = 7, GGA_ALTITUDE = 9 };
enum { RMC_TIME = 1, RMC_STATUS = 2, RMC_POSITION = 3, RMC_DATE = 9 };

// The n-th field; empty when there is none.
static lp_span_t field(lp_span_t line, unsigned n)
{
    const uint8_t *at = line.ptr;
    const uint8_t *end = line.ptr + line.len;
    for (; n > 0; n--) {
        at = memchr(at, ',', (size_t)(end - at));
        if (at == NULL) {
            return lp_span(end, 0);
        }
        at++;
    }
    const uint8_t *comma = memchr(at, ',', (size_t)(end - at));
    return lp_span(at, (size_t)((comma != NULL ? comma : end) - at));
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

// Exactly `count` digits at `*at`, which moves behind them.
static bool take_digits(lp_span_t *at, unsigned count, int32_t *value)
{
    int32_t v = 0;
    if (at->len < count) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!is_digit(at->ptr[i])) {
            return false;
        }
        v = v * 10 + (at->ptr[i] - '0');
    }
    *value = v;
    *at = lp_span(at->ptr + count, at->len - count);
    return true;
}

// Nothing, or a point and digits, of which the first `digits` count. All of it.
static bool take_fraction(lp_span_t at, unsigned digits, int32_t *value)
{
    int32_t v = 0;
    if (at.len > 0 && at.ptr[0] != '.') {
        return false;
    }
    for (unsigned i = 1; i <= digits || i < at.len; i++) {
        if (i < at.len && !is_digit(at.ptr[i])) {
            return false;
        }
        if (i <= digits) {
            v = v * 10 + (i < at.len ? at.ptr[i] - '0' : 0);
        }
    }
    *value = v;
    return true;
}

// "ddmm.mmmm" and a letter. `positive` is N or E, `negative` S or W.
static bool take_angle(lp_span_t text, lp_span_t side, unsigned degree_digits, const char *letters,
                       int32_t *e7)
{
    int32_t degrees = 0;
    int32_t minutes = 0;
    int32_t fraction = 0;
    const int32_t most = degree_digits == 2 ? 90 : 180;
    if (!take_digits(&text, degree_digits, &degrees) || !take_digits(&text, 2, &minutes) ||
        !take_fraction(text, FRACTION_DIGITS, &fraction) || minutes > 59 || side.len != 1 ||
        (side.ptr[0] != letters[0] && side.ptr[0] != letters[1])) {
        return false;
    }
    if (degrees > most) {
        return false; // and too much for the number below
    }
    const int32_t all = degrees * 10000000 + (minutes * 10000000 + fraction) / 60;
    if (all > most * 10000000) {
        return false;
    }
    *e7 = side.ptr[0] == letters[1] ? -all : all;
    return true;
}

static bool take_position(lp_nmea_fix_t *fix, lp_span_t line, unsigned first)
{
    return take_angle(field(line, first), field(line, first + 1), 2, "NS", &fix->latitude_e7) &&
           take_angle(field(line, first + 2), field(line, first + 3), 3, "EW", &fix->longitude_e7);
}

// Up to six digits with a sign, in hundredths.
static bool take_altitude(lp_span_t text, int32_t *cm)
{
    int32_t whole = 0;
    int32_t hundredths = 0;
    const bool is_negative = text.len > 0 && text.ptr[0] == '-';
    if (is_negative) {
        text = lp_span(text.ptr + 1, text.len - 1);
    }
    unsigned digits = 0;
    while (digits < text.len && is_digit(text.ptr[digits])) {
        digits++;
    }
    if (digits == 0 || digits > 6 || !take_digits(&text, digits, &whole) ||
        !take_fraction(text, 2, &hundredths)) {
        return false;
    }
    *cm = (whole * 100 + hundredths) * (is_negative ? -1 : 1);
    return true;
}

static lp_err_t take_gga(lp_nmea_fix_t *fix, lp_span_t line)
{
    int32_t satellites = 0;
    lp_span_t count = field(line, GGA_SATELLITES);
    const lp_span_t quality = field(line, GGA_QUALITY);
    if (quality.len != 1 || !is_digit(quality.ptr[0]) || count.len > 2 ||
        !take_digits(&count, (unsigned)count.len, &satellites)) {
        return LP_E_FORMAT;
    }
    fix->has_fix = quality.ptr[0] != '0';
    fix->satellites = (uint8_t)satellites;
    if (!fix->has_fix) {
        return LP_OK;
    }
    return take_position(fix, line, GGA_POSITION) &&
                   take_altitude(field(line, GGA_ALTITUDE), &fix->altitude_cm)
               ? LP_OK
               : LP_E_FORMAT;
}

static bool take_time(lp_nmea_fix_t *fix, lp_span_t time, lp_span_t date)
{
    int32_t h = 0, m = 0, s = 0, fraction = 0;
    int32_t day = 0, month = 0, year = 0;
    if (time.len == 0 || date.len == 0) {
        fix->has_time = false; // not known yet
        return true;
    }
    if (!take_digits(&time, 2, &h) || !take_digits(&time, 2, &m) || !take_digits(&time, 2, &s) ||
        !take_fraction(time, 2, &fraction) || !take_digits(&date, 2, &day) ||
        !take_digits(&date, 2, &month) || !take_digits(&date, 2, &year) || date.len != 0) {
        return false;
    }
    if (h > 23 || m > 59 || s > 60 ||
        !lp_civil_is_day(2000 + year, (unsigned)month, (unsigned)day)) {
        return false;
    }
    const int64_t days = lp_civil_days(2000 + year, (unsigned)month, (unsigned)day);
    fix->has_time = true;
    fix->utc_s = days * 86400 + h * 3600 + m * 60 + s;
    return true;
}

static lp_err_t take_rmc(lp_nmea_fix_t *fix, lp_span_t line)
{
    const lp_span_t status = field(line, RMC_STATUS);
    if (status.len != 1 || (status.ptr[0] != 'A' && status.ptr[0] != 'V') ||
        !take_time(fix, field(line, RMC_TIME), field(line, RMC_DATE))) {
        return LP_E_FORMAT;
    }
    fix->has_fix = status.ptr[0] == 'A';
    return !fix->has_fix || take_position(fix, line, RMC_POSITION) ? LP_OK : LP_E_FORMAT;
}

// Everything between $ and * in one byte.
static lp_err_t check(lp_span_t line, lp_span_t *body)
{
    uint8_t want = 0;
    uint8_t sum = 0;
    lp_buf_t out = lp_buf(&want, 1);
    if (line.len < 1 + ADDRESS_LEN + CHECKSUM_LEN || line.len > LP_NMEA_LINE_MAX ||
        line.ptr[0] != '$' || line.ptr[line.len - CHECKSUM_LEN] != '*' ||
        lp_hex_decode(&out, lp_span(line.ptr + line.len - 2, 2)) != LP_OK) {
        return LP_E_FORMAT;
    }
    *body = lp_span(line.ptr + 1, line.len - 1 - CHECKSUM_LEN);
    for (size_t i = 0; i < body->len; i++) {
        sum ^= body->ptr[i];
    }
    return sum == want ? LP_OK : LP_E_CRC;
}

lp_err_t lp_nmea_take(lp_nmea_fix_t *fix, lp_span_t line)
{
    lp_nmea_fix_t fresh = *fix;
    lp_span_t body;
    lp_err_t err = check(line, &body);
    if (err != LP_OK) {
        return err;
    }
    const lp_span_t address = field(body, 0);
    const bool is_known = address.len == ADDRESS_LEN;
    if (is_known && memcmp(address.ptr + 2, "GGA", 3) == 0) {
        err = take_gga(&fresh, body);
    } else if (is_known && memcmp(address.ptr + 2, "RMC", 3) == 0) {
        err = take_rmc(&fresh, body);
    } else {
        err = LP_E_UNSUPPORTED;
    }
    if (err == LP_OK) {
        *fix = fresh;
    }
    return err;
}
