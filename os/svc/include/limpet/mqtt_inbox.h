// SPDX-License-Identifier: Apache-2.0
// limpet/mqtt_inbox.h - whole messages out of the pieces that an MQTT session hands on.
//
// Topic and payload of the message that is arriving stand one behind the other in memory of the
// owner's. One that does not fit is passed over.
// @context loop
#ifndef LIMPET_MQTT_INBOX_H
#define LIMPET_MQTT_INBOX_H

#include "limpet/mqtt.h"

enum { LP_MQTT_INBOX_TOPIC_MAX = 257 }; // longest topic that is taken, with the terminator

typedef struct {
    uint8_t *memory_;
    size_t bytes_;
    size_t len_;         // of the payload, so far
    uint16_t topic_len_; // with its terminator; 0: no message is arriving
    bool is_whole_;      // until the next one begins
} lp_mqtt_inbox_t;

typedef enum {
    LP_MQTT_INBOX_MORE,      // to come, or passed over
    LP_MQTT_INBOX_WHOLE,     // lp_mqtt_inbox_topic() and _payload(), until the next call
    LP_MQTT_INBOX_TOO_LARGE, // said once a message
} lp_mqtt_inbox_got_t;

// Lends `memory` (null: nothing is taken) and forgets what was arriving: also for a new connection.
void lp_mqtt_inbox_set(lp_mqtt_inbox_t *inbox, uint8_t *memory, size_t bytes);

lp_mqtt_inbox_got_t lp_mqtt_inbox_put(lp_mqtt_inbox_t *inbox, const lp_mqtt_message_t *piece);

const char *lp_mqtt_inbox_topic(const lp_mqtt_inbox_t *inbox);
lp_span_t lp_mqtt_inbox_payload(const lp_mqtt_inbox_t *inbox);

#endif
