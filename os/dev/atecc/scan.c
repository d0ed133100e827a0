// SPDX-License-Identifier: Apache-2.0
// Looks for chips of the family on a bus, one address after the other.
#include "limpet/atecc_detect.h"

// Factory-new, Trust&GO, TrustFLEX, and addresses that boards are known to choose.
const uint8_t lp_atecc_scan_addrs[] = {0x60, 0x35, 0x36, 0x58};
const size_t lp_atecc_scan_addrs_len = sizeof lp_atecc_scan_addrs;

static bool is_bus_error(lp_err_t err)
{
    return err == LP_E_I2C_BUS || err == LP_E_TIMEOUT || err == LP_E_IO || err == LP_E_CLOSED;
}

static void next(lp_atecc_scan_t *scan, lp_err_t err)
{
    // Nothing is under way any more: the request has completed and the chip, if any, rests.
    (void)lp_atecc_deinit(&scan->chip_);
    scan->next_++;
    if (scan->found_len == scan->found_cap_ || is_bus_error(err) ||
        scan->next_ == lp_atecc_scan_addrs_len) {
        scan->done_(scan->ctx_, scan->found_len > 0 ? LP_OK : scan->worst_);
    } else {
        lp_loop_post(scan->loop_, &scan->event_);
    }
}

static void on_rested(void *ctx, lp_err_t err)
{
    next(ctx, err);
}

// What to report when nothing is found: the first error that says more than "nobody is there".
static void on_identified(void *ctx, lp_err_t err)
{
    lp_atecc_scan_t *scan = ctx;
    if (err == LP_OK) {
        scan->found_len++;
        err = lp_atecc_rest(&scan->chip_, &scan->req_, LP_ATECC_SLEEP, on_rested, scan);
        if (err == LP_OK) {
            return;
        }
    } else if (scan->worst_ == LP_E_CHIP_MISSING) {
        scan->worst_ = err;
    }
    next(scan, err);
}

static void look(void *ctx)
{
    lp_atecc_scan_t *scan = ctx;
    const lp_atecc_config_t cfg = {
        .loop = scan->loop_,
        .bus = scan->bus_,
        .addr = lp_atecc_scan_addrs[scan->next_],
        .is_hasty = true,
    };
    lp_atecc_init(&scan->chip_, &cfg);
    scan->req_ = (lp_atecc_req_t){0};
    (void)lp_atecc_identify(&scan->chip_, &scan->req_, &scan->found[scan->found_len], on_identified,
                            scan); // cannot fail: all of it is new
}

lp_err_t lp_atecc_scan(lp_atecc_scan_t *scan, lp_loop_t *loop, lp_i2c_bus_t *bus,
                       lp_atecc_id_t *found, size_t cap, lp_atecc_done_fn *done, void *ctx)
{
    if (scan == NULL || loop == NULL || bus == NULL || found == NULL || cap == 0 || done == NULL) {
        return LP_E_INVALID;
    }
    *scan = (lp_atecc_scan_t){.found = found,
                              .found_cap_ = cap,
                              .worst_ = LP_E_CHIP_MISSING,
                              .loop_ = loop,
                              .bus_ = bus,
                              .done_ = done,
                              .ctx_ = ctx};
    lp_event_init(&scan->event_, look, scan);
    lp_loop_post(loop, &scan->event_);
    return LP_OK;
}
