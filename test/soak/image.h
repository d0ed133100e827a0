// SPDX-License-Identifier: Apache-2.0
// What the firmware image of the soak shows of itself. The image is a shared object: loading it
// anew is switching the board on, with all its memory as at the first day.
#ifndef SOAK_IMAGE_H
#define SOAK_IMAGE_H

#include "limpet/app_board.h"
#include "limpet/svc_cloud.h"

typedef struct {
    lp_cloud_state_t cloud;
    lp_tls_memory_t tls;
    uint32_t queued;     // messages of the MQTT session
    unsigned timers;     // that run
    unsigned pending;    // messages of the application that the platform took and has not ended
    uint64_t pending_ms; // how long the oldest of them has been there
} soak_probe_t;

// What the application in the image tells. `number` is the message's own, from 1 on at each start.
typedef struct {
    void (*done)(void *ctx, uint32_t number, lp_err_t err); // a message that it had published ended
    void (*heard)(void *ctx, uint32_t number);              // a message of the cloud arrived
    void *ctx;
} soak_witness_t;

typedef struct {
    lp_err_t (*start)(const lp_app_board_t *board, const soak_witness_t *witness, uint32_t boot);
    void (*probe)(soak_probe_t *probe);
} soak_image_t;

// The one symbol that is looked up.
#define SOAK_IMAGE "soak_image"
extern const soak_image_t soak_image;

#endif
