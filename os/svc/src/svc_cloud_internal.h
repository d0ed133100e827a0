// SPDX-License-Identifier: Apache-2.0
#ifndef SVC_CLOUD_INTERNAL_H
#define SVC_CLOUD_INTERNAL_H

#include "limpet/svc_cloud.h"

void lp_svc_cloud_add_methods(lp_svc_cloud_t *svc);

// The state that people are told.
lp_cloud_state_t lp_svc_cloud_shown(const lp_svc_cloud_t *svc);

// Starts the MQTT session for the settings of now, once. Errors as lp_mqtt_init().
// Memory that only a connection needs. LP_E_NOSPACE: TLS has none to spare.
lp_err_t lp_svc_cloud_take_memory(lp_svc_cloud_t *svc);
void lp_svc_cloud_give_memory(lp_svc_cloud_t *svc);

lp_err_t lp_svc_cloud_make_session(lp_svc_cloud_t *svc, lp_mqtt_event_fn *on_event);

// Ends a session that was made for other settings, and what waits in it. False: it is not over
// before the loop has turned; ask again then.
bool lp_svc_cloud_drop_session(lp_svc_cloud_t *svc);

// -- svc_cloud_client.c

// Tells the services.
void lp_svc_cloud_tell_connected(lp_svc_cloud_t *svc, bool session_present);
void lp_svc_cloud_on_message(void *ctx, const lp_mqtt_message_t *msg);

// Takes the settings of a connection. An error: `detail` says which one is missing or wrong.
lp_err_t lp_svc_cloud_read_settings(lp_svc_cloud_t *svc, uint16_t *port,
                                    char detail[LP_CLOUD_DETAIL_MAX]);
void lp_svc_cloud_tls_config(const lp_svc_cloud_t *svc, uint16_t port, lp_tls_config_t *config);

// -- svc_cloud_link.c, or svc_cloud_no_link.c

bool lp_svc_cloud_has_link(const lp_svc_cloud_t *svc);
// A try has ended, in the state that `svc` is in; LP_OK: connected.
void lp_svc_cloud_tell_try(const lp_svc_cloud_t *svc, lp_err_t err);

#endif
