// SPDX-License-Identifier: Apache-2.0
// A device in virtual time: all services but the cloud, an emulated chip, RPC over a stream in
// memory.
#ifndef DEVICE_H
#define DEVICE_H

#include "emulated.h"
#include "fake/port.h"
#include "fake/stream.h"
#include "limpet/keyflash.h"
#include "limpet/settings.h"
#include "limpet/svc_atca.h"
#include "limpet/svc_atca_change.h"
#include "limpet/svc_bus.h"
#include "limpet/svc_chip.h"
#include "limpet/svc_cloud.h"
#include "limpet/svc_config.h"
#include "limpet/svc_debug.h"
#include "limpet/svc_identity.h"
#include "limpet/svc_rpc.h"
#include "limpet/svc_sys.h"

typedef struct {
    world_t *w; // its own driver is not used
    lp_loop_t *loop;
    fake_stream_t line;
    lp_rpc_t rpc;
    lp_rpc_channel_t channel;
    lp_loan_t loan; // for its frames, as a board with little RAM has it
    uint8_t lent[LP_RPC_LOAN_MIN];
    lp_rpc_set_t rpc_set;
    lp_store_t store;
    lp_store_entry_t entries[96];
    lp_config_t config;
    lp_config_value_t values[LP_SETTINGS_COUNT];
    lp_store_item_t items[LP_SETTINGS_COUNT];
    uint8_t arena[LP_SETTINGS_ARENA];
    lp_config_scratch_t scratch;
    _Alignas(8) uint8_t scratch_bytes[8192];
    bool is_scratch_taken;
    lp_counters_t counters;
    lp_svc_sys_t sys;
    lp_svc_config_t config_service;
    lp_turn_t turn;
    lp_keystore_t keys;
    lp_svc_chip_t chip;
    lp_svc_bus_t bus;
    lp_svc_atca_t atca;
    lp_svc_atca_change_t atca_change;
    lp_rpc_set_t debug;
    lp_svc_identity_t identity;
    unsigned config_changes;
} device_t;

// A board that was never switched on: a blank flash, a blank chip of this model, nothing in the
// log.
world_t *device_world(lp_chipsim_model_t model);
// `has_bus` false: no I2C bus is wired. `files` may be null. The flash keeps its content.
void device_start(device_t *d, world_t *w, bool has_bus, lp_keyprov_t *files);

// What a cloud client of this device is made of. Its memory is static: one at a time.
lp_svc_cloud_setup_t device_cloud_setup(device_t *d);

// Sends a request, with id 1, and turns the loop until it is answered. The answer without its line
// end, or "" after a minute of virtual time.
const char *device_call(device_t *d, const char *method, const char *params);

// The value at `path` of the answer's result, as JSON text; "" when there is none.
const char *device_get(const char *answer, const char *path);
// Name of the error in the answer, or "" for a result.
const char *device_error(const char *answer);

// Turns the loop for some virtual time.
void device_run(device_t *d, uint32_t ms);

#define assert_result(answer, path, expected)                                                      \
    assert_string_equal(device_get(answer, path), expected)
#define assert_rpc_error(answer, name) assert_string_equal(device_error(answer), name)

#endif
