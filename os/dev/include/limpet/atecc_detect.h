// SPDX-License-Identifier: Apache-2.0
// limpet/atecc_detect.h - which chip is it, and in what state: identify one, or scan a bus.
// @context loop
// @source DS20005927A, table 2-5
#ifndef LIMPET_ATECC_DETECT_H
#define LIMPET_ATECC_DETECT_H

#include "limpet/atecc.h"

typedef enum {
    LP_ATECC_BLANK,     // configuration open: Limpet's plan can be written
    LP_ATECC_LIMPET,    // configuration locked and equal to a plan of Limpet's
    LP_ATECC_TRUSTNGO,  // Microchip Trust&GO, pre-provisioned
    LP_ATECC_TRUSTFLEX, // Microchip TrustFLEX
    LP_ATECC_FOREIGN,   // locked with somebody else's configuration
} lp_atecc_variant_t;

typedef struct {
    uint8_t addr; // 7 bits, where it answered
    lp_atecc_part_t part;
    lp_atecc_variant_t variant;
    bool is_config_locked;
    bool is_data_locked;
    uint8_t revision[4];
    uint8_t serial[LP_ATECC_SERIAL_LEN];
    uint8_t config[LP_ATECC_CONFIG_LEN];
} lp_atecc_id_t;

// "ATECC508A" ...; "unknown part". Static.
const char *lp_atecc_part_name(lp_atecc_part_t part);
// "blank", "limpet", "trustngo", "trustflex", "foreign". Static.
const char *lp_atecc_variant_name(lp_atecc_variant_t variant);

// Fills *id and makes the driver's times exact for this part.
// LP_E_CHIP_OTHER: something of another family answers.
lp_err_t lp_atecc_identify(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_id_t *id,
                           lp_atecc_done_fn *done, void *ctx);

// The addresses that are tried, commonest first.
extern const uint8_t lp_atecc_scan_addrs[];
extern const size_t lp_atecc_scan_addrs_len;

// A scan under way. Caller-owned; fields private but `found` and `found_len`.
typedef struct {
    lp_atecc_id_t *found; // lends until done
    size_t found_len;
    size_t found_cap_;
    size_t next_;
    bool is_all_;
    lp_err_t worst_;
    lp_loop_t *loop_;
    lp_i2c_bus_t *bus_;
    lp_atecc_done_fn *done_;
    void *ctx_;
    lp_event_t event_;
    lp_atecc_t chip_;
    lp_atecc_req_t req_;
} lp_atecc_scan_t;

// Looks at each of lp_atecc_scan_addrs and identifies what answers like a chip of the family. The
// first `cap` chips are stored. The bus must have no other user meanwhile.
// Completes with LP_OK and found_len >= 1; LP_E_CHIP_MISSING: none (found_len 0); LP_E_I2C_BUS,
// LP_E_TIMEOUT, LP_E_IO: the bus itself does not work; LP_E_CHIP_OTHER, LP_E_CHIP_WAKE, LP_E_CRC:
// something answers, but not sensibly.
lp_err_t lp_atecc_scan(lp_atecc_scan_t *scan, lp_loop_t *loop, lp_i2c_bus_t *bus,
                       lp_atecc_id_t *found, size_t cap, lp_atecc_done_fn *done, void *ctx);

// The same at every address of the bus, the usual ones first; takes some seconds. At the unusual
// ones nothing is written before the device has greeted like a chip of the family: other devices
// may live there, and a chip that is awake just then is overlooked.
lp_err_t lp_atecc_scan_all(lp_atecc_scan_t *scan, lp_loop_t *loop, lp_i2c_bus_t *bus,
                           lp_atecc_id_t *found, size_t cap, lp_atecc_done_fn *done, void *ctx);

#endif
