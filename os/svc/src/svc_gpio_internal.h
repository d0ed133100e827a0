// SPDX-License-Identifier: Apache-2.0
// Between the pins of callers and those who hear of their edges.
#ifndef SVC_GPIO_INTERNAL_H
#define SVC_GPIO_INTERNAL_H

#include "limpet/svc_gpio.h"

// The pin of a request, or false: answered.
bool svc_gpio_take_pin(lp_rpc_req_t *req, uint16_t *pin);
// Null: no request has it.
lp_svc_gpio_pin_t *svc_gpio_find(lp_svc_gpio_t *svc, uint16_t pin);
// The pin as `config` says, and ours. Null: answered.
lp_svc_gpio_pin_t *svc_gpio_make(lp_svc_gpio_t *svc, lp_rpc_req_t *req, uint16_t pin,
                                 const lp_gpio_config_t *config);
// The pin of a request, driving; it becomes an output where it was not. Null: answered.
lp_gpio_t *svc_gpio_take_output(lp_svc_gpio_t *svc, lp_rpc_req_t *req);
void svc_gpio_rpc_set_pwm(void *ctx, lp_rpc_req_t *req);
// Lets the pin go, and whoever listens to it.
void svc_gpio_release(lp_svc_gpio_pin_t *p);

// -- those who listen

void svc_gpio_watch_init(lp_svc_gpio_t *svc, lp_rpc_t *rpc);
// Nobody hears of it any more; the pin stays.
void svc_gpio_unlisten(lp_svc_gpio_pin_t *p);
// The pin has been made something else: an edge is watched for again, if somebody listens.
void svc_gpio_configured(lp_svc_gpio_pin_t *p);
// Somebody else has the pin: tells whoever listens, and ends.
void svc_gpio_tell_lost(lp_svc_gpio_pin_t *p);
void svc_gpio_rpc_set_handler(void *ctx, lp_rpc_req_t *req);
void svc_gpio_rpc_remove_handler(void *ctx, lp_rpc_req_t *req);

#endif
