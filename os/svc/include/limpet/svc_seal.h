// SPDX-License-Identifier: Apache-2.0
// limpet/svc_seal.h - files that are of use on this board only, sealed with a key from the chip.
//
// The key is in slot 9 of the chip, and in memory only while something is sealed or opened. Without
// a chip (identity.key is file:...) it is in the flash beside what it seals, which is said. A chip
// that should be there and is not, is another one, or has a foreign content in the slot is an
// error, never a reason to use another key.
//
// Each content has a version. The newest of each name is remembered in the store, so that an older
// file put back in its place is refused; the whole flash put back is not noticed.
//
// @context loop
#ifndef LIMPET_SVC_SEAL_H
#define LIMPET_SVC_SEAL_H

#include "limpet/buskey.h"
#include "limpet/config.h"
#include "limpet/files.h"
#include "limpet/rpc.h"
#include "limpet/seal.h"
#include "limpet/svc_chip.h"

enum {
    LP_SVC_SEAL_NAME_MAX = 41,    // with the terminator
    LP_SVC_SEAL_PLAIN_MAX = 2048, // longest content
};

typedef struct {
    lp_loop_t *loop;
    lp_rpc_t *rpc;
    lp_config_t *config;
    lp_store_t *store;
    lp_files_t *files;
    lp_svc_chip_t *chip;
    lp_turn_t *turn;
} lp_svc_seal_setup_t;

typedef enum {
    LP_SVC_SEAL_PUT,
    LP_SVC_SEAL_GET,
    LP_SVC_SEAL_CLOSE,
    LP_SVC_SEAL_OPEN,
} lp_svc_seal_job_t;

typedef enum {
    LP_SVC_SEAL_READ_KEY,
    LP_SVC_SEAL_READ_CHECK,
    LP_SVC_SEAL_WRITE_KEY,
    LP_SVC_SEAL_WRITE_CHECK,
    LP_SVC_SEAL_BACK_KEY,
    LP_SVC_SEAL_BACK_CHECK,
} lp_svc_seal_step_t;

typedef void lp_svc_seal_done_fn(void *ctx, lp_err_t err);

typedef struct {
    lp_svc_seal_setup_t s_;
    lp_rpc_set_t set_;
    lp_turn_ticket_t ticket_;
    lp_event_t event_;
    lp_svc_seal_job_t job_;
    lp_svc_seal_step_t step_;
    bool is_busy_;
    bool was_told_; // about the software key
    char name_[LP_SVC_SEAL_NAME_MAX];
    lp_span_t plain_;
    lp_buf_t *out_;
    lp_err_t err_;
    lp_svc_seal_done_fn *done_;
    void *ctx_;
    // the key
    lp_atecc_sealed_t op_;
    uint8_t num_in_[20];
    uint8_t bus_key_[32];
    uint8_t slot_[2][32]; // key and its check, as the slot has them
    uint8_t made_[2][32]; // what is being written
    uint8_t sealed_[LP_SVC_SEAL_PLAIN_MAX + LP_SEAL_EXTRA_BYTES];
    // Sealed.Put under way
    lp_rpc_req_t *req_;
    uint8_t rpc_plain_[LP_SVC_SEAL_PLAIN_MAX];
    size_t rpc_len_;
} lp_svc_seal_t;

// Adds Sealed.Put, Sealed.List and Sealed.Remove; there is no method that reads. Lends it all.
void lp_svc_seal_init(lp_svc_seal_t *svc, const lp_svc_seal_setup_t *setup);

// Seals and stores `plain`, in place of what had the name. LP_OK: `done` comes once, later; the
// content is lent until then. LP_E_BUSY: one at a time; LP_E_INVALID: the name; LP_E_RANGE: too
// long. `done`: LP_E_CHIP_... as the chip has them; LP_E_CHIP_OTHER: slot 9 has another chip's or
// somebody else's content; errors of lp_files_put().
lp_err_t lp_svc_seal_put(lp_svc_seal_t *svc, const char *name, lp_span_t plain,
                         lp_svc_seal_done_fn *done, void *ctx);

// Opens the content of `name` and appends it to `out`, lent until done. `done`: LP_E_NOT_FOUND;
// LP_E_VERIFY: altered, put there under another name, older than what was stored last, or of
// another board; LP_E_NOSPACE; as above. The caller wipes what it got.
lp_err_t lp_svc_seal_get(lp_svc_seal_t *svc, const char *name, lp_buf_t *out,
                         lp_svc_seal_done_fn *done, void *ctx);

// The same without a file: appends to `out` what seals `plain` (up to LP_SVC_SEAL_PLAIN_MAX bytes)
// under `name`, and back. Both are lent until done. Nobody remembers versions: an older one opens,
// too. LP_E_NOSPACE: `out` is too small; else as above.
lp_err_t lp_svc_seal_close(lp_svc_seal_t *svc, const char *name, lp_span_t plain, lp_buf_t *out,
                           lp_svc_seal_done_fn *done, void *ctx);
lp_err_t lp_svc_seal_open(lp_svc_seal_t *svc, const char *name, lp_span_t sealed, lp_buf_t *out,
                          lp_svc_seal_done_fn *done, void *ctx);

#endif
