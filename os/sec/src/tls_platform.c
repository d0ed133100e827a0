// SPDX-License-Identifier: Apache-2.0
// Memory and time for mbedTLS.
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>

#include "limpet/port/clock.h"
#include "lp_mbedtls_platform.h"
#include "tls_internal.h"

lp_arena_t lp_tls_arena;

void *lp_tls_calloc(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return lp_arena_take(&lp_tls_arena, count * size);
}

void lp_tls_free(void *ptr)
{
    lp_arena_give(&lp_tls_arena, ptr);
}

int64_t lp_tls_time(int64_t *out)
{
    int64_t utc_s = 0;
    if (lp_port_utc_s(&utc_s) != LP_OK) {
        utc_s = 0;
    }
    if (out != NULL) {
        *out = utc_s;
    }
    return utc_s;
}

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return (mbedtls_ms_time_t)lp_port_now_ms();
}

// Days since 1970 to a civil date, for all years from 1970 on. Eras of 400 years begin on 1 March.
static void set_date(int64_t days, struct tm *tm)
{
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; // from March
    tm->tm_mday = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    tm->tm_mon = (int)(month < 10 ? month + 2 : month - 10);
    tm->tm_year = (int)(year_of_era + era * 400 - 1900 + (tm->tm_mon < 2 ? 1 : 0));
}

struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *tt, struct tm *tm_buf)
{
    int64_t utc_s = *tt;
    if (utc_s < 0) {
        return NULL;
    }
    *tm_buf = (struct tm){0};
    set_date(utc_s / 86400, tm_buf);
    tm_buf->tm_hour = (int)(utc_s % 86400 / 3600);
    tm_buf->tm_min = (int)(utc_s % 3600 / 60);
    tm_buf->tm_sec = (int)(utc_s % 60);
    return tm_buf;
}
