// SPDX-License-Identifier: Apache-2.0
#ifndef MQTT_LINK_INTERNAL_H
#define MQTT_LINK_INTERNAL_H

#include "limpet/mqtt_link.h"

// Reads the group of settings; all bytes of *wish are set. LP_E_NOT_CONFIGURED, LP_E_INVALID: the
// server.
lp_err_t lp_mqtt_link_read_wish(const lp_mqtt_link_t *l, lp_mqtt_link_wish_t *wish);

void lp_mqtt_link_on_message(void *ctx, const lp_mqtt_message_t *msg);

#endif
