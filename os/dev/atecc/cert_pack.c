// SPDX-License-Identifier: Apache-2.0
// The 72 bytes. @source DS20006367A, sections 2.1 to 2.9
//
//   bits of bytes 64-66:  yyyyymmm mdddddhh hhheeeee
//   byte 71, format 1, 2: YYEE---- the high bits of year and expire years
#include <string.h>

#include "limpet/atecc_cert.h"

enum {
    AT_DATES = 64,
    AT_SIGNER = 67,
    AT_IDS = 69,
    AT_SOURCE = 70,
    AT_EXTENSION = 71,
    FORMAT_MAX = 2,
    YEAR_0 = 2000,
};

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_in(unsigned year, unsigned month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static bool is_date(unsigned year, const lp_atecc_cert_dates_t *d)
{
    return d->month >= 1 && d->month <= 12 && d->day >= 1 && d->day <= days_in(year, d->month) &&
           d->hour < 24;
}

static bool are_dates_good(const lp_atecc_cert_dates_t *d, uint8_t format)
{
    const unsigned years_max = format == 0 ? 31 : 127;
    return d->year >= YEAR_0 && d->year - YEAR_0 <= (int)years_max &&
           d->expire_years <= years_max && is_date(d->year, d) &&
           is_date((unsigned)d->year + d->expire_years, d);
}

lp_err_t lp_atecc_cert_pack(const lp_atecc_cert_t *c, uint8_t out[LP_ATECC_CERT_LEN])
{
    const lp_atecc_cert_dates_t *d = &c->dates;
    if (c->format > FORMAT_MAX || c->template_id > 15 || c->chain_id > 15 || c->sn_source > 15 ||
        !are_dates_good(d, c->format)) {
        return LP_E_RANGE;
    }
    const unsigned year = d->year - YEAR_0;
    memcpy(out, c->signature, sizeof c->signature);
    out[AT_DATES] = (uint8_t)((year & 31) << 3 | d->month >> 1);
    out[AT_DATES + 1] = (uint8_t)((d->month & 1) << 7 | d->day << 2 | d->hour >> 3);
    out[AT_DATES + 2] = (uint8_t)((d->hour & 7) << 5 | (d->expire_years & 31));
    out[AT_SIGNER] = (uint8_t)(c->signer_id >> 8);
    out[AT_SIGNER + 1] = (uint8_t)c->signer_id;
    out[AT_IDS] = (uint8_t)(c->template_id << 4 | c->chain_id);
    out[AT_SOURCE] = (uint8_t)(c->sn_source << 4 | c->format);
    out[AT_EXTENSION] = (uint8_t)((year >> 5) << 6 | (d->expire_years >> 5) << 4);
    return LP_OK;
}

lp_err_t lp_atecc_cert_unpack(const uint8_t in[LP_ATECC_CERT_LEN], lp_atecc_cert_t *out)
{
    const uint8_t *d = in + AT_DATES;
    lp_atecc_cert_t c = {
        .signer_id = (uint16_t)(in[AT_SIGNER] << 8 | in[AT_SIGNER + 1]),
        .template_id = in[AT_IDS] >> 4,
        .chain_id = in[AT_IDS] & 15,
        .sn_source = in[AT_SOURCE] >> 4,
        .format = in[AT_SOURCE] & 15,
    };
    const unsigned more = c.format == 0 ? 0 : in[AT_EXTENSION];
    c.dates = (lp_atecc_cert_dates_t){
        .year = (uint16_t)(YEAR_0 + ((more >> 6) << 5 | d[0] >> 3)),
        .month = (uint8_t)((d[0] & 7) << 1 | d[1] >> 7),
        .day = d[1] >> 2 & 31,
        .hour = (uint8_t)((d[1] & 3) << 3 | d[2] >> 5),
        .expire_years = (uint8_t)((more >> 4 & 3) << 5 | (d[2] & 31)),
    };
    if (c.format > FORMAT_MAX || !are_dates_good(&c.dates, c.format)) {
        return LP_E_FORMAT;
    }
    memcpy(c.signature, in, sizeof c.signature);
    *out = c;
    return LP_OK;
}

void lp_atecc_pub_pack(const uint8_t pub[64], uint8_t slot[72])
{
    memset(slot, 0, 72);
    memcpy(slot + 4, pub, 32);
    memcpy(slot + 40, pub + 32, 32);
}

void lp_atecc_pub_unpack(const uint8_t slot[72], uint8_t pub[64])
{
    memcpy(pub, slot + 4, 32);
    memcpy(pub + 32, slot + 40, 32);
}
