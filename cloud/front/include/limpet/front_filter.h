// SPDX-License-Identifier: Apache-2.0
// limpet/front_filter.h - what AWS IoT does otherwise than the MQTT standard, between a client and
// an ordinary broker. No input or output, no clock: bytes and time in, bytes and a verdict out.
//
//            client                       filter                        broker
//   CONNECT -------------> version, pass put in, keep-alive 0 ------------->
//           <-- CONNACK codes and properties as AWS's, server keep-alive <--
//   PUBLISH -------------> QoS, size, topic, 100 a second ------------------>
//   SUBSCRIBE -----------> QoS, 8 filters, topic; a/# becomes a/+/# -------->
//           <-------------------------- the rest as it is <-----------------
//
//   state          up                                 down
//   WAIT_CONNECT   CONNECT -> WAIT_CONNACK            (nothing may come)
//   WAIT_CONNACK   anything: closed                   CONNACK 0 -> OPEN, else CLOSED
//   OPEN           judged packet by packet;           passed on
//                  DISCONNECT -> CLOSED
//   CLOSED         ignored                            ignored
//
// `a/#` does not select `a` at AWS. The filter `a/+/#` of an ordinary broker selects exactly what
// AWS's `a/#` does, so every filter that ends in `/#` gets one level more on its way, and the
// plugin, which asks the policies, takes it out again (lp_filter_original).
// @source AWS IoT Core Developer Guide, "MQTT", "Message broker limits".
#ifndef LIMPET_FRONT_FILTER_H
#define LIMPET_FRONT_FILTER_H

#include "limpet/front_bytes.h"
#include "limpet/front_pass.h"
#include "limpet/mqtt_packet.h"

enum {
    LP_FILTER_PAYLOAD_MAX = 128 * 1024,
    LP_FILTER_PACKET_MAX = 149504, // what AWS tells MQTT 5 clients as its maximum
    LP_FILTER_KEEP_ALIVE_MIN_S = 30,
    LP_FILTER_KEEP_ALIVE_MAX_S = 1200,
    LP_FILTER_PUBLISHES_PER_S = 100,
};

typedef enum {
    LP_FILTER_WAIT_CONNECT,
    LP_FILTER_WAIT_CONNACK,
    LP_FILTER_OPEN,
    LP_FILTER_CLOSED,
} lp_filter_state_t;

// Who the client is; borrowed for the filter's life.
typedef struct {
    const lp_pass_key_t *key;
    const char *pem;
    const char *address;
} lp_filter_peer_t;

typedef struct {
    lp_filter_state_t state;
    lp_mqtt_version_t version; // of the CONNECT
    char client_id[129];       // "" until then
    uint16_t keep_alive_s;     // that counts, 30..1200
    // Why it was closed by the filter, in words and with the topic; "" where it was not.
    // `throttled` counts the publishes that were dropped since the caller last set it to 0.
    char reason[160];
    char topic[300];
    unsigned throttled;
    // Private.
    lp_filter_peer_t peer_;
    lp_bytes_t packet_; // of the client, not whole yet
    lp_bytes_t answer_; // of the broker: the CONNACK, not whole yet
    lp_mqtt_head_t down_head_;
    size_t down_left_;    // bytes of the broker's packet that are still to come
    bool is_down_inside_; // of a packet
    bool has_keep_alive_changed_;
    int64_t heard_ms_;
    int64_t tokens_milli_, filled_ms_;
} lp_filter_t;

void lp_filter_init(lp_filter_t *f, const lp_filter_peer_t *peer, int64_t now_ms);
void lp_filter_deinit(lp_filter_t *f);

// Bytes from the client. What passes is appended to *to_broker, an answer of our own to *to_client.
// False: the connection ends now, after *to_client has been sent; f->reason says why, "" where the
// client itself said goodbye (*to_broker is to be delivered then).
bool lp_filter_up(lp_filter_t *f, int64_t now_ms, lp_span_t in, lp_bytes_t *to_broker,
                  lp_bytes_t *to_client);
// Bytes from the broker. False: not MQTT, or no memory.
bool lp_filter_down(lp_filter_t *f, lp_span_t in, lp_bytes_t *to_client);
// The broker ended the connection; it does not tell an MQTT 5 client why, so it is done here.
// taken_over: the same client id has connected again.
void lp_filter_lost(lp_filter_t *f, bool taken_over, lp_bytes_t *to_client);
// Looks at the clock. False: the client was silent for one and a half times its keep-alive.
bool lp_filter_tick(lp_filter_t *f, int64_t now_ms, lp_bytes_t *to_client);

// The filter that the client named, from the one that the broker was given; both end with a zero
// byte. `out` has room for `size`.
void lp_filter_original(const char *filter, char *out, size_t size);

#endif
