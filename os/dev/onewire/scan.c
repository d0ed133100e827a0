// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "limpet/onewire.h"

static void on_found(void *ctx, lp_err_t err);

static lp_err_t ask(lp_onewire_scan_t *s)
{
    return lp_onewire_search_next(s->bus_, &s->search_, on_found, s);
}

// The end, or the next look.
static void go_on(lp_onewire_scan_t *s)
{
    lp_err_t err = s->search_.is_over_               ? LP_OK
                   : s->count == LP_ONEWIRE_SCAN_MAX ? LP_E_NOSPACE
                                                     : LP_E_AGAIN;
    if (err == LP_E_AGAIN) {
        err = ask(s);
        if (err == LP_OK) {
            return;
        }
    }
    s->done_(s->ctx_, err);
}

static void on_found(void *ctx, lp_err_t err)
{
    lp_onewire_scan_t *s = ctx;
    if (err == LP_OK) {
        memcpy(s->rom[s->count++], s->search_.rom, LP_ONEWIRE_ROM_BYTES);
        s->tries_ = 0;
    } else if (err == LP_E_NOT_FOUND && s->count == 0) {
        s->done_(s->ctx_, LP_OK);
        return;
    } else if (err != LP_E_CRC || ++s->tries_ == LP_ONEWIRE_SCAN_TRIES) {
        s->done_(s->ctx_, err);
        return;
    }
    go_on(s);
}

lp_err_t lp_onewire_scan(lp_onewire_t *bus, lp_onewire_scan_t *scan, lp_onewire_done_fn *done,
                         void *ctx)
{
    *scan = (lp_onewire_scan_t){.bus_ = bus, .done_ = done, .ctx_ = ctx};
    lp_onewire_search_init(&scan->search_, LP_ONEWIRE_SEARCH_ROM);
    return ask(scan);
}
