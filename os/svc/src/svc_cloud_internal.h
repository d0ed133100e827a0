// SPDX-License-Identifier: Apache-2.0
#ifndef SVC_CLOUD_INTERNAL_H
#define SVC_CLOUD_INTERNAL_H

#include "limpet/svc_cloud.h"

void lp_svc_cloud_add_methods(lp_svc_cloud_t *svc);

// The state that people are told.
lp_cloud_state_t lp_svc_cloud_shown(const lp_svc_cloud_t *svc);

// Starts the MQTT session for the settings of now, once. Errors as lp_mqtt_init().
lp_err_t lp_svc_cloud_make_session(lp_svc_cloud_t *svc, lp_mqtt_event_fn *on_event);

// Takes the settings of a connection. An error: `detail` says which one is missing or wrong.
lp_err_t lp_svc_cloud_read_settings(lp_svc_cloud_t *svc, uint16_t *port,
                                    char detail[LP_CLOUD_DETAIL_MAX]);
void lp_svc_cloud_tls_config(const lp_svc_cloud_t *svc, uint16_t port, lp_tls_config_t *config);

#endif
