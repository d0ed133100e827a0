// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_mdns.h"

#include <string.h>

#include "limpet/address.h"
#include "limpet/endian.h"
#include "limpet/fmt.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/port/system.h"

#define LOG_MODULE "mdns"

enum { LOOK_MS = 5000, PER_ARRIVAL = 32, CHANNELS_MAX = 64 };

// -- what there is to say

static void add_channel(const lp_svc_remote_t *remote, lp_remote_listener_t which, lp_buf_t *out)
{
    if (!remote->listeners_[which].is_open || which == LP_REMOTE_SETUP) {
        return; // whoever sets the board up has its label
    }
    (void)lp_fmt(out, "%s%s:%u", out->len > 0 ? "," : "", lp_remote_listener_name(which),
                 (unsigned)remote->listeners_[which].port);
}

// Which port the service of _limpet._tcp names: any of the channels will do.
static uint16_t first_port(const lp_svc_remote_t *remote)
{
    static const lp_remote_listener_t order[] = {LP_REMOTE_HTTPS, LP_REMOTE_HTTP, LP_REMOTE_TCP};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (remote->listeners_[order[i]].is_open) {
            return remote->listeners_[order[i]].port;
        }
    }
    return 0;
}

static void add_texts(const lp_svc_mdns_t *svc, lp_mdns_service_t *service, const char *channels)
{
    (void)lp_mdns_txt(service, "id", lp_config_str(svc->s_.config, "device.id"));
    (void)lp_mdns_txt(service, "app", svc->s_.app);
    (void)lp_mdns_txt(service, "version", svc->s_.version);
    if (channels != NULL) {
        (void)lp_mdns_txt(service, "rpc", channels);
    }
}

static size_t list_services(const lp_svc_mdns_t *svc, lp_mdns_service_t *services)
{
    const lp_svc_remote_t *remote = svc->s_.remote;
    uint8_t bytes[CHANNELS_MAX];
    lp_buf_t channels = lp_buf(bytes, sizeof bytes - 1);
    size_t n = 0;
    for (int k = 0; k < LP_REMOTE_LISTENERS; k++) {
        add_channel(remote, (lp_remote_listener_t)k, &channels);
    }
    bytes[channels.len] = '\0';
    if (channels.len == 0 || !lp_config_bool(svc->s_.config, "mdns.enable")) {
        return 0;
    }
    services[n] = (lp_mdns_service_t){.type = "_limpet._tcp", .port = first_port(remote)};
    add_texts(svc, &services[n++], (const char *)bytes);
    if (remote->listeners_[LP_REMOTE_HTTP].is_open) {
        services[n] = (lp_mdns_service_t){.type = "_http._tcp",
                                          .port = remote->listeners_[LP_REMOTE_HTTP].port};
        (void)lp_mdns_txt(&services[n], "path", "/rpc");
        add_texts(svc, &services[n++], NULL);
    }
    return n;
}

// -- and where

static bool is_bound_to(const char *bind, const uint8_t addr[16])
{
    uint8_t wanted[16];
    return lp_address_of(bind, wanted) == LP_OK && memcmp(wanted, addr, sizeof wanted) == 0;
}

// Leaves the addresses that can be called.
static void keep_bound(const char *bind, lp_net_link_t *link)
{
    uint8_t kept = 0;
    for (size_t i = 0; i < link->count; i++) {
        if (bind[0] == '\0' || is_bound_to(bind, link->own[i].addr)) {
            link->own[kept++] = link->own[i];
        }
    }
    memset(&link->own[kept], 0, (LP_NET_LINK_ADDRS - kept) * sizeof link->own[0]);
    link->count = kept;
}

static size_t list_links(lp_svc_mdns_t *svc, lp_net_link_t *links)
{
    const char *bind = lp_config_str(svc->s_.config, "rpc.bind");
    lp_net_link_t all[LP_MDNS_LINKS];
    const size_t count = lp_port_udp_links(&svc->group_, all, LP_MDNS_LINKS);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        keep_bound(bind, &all[i]);
        if (all[i].count > 0) {
            links[n++] = all[i];
        }
    }
    return n;
}

