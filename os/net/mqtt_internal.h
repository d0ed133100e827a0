// SPDX-License-Identifier: Apache-2.0
// mqtt_internal.h - what the files of the MQTT session share. Tests include it too.
#ifndef LP_MQTT_INTERNAL_H
#define LP_MQTT_INTERNAL_H

#include "limpet/mqtt.h"

// What can happen to a session as a whole; see the drawing in mqtt_session.c.
typedef enum {
    MQTT_ATTACH,
    MQTT_CONNECT_SENT,
    MQTT_ACCEPTED,
    MQTT_DISCONNECT,
    MQTT_DISCONNECT_SENT,
    MQTT_LOST,
} mqtt_input_t;

// Moves the state machine. False: not possible in this state, and nothing changed.
bool mqtt_step(lp_mqtt_t *m, mqtt_input_t input);

// Ends the connection by `input` (MQTT_LOST or MQTT_DISCONNECT_SENT) and tells the owner.
void mqtt_end(lp_mqtt_t *m, mqtt_input_t input, const lp_mqtt_event_t *ev);
// The same by MQTT_LOST without more to say than `why`.
void mqtt_lose(lp_mqtt_t *m, lp_err_t why);
void mqtt_emit(lp_mqtt_t *m, const lp_mqtt_event_t *ev);
void mqtt_kick(lp_mqtt_t *m);

// --- mqtt_queue.c -------------------------------------------------------------------------------

// Where one message or subscription stands.
//
//   READY -> SENDING -> WAIT_ACK ------------------> finished    QoS 1, SUBSCRIBE, UNSUBSCRIBE
//                    -> WAIT_PUBREC -> READY_PUBREL/
//                                      WAIT_PUBCOMP -> finished  QoS 2
//                    -> OVER                       -> finished   QoS 0
// OVER: decided, and completed by the next sweep. Loss of the connection leads back to READY.
enum {
    SLOT_READY,
    SLOT_SENDING,
    SLOT_WAIT_ACK,
    SLOT_WAIT_PUBREC,
    SLOT_READY_PUBREL,
    SLOT_WAIT_PUBCOMP,
    SLOT_OVER,
};

// The slot of a packet of this type (as it was sent) and identifier, or null.
lp_mqtt_slot_t *mqtt_slot_find(lp_mqtt_t *m, lp_mqtt_type_t type, uint16_t packet_id);
// Takes the slot out of the queue, then tells its owner. `slot` is gone afterwards.
void mqtt_slot_finish(lp_mqtt_t *m, lp_mqtt_slot_t *slot, lp_err_t err,
                      const lp_mqtt_result_t *result);
// Decides how the slot ends without telling yet; its packet is dropped unless it is being sent.
void mqtt_slot_end(lp_mqtt_t *m, lp_mqtt_slot_t *slot, lp_err_t err);
// Completes all slots that are OVER.
void mqtt_queue_sweep(lp_mqtt_t *m);
void mqtt_queue_lost(lp_mqtt_t *m);
void mqtt_queue_resume(lp_mqtt_t *m, bool session_present);
// The next slot that may be sent now, or null. Ends those that the server does not take.
lp_mqtt_slot_t *mqtt_queue_next(lp_mqtt_t *m);
// Makes slots READY that have waited for cfg.retry_ms.
void mqtt_queue_retry(lp_mqtt_t *m, uint64_t now_ms);
// When that will be for the next one; UINT64_MAX: never.
uint64_t mqtt_queue_retry_due_ms(const lp_mqtt_t *m);

// --- mqtt_tx.c ----------------------------------------------------------------------------------

// Encodes CONNECT into rx. LP_E_INVALID, LP_E_NOSPACE.
lp_err_t mqtt_build_connect(lp_mqtt_t *m);
// Gives the stream what it takes. LP_OK, or the stream's error.
lp_err_t mqtt_send(lp_mqtt_t *m);
// Room for another acknowledgement beside PINGREQ and DISCONNECT, for which there always is some.
bool mqtt_has_control_room(const lp_mqtt_t *m);
void mqtt_put_ack(lp_mqtt_t *m, lp_mqtt_type_t type, uint16_t packet_id, uint8_t reason);
void mqtt_put_ping(lp_mqtt_t *m);
void mqtt_put_disconnect(lp_mqtt_t *m);
// One try to tell a version 5 server why; the connection ends anyway.
void mqtt_say_why(lp_mqtt_t *m, uint8_t reason);

// --- mqtt_rx.c ----------------------------------------------------------------------------------

enum { RX_PACKET, RX_PAYLOAD, RX_SKIP };

// Reads and handles what is there. True: stopped early (fairness, or no control room).
bool mqtt_receive(lp_mqtt_t *m);

// --- mqtt_handle.c ------------------------------------------------------------------------------

// Whether a packet of this type may come now.
bool mqtt_is_expected(const lp_mqtt_t *m, const lp_mqtt_head_t *h);
// Handles a whole packet. LP_E_FORMAT: it breaks the protocol. It may have ended the connection.
lp_err_t mqtt_handle(lp_mqtt_t *m, const lp_mqtt_head_t *h, lp_span_t body);

// The message callback cannot end or replace the connection (mqtt_end() runs from the loop only),
// so these need not ask for that. A message in pieces: decode its head, begin, every piece in
// order, end (which acknowledges it).
lp_err_t mqtt_message_decode(const lp_mqtt_t *m, const lp_mqtt_head_t *h, lp_span_t body,
                             lp_mqtt_publish_t *p);
void mqtt_message_begin(lp_mqtt_t *m, const lp_mqtt_publish_t *p);
void mqtt_message_piece(lp_mqtt_t *m, lp_span_t piece, size_t offset);
void mqtt_message_end(lp_mqtt_t *m);

// --- mqtt_limits.c ------------------------------------------------------------------------------

lp_err_t mqtt_check_topic(const lp_mqtt_limits_t *limits, lp_span_t topic, uint8_t qos);
lp_err_t mqtt_check_packet(const lp_mqtt_limits_t *limits, size_t len_bytes);
lp_err_t mqtt_check_connect(const lp_mqtt_limits_t *limits, const lp_mqtt_connect_t *c);

#endif
