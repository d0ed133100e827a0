// SPDX-License-Identifier: Apache-2.0
// A loop in virtual time with the driver on one side of an I2C bus and the emulated chip on the
// other.
#ifndef EMULATED_H
#define EMULATED_H

#include "limpet/atecc_plan.h"
#include "limpet/chipsim.h"

typedef struct {
    lp_i2c_bus_t i2c; // must stay first
    lp_loop_t loop;
    lp_timer_t timer, end_timer;
    lp_err_t result;
    lp_i2c_xfer_t *xfer;
    lp_chipsim_model_t model;
    lp_chipsim_t *sim;
    lp_chipsim_bus_t *bus;
    lp_atecc_t chip;
    lp_atecc_req_t req;
    lp_atecc_id_t id;
    lp_atecc_plan_op_t op;
    uint8_t pub[64];
    unsigned done;
    lp_err_t err;
    unsigned wear;
    unsigned transfers;
    unsigned wire_bytes; // addresses included
    unsigned dip_at;     // just before this transfer power goes and comes back; 0: never
    unsigned hold_at; // from this transfer on `hold_next` of them take hold_ms longer, as when the
    unsigned hold_next; // chip holds SCL low; what takes over 100 ms ends with LP_E_TIMEOUT
    unsigned hold_ms;
    unsigned vanish_at; // from this transfer on nobody answers and power is off; UINT_MAX: never
} world_t;

world_t *world_new(lp_chipsim_model_t model);
world_t *world_new_timed(lp_chipsim_model_t model, lp_chipsim_timing_t timing);
// A Trust&GO or TrustFLEX part.
world_t *world_new_trust(lp_chipsim_variant_t variant, uint64_t seed);
// A chip that is locked with limpet-1 as changed by `craft` (may be null), already identified.
world_t *world_crafted(lp_chipsim_model_t model, void (*craft)(lp_chipsim_image_t *image));
void world_set_slot(lp_chipsim_image_t *image, unsigned slot, unsigned slot_config,
                    unsigned key_config);
void world_set_data(lp_chipsim_image_t *image, unsigned slot, const uint8_t *bytes, size_t len);
void world_free(world_t *w);
lp_chipsim_options_t world_options(world_t *w, lp_chipsim_model_t model);
const lp_chipsim_image_t *world_image(const world_t *w);

void world_done(void *ctx, lp_err_t err);
lp_err_t world_wait(world_t *w, unsigned count);
void world_settle(world_t *w, uint32_t ms);
// Chip and driver forget what is not stored.
void world_power_cycle(world_t *w);

lp_err_t world_identify(world_t *w);
// Plan, lock, fill, lock; from wherever the chip is.
lp_err_t world_provision(world_t *w);

// With OpenSSL: is the signature good; a key pair of the test; its secret with `pub`.
bool world_verify(const uint8_t pub[64], const uint8_t digest[32], const uint8_t sig[64]);
void world_sign(const uint8_t digest[32], uint8_t sig[64]);
void world_peer(uint8_t pub[64]);
void world_ecdh(const uint8_t pub[64], uint8_t secret[32]);

// Starts `call`, waits for its completion, expects `want`.
#define RUN(w, want, call)                                                                         \
    do {                                                                                           \
        const unsigned n_ = (w)->done + 1;                                                         \
        assert_int_equal((call), LP_OK);                                                           \
        assert_int_equal(world_wait((w), n_), (want));                                             \
    } while (0)

#endif
