// SPDX-License-Identifier: Apache-2.0
// limpet/svc_remote_mqtt.h - RPC over the cloud's MQTT session: calls come on ID/rpc, answers go to
// SRC/rpc.
//
// Works while rpc.mqtt.enable is true. The broker's policy has to allow the device to subscribe to
// ID/rpc and to publish on SRC/rpc of whoever is to call; AWS IoT ends the connection of a device
// that subscribes to what it may not. The broker is not believed: each frame proves who sent it, as
// over any other channel (limpet/svc_remote.h). A frame needs a `src` of letters, digits and - _ .
// : because nobody else's topics are written to.
// @context loop
#ifndef LIMPET_SVC_REMOTE_MQTT_H
#define LIMPET_SVC_REMOTE_MQTT_H

#include "limpet/svc_cloud.h"
#include "limpet/svc_remote.h"

enum { LP_REMOTE_MQTT_IN = 4096 }; // bytes of frames that wait for the router

typedef struct {
    lp_stream_t stream; // must stay first
    lp_loop_t *loop_;
    lp_svc_remote_t *remote_;
    lp_svc_cloud_t *cloud_;
    lp_cloud_client_t client_;
    lp_remote_caller_t caller_;
    lp_rpc_gate_t gate_;
    lp_rpc_channel_t channel_;
    lp_stream_fn *fn_;
    void *ctx_;
    lp_event_t event_;
    lp_event_t step_;
    bool is_subscribed_;
    uint32_t dropped; // frames that could not be taken
    size_t in_len_;
    size_t in_pos_; // of the line that is handed on
    uint8_t in_[LP_REMOTE_MQTT_IN];
} lp_svc_remote_mqtt_t;

// Everything is lent for good.
void lp_svc_remote_mqtt_init(lp_svc_remote_mqtt_t *svc, lp_svc_remote_t *remote,
                             lp_svc_cloud_t *cloud);

// Settings changed.
void lp_svc_remote_mqtt_poke(lp_svc_remote_mqtt_t *svc);

#endif
