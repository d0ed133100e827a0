// SPDX-License-Identifier: Apache-2.0
// Private: what both directions of the filter share.
#ifndef LP_FRONT_FILTER_PRIVATE_H
#define LP_FRONT_FILTER_PRIVATE_H

#include "limpet/front_filter.h"

typedef struct {
    lp_mqtt_head_t head;
    lp_span_t whole, body;
} packet_t;

// The packet at the front of `in`. LP_E_AGAIN: not all of it is there; LP_E_RANGE: too large;
// LP_E_FORMAT: no packet.
lp_err_t lp_packet_cut(lp_span_t in, packet_t *out);

#endif
