// SPDX-License-Identifier: Apache-2.0
// Looks for chips of the family on a bus, one address after the other.
#include "limpet/atecc_detect.h"

enum { FIRST_ADDR = 0x08, LAST_ADDR = 0x77 }; // the others are reserved by the I2C specification

// Factory-new, Trust&GO, TrustFLEX, and addresses that boards are known to choose.
const uint8_t lp_atecc_scan_addrs[] = {0x60, 0x35, 0x36, 0x58};
const size_t lp_atecc_scan_addrs_len = sizeof lp_atecc_scan_addrs;

static bool is_bus_error(lp_err_t err)
{
    return err == LP_E_I2C_BUS || err == LP_E_TIMEOUT || err == LP_E_IO || err == LP_E_CLOSED;
}

// The i-th address to look at: the usual ones, then (if all) the rest of the bus. 0: no more.
static uint8_t address(const lp_atecc_scan_t *scan, size_t i)
{
    if (i < sizeof lp_atecc_scan_addrs) {
        return lp_atecc_scan_addrs[i];
    }
    const size_t addr = FIRST_ADDR + i - sizeof lp_atecc_scan_addrs;
    return scan->is_all_ && addr <= LAST_ADDR ? (uint8_t)addr : 0;
}

static bool is_usual(uint8_t addr)
{
    for (size_t i = 0; i < sizeof lp_atecc_scan_addrs; i++) {
        if (lp_atecc_scan_addrs[i] == addr) {
            return true;
        }
    }
    return false;
}

static void next(lp_atecc_scan_t *scan, lp_err_t err)
{
    // Nothing is under way any more: the request has completed and the chip, if any, rests.
    (void)lp_atecc_deinit(&scan->chip_);
    do {
        scan->next_++;
    } while (scan->next_ >= sizeof lp_atecc_scan_addrs && is_usual(address(scan, scan->next_)));
    if (scan->found_len == scan->found_cap_ || is_bus_error(err) ||
        address(scan, scan->next_) == 0) {
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
    const uint8_t addr = address(scan, scan->next_);
    const lp_atecc_config_t cfg = {
        .loop = scan->loop_,
        .bus = scan->bus_,
        .addr = addr,
        .is_hasty = true,
        .is_shy = !is_usual(addr),
    };
    lp_atecc_init(&scan->chip_, &cfg);
    scan->req_ = (lp_atecc_req_t){0};
    (void)lp_atecc_identify(&scan->chip_, &scan->req_, &scan->found[scan->found_len], on_identified,
                            scan); // cannot fail: all of it is new
}

static lp_err_t start(lp_atecc_scan_t *scan, const lp_atecc_scan_t *fresh)
{
    if (scan == NULL || fresh->loop_ == NULL || fresh->bus_ == NULL || fresh->found == NULL ||
        fresh->found_cap_ == 0 || fresh->done_ == NULL) {
        return LP_E_INVALID;
    }
    *scan = *fresh;
    scan->worst_ = LP_E_CHIP_MISSING;
    lp_event_init(&scan->event_, look, scan);
    lp_loop_post(scan->loop_, &scan->event_);
    return LP_OK;
}

lp_err_t lp_atecc_scan(lp_atecc_scan_t *scan, lp_loop_t *loop, lp_i2c_bus_t *bus,
                       lp_atecc_id_t *found, size_t cap, lp_atecc_done_fn *done, void *ctx)
{
    const lp_atecc_scan_t fresh = {
        .found = found, .found_cap_ = cap, .loop_ = loop, .bus_ = bus, .done_ = done, .ctx_ = ctx};
    return start(scan, &fresh);
}

lp_err_t lp_atecc_scan_all(lp_atecc_scan_t *scan, lp_loop_t *loop, lp_i2c_bus_t *bus,
                           lp_atecc_id_t *found, size_t cap, lp_atecc_done_fn *done, void *ctx)
{
    const lp_atecc_scan_t fresh = {.found = found,
                                   .found_cap_ = cap,
                                   .is_all_ = true,
                                   .loop_ = loop,
                                   .bus_ = bus,
                                   .done_ = done,
                                   .ctx_ = ctx};
    return start(scan, &fresh);
}
