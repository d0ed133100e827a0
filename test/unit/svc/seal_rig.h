// SPDX-License-Identifier: Apache-2.0
// A device with files, the service that seals them, and the TLS library that encrypts.
#ifndef SEAL_RIG_H
#define SEAL_RIG_H

#include "device.h"
#include "limpet/svc_seal.h"

enum { RIG_STORE_BYTES = 65536, RIG_FLASH_BYTES = 131072 };

typedef struct {
    device_t dev;
    world_t *world;
    lp_files_t files;
    lp_svc_seal_t seal;
} seal_rig_t;

// A blank flash and a chip, which the tool has set up or not; not started.
void seal_rig_board(seal_rig_t *rig, lp_chipsim_model_t model, bool is_provisioned);
// A start: what is on the flash counts.
void seal_rig_start(seal_rig_t *rig);
// TLS, once a board; after the first start.
void seal_rig_start_tls(seal_rig_t *rig);
void seal_rig_drop(seal_rig_t *rig);

#endif
