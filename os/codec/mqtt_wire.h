// SPDX-License-Identifier: Apache-2.0
// mqtt_wire.h - the data types of MQTT on the wire, for the packet codecs.
// @source MQTT 5.0, section 1.5
#ifndef LP_MQTT_WIRE_H
#define LP_MQTT_WIRE_H

#include "limpet/mqtt_packet.h"

// Takers: the front of *in is consumed on LP_OK; LP_E_AGAIN: *in is too short; LP_E_FORMAT.
lp_err_t mqtt_take_u8(lp_span_t *in, uint8_t *v);
lp_err_t mqtt_take_u16(lp_span_t *in, uint16_t *v);
lp_err_t mqtt_take_u32(lp_span_t *in, uint32_t *v);
lp_err_t mqtt_take_varint(lp_span_t *in, uint32_t *v);
lp_err_t mqtt_take_bytes(lp_span_t *in, size_t count, lp_span_t *v);
// Binary data: a 16-bit length and the bytes.
lp_err_t mqtt_take_binary(lp_span_t *in, lp_span_t *v);
// Binary data that must be a valid string.
lp_err_t mqtt_take_string(lp_span_t *in, lp_span_t *v);
// Takes a block of properties with its length and checks it.
lp_err_t mqtt_take_props(lp_span_t *in, lp_mqtt_place_t place, lp_span_t *block);

// Putters: the caller has made sure that there is room.
void mqtt_put_u16(lp_buf_t *out, uint16_t v);
void mqtt_put_u32(lp_buf_t *out, uint32_t v);
void mqtt_put_varint(lp_buf_t *out, uint32_t v);
void mqtt_put_bytes(lp_buf_t *out, lp_span_t v);
void mqtt_put_binary(lp_buf_t *out, lp_span_t v);
size_t mqtt_varint_len(size_t v);

#endif