// -- the responder's sockets and time

static void on_send(void *ctx, unsigned link, bool is_v6, const lp_net_peer_t *to, lp_span_t packet)
{
    lp_svc_mdns_t *svc = ctx;
    const lp_err_t err = lp_port_udp_send(&svc->group_, link, is_v6, to, packet);
    if (err != LP_OK) {
        LP_LOGD("not sent (%s)", lp_err_text(err));
    }
}

static uint32_t on_random(void *ctx)
{
    uint8_t bytes[4] = {0};
    (void)ctx;
    (void)lp_port_entropy(bytes, sizeof bytes); // it is to spread load, and keeps no secret
    return lp_get_be32(bytes);
}

static void turn(void *ctx)
{
    lp_svc_mdns_t *svc = ctx;
    const lp_mdns_state_t before = svc->mdns.state;
    const uint32_t wait_ms = lp_mdns_turn(&svc->mdns, lp_port_now_ms());
    if (before != LP_MDNS_UP && svc->mdns.state == LP_MDNS_UP) {
        LP_LOGI("announced as %s.local", svc->mdns.label);
    }
    lp_timer_stop(svc->s_.loop, &svc->timer_);
    if (wait_ms != UINT32_MAX) {
        lp_timer_start(svc->s_.loop, &svc->timer_, wait_ms);
    }
}

static void on_arrival(void *ctx)
{
    lp_svc_mdns_t *svc = ctx;
    uint8_t buf[LP_MDNS_PACKET_MAX];
    lp_udp_from_t from;
    size_t n = 0;
    const uint32_t conflicts = svc->mdns.conflicts;
    lp_err_t err = LP_OK;
    // A flood must not keep the loop from everything else.
    for (int i = 0; i < PER_ARRIVAL && err == LP_OK; i++) {
        err = lp_port_udp_receive(&svc->group_, buf, sizeof buf, &n, &from);
        if (err == LP_OK) {
            lp_mdns_receive(&svc->mdns, lp_port_now_ms(), &from, lp_span(buf, n));
        }
    }
    if (conflicts == 0 && svc->mdns.conflicts > 0) {
        LP_LOGW("somebody else on the link has the name %s", svc->mdns.label);
    }
    if (err == LP_OK) {
        lp_loop_post(svc->s_.loop, &svc->arrival_);
    }
    turn(svc);
}

// -- on and off

static void close_group(lp_svc_mdns_t *svc)
{
    if (svc->is_open_) {
        lp_mdns_stop(&svc->mdns);
        lp_timer_stop(svc->s_.loop, &svc->timer_);
        lp_timer_stop(svc->s_.loop, &svc->look_timer_);
        lp_loop_unpost(svc->s_.loop, &svc->arrival_);
        lp_port_udp_leave(&svc->group_);
        svc->is_open_ = false;
        svc->link_count_ = 0;
        LP_LOGI("no longer announced");
    }
}

static bool open_group(lp_svc_mdns_t *svc)
{
    if (!svc->is_open_) {
        const lp_err_t err = lp_port_udp_join(&svc->group_, lp_mdns_group4, lp_mdns_group6,
                                              LP_MDNS_PORT, on_arrival, svc);
        if (err != LP_OK && err != svc->err_) {
            LP_LOGW("not announced: port %d cannot be used (%s)", LP_MDNS_PORT, lp_err_text(err));
        }
        svc->err_ = err;
        svc->is_open_ = err == LP_OK;
    }
    lp_timer_start(svc->s_.loop, &svc->look_timer_, LOOK_MS);
    return svc->is_open_;
}

