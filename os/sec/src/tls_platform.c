// SPDX-License-Identifier: Apache-2.0
// Time and random numbers for mbedTLS, and its keys.
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/psa_util.h>
#include <psa/crypto.h>

#include "limpet/civil.h"
#include "limpet/port/clock.h"
#include "lp_mbedtls_platform.h"
#include "tls_internal.h"

// The end of the year 9999, the last a certificate can name.
#define LAST_S INT64_C(253402300800)

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

struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *tt, struct tm *tm_buf)
{
    int64_t utc_s = *tt;
    if (utc_s < 0 || utc_s >= LAST_S) {
        return NULL;
    }
    const lp_civil_t date = lp_civil_of((int32_t)(utc_s / 86400));
    *tm_buf =
        (struct tm){.tm_year = date.year - 1900, .tm_mon = date.month - 1, .tm_mday = date.day};
    tm_buf->tm_hour = (int)(utc_s % 86400 / 3600);
    tm_buf->tm_min = (int)(utc_s % 3600 / 60);
    tm_buf->tm_sec = (int)(utc_s % 60);
    return tm_buf;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *output, size_t output_size,
                                             size_t *output_length)
{
    (void)context;
    if (lp_tls_rng_fill(NULL, output, output_size) != 0) {
        return PSA_ERROR_INSUFFICIENT_ENTROPY;
    }
    *output_length = output_size;
    return PSA_SUCCESS;
}

lp_err_t lp_tls_library_init(void)
{
    if (psa_crypto_init() == PSA_SUCCESS) {
        return LP_OK;
    }
    mbedtls_psa_crypto_free();
    return LP_E_NOSPACE;
}

void lp_tls_library_deinit(void)
{
    mbedtls_psa_crypto_free();
}
