// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "secrets_rig.h"

static const lp_chipsim_model_t models[] = {LP_CHIPSIM_ATECC508A, LP_CHIPSIM_ATECC608A,
                                            LP_CHIPSIM_ATECC608B};

uint8_t secret[32];
uint8_t other_secret[32];
uint8_t num_in[20];

void with_secrets(lp_chipsim_image_t *image)
{
    for (uint8_t i = 0; i < 32; i++) {
        secret[i] = (uint8_t)(0x80 + i);
        other_secret[i] = (uint8_t)(i * i);
        num_in[i % 20] = (uint8_t)(i * 7);
    }
    world_set_data(image, 7, secret, 32);
    world_set_data(image, 6, other_secret, 32);
}

void each_model(void (*craft)(lp_chipsim_image_t *), void (*fn)(world_t *w))
{
    for (size_t i = 0; i < 3; i++) {
        world_t *w = world_crafted(models[i], craft);
        fn(w);
        world_free(w);
    }
}

bool is_508(const world_t *w)
{
    return w->model == LP_CHIPSIM_ATECC508A;
}

void begin_random(world_t *w, lp_atecc_tempkey_t *tk)
{
    uint8_t random[32];
    RUN(w, LP_OK, lp_atecc_nonce_random(&w->chip, &w->req, num_in, random, world_done, w));
    lp_atecc_calc_nonce_random(tk, random, num_in);
}