static void step(void *ctx)
{
    lp_svc_mdns_t *svc = ctx;
    lp_mdns_service_t services[LP_MDNS_SERVICES];
    lp_net_link_t links[LP_MDNS_LINKS];
    memset(services, 0, sizeof services); // so that they can be compared
    memset(links, 0, sizeof links);
    const size_t count = list_services(svc, services);
    if (count == 0) {
        lp_timer_stop(svc->s_.loop, &svc->look_timer_);
        close_group(svc);
        return;
    }
    if (!open_group(svc)) {
        return;
    }
    const size_t link_count = list_links(svc, links);
    const bool is_same = count == svc->service_count_ && link_count == svc->link_count_ &&
                         memcmp(services, svc->services_, sizeof services) == 0 &&
                         memcmp(links, svc->links_, sizeof links) == 0;
    if (is_same && svc->mdns.state != LP_MDNS_OFF) {
        return;
    }
    memcpy(svc->services_, services, sizeof services);
    memcpy(svc->links_, links, sizeof links);
    svc->service_count_ = count;
    svc->link_count_ = link_count;
    if (link_count == 0) {
        lp_mdns_stop(&svc->mdns);
    } else {
        lp_mdns_start(&svc->mdns, lp_port_now_ms(), lp_config_str(svc->s_.config, "device.id"),
                      services, count, links, link_count);
    }
    turn(svc);
}

void lp_svc_mdns_poke(lp_svc_mdns_t *svc)
{
    lp_loop_post(svc->s_.loop, &svc->step_);
}

void lp_svc_mdns_stop(lp_svc_mdns_t *svc)
{
    lp_loop_unpost(svc->s_.loop, &svc->step_);
    lp_timer_stop(svc->s_.loop, &svc->look_timer_);
    close_group(svc);
}

// -- Mdns.Status

static const char *state_name(const lp_svc_mdns_t *svc)
{
    switch (svc->mdns.state) {
    case LP_MDNS_OFF:
        return "off";
    case LP_MDNS_WAIT:
    case LP_MDNS_PROBING:
        return "probing";
    case LP_MDNS_ANNOUNCING:
    case LP_MDNS_UP:
        return "announced";
    }
    return "off";
}

static void status(void *ctx, lp_rpc_req_t *req)
{
    const lp_svc_mdns_t *svc = ctx;
    const bool is_off = svc->mdns.state == LP_MDNS_OFF;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "state");
    lp_json_put_str(w, state_name(svc));
    lp_json_put_key(w, "name");
    lp_json_put_str(w, is_off ? "" : svc->mdns.label);
    lp_json_put_key(w, "services");
    lp_json_put_array(w);
    for (size_t i = 0; i < svc->service_count_ && !is_off; i++) {
        lp_json_put_str(w, svc->services_[i].type);
    }
    lp_json_put_array_end(w);
    lp_json_put_key(w, "links");
    lp_json_put_uint(w, is_off ? 0 : svc->link_count_);
    lp_json_put_key(w, "conflicts");
    lp_json_put_uint(w, svc->mdns.conflicts);
    lp_json_put_key(w, "dropped");
    lp_json_put_uint(w, svc->mdns.dropped);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static const lp_rpc_method_t methods[] = {
    {"Mdns.Status", LP_RPC_READ, status, "", "{state, name, services, links, conflicts, dropped}"},
};

void lp_svc_mdns_init(lp_svc_mdns_t *svc, const lp_svc_mdns_setup_t *setup)
{
    memset(svc, 0, sizeof *svc);
    svc->s_ = *setup;
    const lp_mdns_owner_t owner = {.send = on_send, .random = on_random, .ctx = svc};
    lp_mdns_init(&svc->mdns, &owner);
    lp_event_init(&svc->step_, step, svc);
    lp_event_init(&svc->arrival_, on_arrival, svc);
    lp_timer_init(&svc->timer_, turn, svc);
    lp_timer_init(&svc->look_timer_, step, svc);
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_rpc_add(setup->rpc, &svc->set_);
    lp_svc_mdns_poke(svc);
}
