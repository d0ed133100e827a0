// SPDX-License-Identifier: Apache-2.0
// limpet/svc_chip.h - the board's crypto chip: finding it, noticing that it went or changed, and
// the methods Chip.*.
//
// The key store has the chip's keys exactly while the chip answers. What changes the chip needs the
// level "chip" and the serial number as consent; a zone is locked only when the configuration read
// back equals the plan and the caller knows its checksum.
// @context loop
#ifndef LIMPET_SVC_CHIP_H
#define LIMPET_SVC_CHIP_H

#include "limpet/atecc_detect.h"
#include "limpet/atecc_plan.h"
#include "limpet/atecc_trust.h"
#include "limpet/counters.h"
#include "limpet/keychip.h"
#include "limpet/rpc.h"
#include "limpet/turn.h"

enum {
#if defined(LP_SMALL)
    LP_SVC_CHIP_FOUND_MAX = 2, // chips on the bus that are looked at
#else
    LP_SVC_CHIP_FOUND_MAX = 4,
#endif
    LP_SVC_CHIP_WATCH_MS = 10000, // how often somebody looks whether the chip is still there
    LP_SVC_CHIP_HEX_MAX = 2 * LP_ATECC_SERIAL_LEN + 1, // a serial number as text
};

// Who knows the key that board and chip share, see limpet/svc_bus.h.
typedef struct lp_svc_chip_guard {
    // A chip is there that was not there before: seals `keys` or not, and says it. `done` may come
    // at once; on errors the seal is LP_KEY_SEAL_BROKEN and it is asked again.
    void (*check)(struct lp_svc_chip_guard *guard, const lp_atecc_id_t *id, lp_keychip_t *keys,
                  lp_atecc_done_fn *done, void *ctx);
    // LP_SVC_CHIP_BIND has its turn and consent: makes such a key, for ever, and answers.
    void (*bind)(struct lp_svc_chip_guard *guard, const lp_atecc_id_t *id, lp_keychip_t *keys);
    // Whether bind() could help with this chip, now or once it is locked with the plan.
    bool (*can_bind)(const struct lp_svc_chip_guard *guard, const lp_atecc_id_t *id);
} lp_svc_chip_guard_t;

typedef struct {
    lp_loop_t *loop;
    lp_rpc_t *rpc;
    lp_i2c_bus_t *bus;    // null: no bus is wired
    const char *bus_name; // "unix:my-chip.sock", "/dev/i2c-1"
    lp_keystore_t *keys;
    lp_turn_t *turn;
    lp_counters_t *counters;
    const lp_atecc_plan_t *plan;
    lp_svc_chip_guard_t *guard; // null: this board keeps no bus key
} lp_svc_chip_setup_t;

typedef enum {
    LP_SVC_CHIP_SCAN,
    LP_SVC_CHIP_INFO,
    LP_SVC_CHIP_CONFIGURE,
    LP_SVC_CHIP_LOCK_CONFIG,
    LP_SVC_CHIP_LOCK_DATA,
    LP_SVC_CHIP_CERTIFICATE,
    LP_SVC_CHIP_BIND,
} lp_svc_chip_job_t;

typedef struct lp_svc_chip {
    lp_svc_chip_setup_t s_;
    lp_rpc_set_t set_;
    lp_atecc_t chip_;
    lp_keychip_t keychip_;
    lp_atecc_req_t req_;
    lp_atecc_id_t id_;   // of the chip in use, when is_present
    lp_atecc_id_t seen_; // being read
    bool is_present;
    bool was_told_; // that there is none
    bool is_checking_;
    bool has_driver_;  // chip_ is initialised
    uint32_t arrivals; // changes whenever a chip comes or is another one
    // a look at the bus
    lp_atecc_scan_t scan_;
    lp_atecc_id_t found_[LP_SVC_CHIP_FOUND_MAX];
    lp_timer_t retry_;
    lp_event_t done_event_;
    lp_err_t done_err_;
    lp_atecc_done_fn *done_;
    void *done_ctx_;
    // the watch
    lp_timer_t watch_;
    lp_turn_ticket_t watch_ticket_;
    // the method under way
    lp_rpc_req_t *rpc_req_;
    lp_turn_ticket_t ticket_;
    char confirm_[LP_SVC_CHIP_HEX_MAX + 8];
    uint8_t found_len_; // of found_; this and the next three fill a hole
    bool is_guarded_;   // the guard knows this chip
    uint8_t job_;       // lp_svc_chip_job_t
    uint16_t crc_;
    union { // one method at a time
        lp_atecc_plan_op_t op_;
        lp_atecc_trust_t trust_;
    };
    lp_atecc_token_t token_;
} lp_svc_chip_t;

// Lends what `setup` names. Looks for the chip from the loop, and again and again whether it is
// there.
void lp_svc_chip_init(lp_svc_chip_t *svc, const lp_svc_chip_setup_t *setup);

// Looks whether the chip is there, and which one. The caller has the turn. `done` comes from the
// loop, once, with LP_OK (is_present, id) or with the reason why none can be used. LP_E_BUSY: a
// look is under way.
lp_err_t lp_svc_chip_check(lp_svc_chip_t *svc, lp_atecc_done_fn *done, void *ctx);

// The chip in use. Null: none.
const lp_atecc_id_t *lp_svc_chip_id(const lp_svc_chip_t *svc);

// The driver of the chip in use, for who has the turn. Null: none.
lp_atecc_t *lp_svc_chip_driver(lp_svc_chip_t *svc);

// Whether `text` is the serial number of the chip in use (hex, either case, spaces ignored).
bool lp_svc_chip_is_serial(const lp_svc_chip_t *svc, const char *text);

// A key in a slot of the chip, see lp_atecc_key_make(). The caller has the turn.
// LP_E_CHIP_MISSING: no chip is in use.
lp_err_t lp_svc_chip_make_key(lp_svc_chip_t *svc, uint8_t slot, uint8_t pub[64], bool *is_new,
                              lp_atecc_done_fn *done, void *ctx);

#endif
