// SPDX-License-Identifier: Apache-2.0
// limpet/svc_mdns.h - a board that can be called says so on the link: _limpet._tcp for each channel
// of limpet/svc_remote.h, and _http._tcp for the plain HTTP one.
//
// Nothing is announced, and port 5353 is not even open, while nothing listens or while mdns.enable
// is false. A channel that is bound to one address is announced with this address alone, and one
// bound to the loopback not at all. TXT of _limpet._tcp: id, app, version, and rpc, the channels
// with their ports ("http:8080,tcp:8081"). None of it is more than RPC.Ping tells a stranger, but a
// device that is not to be found by its neighbours sets mdns.enable to false. docs/network.md
// @context loop
#ifndef LIMPET_SVC_MDNS_H
#define LIMPET_SVC_MDNS_H

#include "limpet/mdns.h"
#include "limpet/svc_remote.h"

typedef struct {
    lp_loop_t *loop;
    lp_rpc_t *rpc;
    lp_config_t *config;
    const lp_svc_remote_t *remote;
    const char *app;     // static
    const char *version; // static
} lp_svc_mdns_setup_t;

typedef struct lp_svc_mdns {
    lp_svc_mdns_setup_t s_;
    lp_rpc_set_t set_;
    lp_mdns_t mdns;
    lp_udp_group_t group_;
    lp_event_t step_;
    lp_event_t arrival_;    // of more than can be read in a turn
    lp_timer_t timer_;      // of the responder
    lp_timer_t look_timer_; // at the links
    bool is_open_;
    lp_err_t err_; // why it is not
    lp_mdns_service_t services_[LP_MDNS_SERVICES];
    size_t service_count_;
    lp_net_link_t links_[LP_MDNS_LINKS];
    size_t link_count_;
} lp_svc_mdns_t;

// Lends everything in `setup`, for good. Adds the method Mdns.Status.
void lp_svc_mdns_init(lp_svc_mdns_t *svc, const lp_svc_mdns_setup_t *setup);

// Settings or channels changed: looks at them again, from the loop.
void lp_svc_mdns_poke(lp_svc_mdns_t *svc);

// Before the board goes down: goodbye, at once.
void lp_svc_mdns_stop(lp_svc_mdns_t *svc);

#endif
