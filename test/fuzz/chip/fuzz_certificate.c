// SPDX-License-Identifier: Apache-2.0
// Anything in slots 10 to 12 of a Trust part: its certificates are the ones it was made with, or
// none come out.
#include <stdlib.h>
#include <string.h>

#include "limpet/chipsim_trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SLOT = 72, FIRST = 10, SLOTS = 3 };

static lp_chipsim_image_t part;
static uint8_t whole[LP_CHIPSIM_CERTS][LP_CHIPSIM_CERT_MAX];
static size_t whole_len[LP_CHIPSIM_CERTS];

static void make_part(void)
{
    if (whole_len[0] != 0) {
        return;
    }
    if (lp_chipsim_image_factory(&part, LP_CHIPSIM_ATECC608B, NULL, 4) != LP_OK ||
        lp_chipsim_image_variant(&part, LP_CHIPSIM_TNGTLS) != LP_OK) {
        abort();
    }
    for (int i = 0; i < LP_CHIPSIM_CERTS; i++) {
        if (lp_chipsim_certificate(&part, (lp_chipsim_cert_t)i, whole[i], &whole_len[i]) != LP_OK) {
            abort();
        }
    }
}

// The input is what differs, XORed over the three slots: all zeros change nothing.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t der[LP_CHIPSIM_CERT_MAX];
    make_part();
    lp_chipsim_image_t image = part;
    for (size_t i = 0; i < size && i < SLOT * SLOTS; i++) {
        size_t len;
        lp_chipsim_slot(&image, FIRST + (unsigned)(i / SLOT), &len)[i % SLOT] ^= data[i];
    }
    for (int i = 0; i < LP_CHIPSIM_CERTS; i++) {
        size_t len = 0;
        lp_err_t err = lp_chipsim_certificate(&image, (lp_chipsim_cert_t)i, der, &len);
        if (err == LP_OK ? len != whole_len[i] || memcmp(der, whole[i], len) != 0
                         : err != LP_E_NOT_FOUND && err != LP_E_FORMAT) {
            abort();
        }
    }
    return 0;
}
