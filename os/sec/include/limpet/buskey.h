// SPDX-License-Identifier: Apache-2.0
// limpet/buskey.h - the bus key: 32 bytes that a board and its crypto chip share.
//
// With it the chip gives out secrets so that a listener on the two wires learns nothing. It is made
// once, of random numbers of both, written to slot 6 of the plan limpet-1, proven by the chip, and
// locked there for ever. The board keeps it in its store, as it is: whoever has the flash *and* the
// wires can listen; the flash alone or the wires alone are not enough. The chip's other keys do not
// depend on it: a board that lost it still has its identity.
//
// @context A power cut at any instant leaves nothing that lp_buskey_bind() does not finish: the
// key is on the flash before the chip gets it, and the slot is locked only after the chip has
// proven that it has just this key.
// @source docs/slot-plan.md, docs/adr/0014-bus-key.md
#ifndef LIMPET_BUSKEY_H
#define LIMPET_BUSKEY_H

#include "limpet/atecc_detect.h"
#include "limpet/atecc_sealed.h"
#include "limpet/store.h"

enum { LP_BUSKEY_BYTES = 32, LP_BUSKEY_RECORD_BYTES = 2 + LP_ATECC_SERIAL_LEN + LP_BUSKEY_BYTES };

// ---- what is on the flash ---------------------------------------------------------------------

typedef enum {
    LP_BUSKEY_MADE = 1, // the chip may have it, or not yet
    LP_BUSKEY_BOUND,    // the chip has proven that it has it, locked
} lp_buskey_stage_t;

typedef struct {
    lp_buskey_stage_t stage;
    uint8_t serial[LP_ATECC_SERIAL_LEN]; // of the chip it is for
    uint8_t key[LP_BUSKEY_BYTES];        // wipe it
} lp_buskey_t;

// LP_E_NOT_FOUND: none was ever made. LP_E_FORMAT: what is there is damaged. LP_E_IO.
lp_err_t lp_buskey_load(const lp_store_t *store, lp_buskey_t *out);

// LP_OK: it is on the flash and was read back; another key that was there is not any more. Errors
// as lp_store_put().
lp_err_t lp_buskey_save(lp_store_t *store, const lp_buskey_t *record);

// ---- with a chip ------------------------------------------------------------------------------

typedef enum {
    LP_BUSKEY_NONE,       // none was made
    LP_BUSKEY_UNFINISHED, // made, but the chip's slot is still open: lp_buskey_bind() finishes it
    LP_BUSKEY_SEALED,     // proven just now, locked in the chip
    LP_BUSKEY_LOST,       // the chip has one, and this board does not know it
    LP_BUSKEY_OTHER_CHIP, // this board's is for another chip
    LP_BUSKEY_REFUTED,    // the chip does not know the one it should
} lp_buskey_state_t;

// "none", "unfinished", ... Static.
const char *lp_buskey_state_name(lp_buskey_state_t state);

// Whether the chip's slot for it can still be written.
bool lp_buskey_is_open(const lp_atecc_id_t *id);

// Caller-owned; zero it once. Lends until done.
typedef struct {
    lp_buskey_state_t state; // valid after done(LP_OK)
    lp_buskey_t record;      // with LP_BUSKEY_SEALED, else zeros. Wipe it
    // private
    lp_atecc_t *chip_;
    lp_store_t *store_;
    bool is_locked_; // slot 6, by itself
    bool is_bind_;
    uint8_t phase_;
    union { // one operation at a time
        lp_atecc_req_t req_;
        lp_atecc_sealed_t sealed_;
    };
    uint8_t random_[32];
    uint8_t num_in_[20];
    lp_atecc_done_fn *done_;
    void *ctx_;
} lp_buskey_op_t;

// What there is, and whether the chip can prove it. `id` is the chip as it was just read.
// Errors, all to `done`: those of the way to the chip and of the flash; nothing is known then. Here
// and below `done` may come before the call returns.
void lp_buskey_check(lp_buskey_op_t *op, lp_atecc_t *chip, lp_store_t *store,
                     const lp_atecc_id_t *id, lp_atecc_done_fn *done, void *ctx);

// Makes a bus key with this chip, or finishes what was begun. LP_OK: state is LP_BUSKEY_SEALED,
// also if it was before. Cannot be undone. A key of this board for another chip is given up.
//   LP_E_UNSUPPORTED    the chip is not locked with the plan limpet-1
//   LP_E_EXISTS         the chip has the bus key of another board, for ever; nothing was changed
//   LP_E_CHIP_MISMATCH  the chip did not prove the key that was written; its slot is still open
//   LP_E_IO ...         the flash or the way to the chip failed: call it again
void lp_buskey_bind(lp_buskey_op_t *op, lp_atecc_t *chip, lp_store_t *store,
                    const lp_atecc_id_t *id, lp_atecc_done_fn *done, void *ctx);

#endif
