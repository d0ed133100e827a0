// SPDX-License-Identifier: Apache-2.0
#include "limpet/keyflash.h"

#include "limpet/fmt.h"

static const char *store_key(char text[LP_STORE_KEY_MAX], const char *name)
{
    (void)lp_fmt_str(text, LP_STORE_KEY_MAX, "key/%s", name);
    return text;
}

bool lp_keyflash_has(const lp_store_t *store, const char *name)
{
    char text[LP_STORE_KEY_MAX];
    size_t len;
    return lp_store_len(store, store_key(text, name), &len) == LP_OK && len == LP_KEY_SECRET_BYTES;
}

static lp_err_t load(void *ctx, const char *name, uint8_t key[LP_KEY_SECRET_BYTES])
{
    char text[LP_STORE_KEY_MAX];
    if (!lp_keyflash_has(ctx, name)) {
        return LP_E_NOT_FOUND;
    }
    lp_buf_t out = lp_buf(key, LP_KEY_SECRET_BYTES);
    return lp_store_get(ctx, store_key(text, name), &out);
}

static lp_err_t save(void *ctx, const char *name, const uint8_t key[LP_KEY_SECRET_BYTES])
{
    char text[LP_STORE_KEY_MAX];
    const bool replaces = lp_keyflash_has(ctx, name);
    const lp_store_item_t item = {.key = store_key(text, name),
                                  .value = lp_span(key, LP_KEY_SECRET_BYTES)};
    const lp_err_t err = lp_store_put(ctx, &item, 1);
    // The old key must not stay readable behind the new one.
    return err == LP_OK && replaces ? lp_store_scrub(ctx) : err;
}

void lp_keyflash_init(lp_keyfile_io_t *io, lp_store_t *store)
{
    *io = (lp_keyfile_io_t){.load = load, .save = save, .ctx = store};
}
