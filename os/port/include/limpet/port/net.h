// SPDX-License-Identifier: Apache-2.0
// limpet/port/net.h - TCP connections, outgoing and incoming, and datagrams to a multicast group,
// as a port must provide them.
// @context loop
#ifndef LIMPET_PORT_NET_H
#define LIMPET_PORT_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "limpet/stream.h"

// A caller-owned TCP connection; `port_` belongs to the port.
typedef struct {
    lp_stream_t stream; // must stay first
    uintptr_t port_[16];
} lp_tcp_t;

// Starts to resolve `host` (copied) and connect. LP_OK: LP_STREAM_OPEN or LP_STREAM_CLOSED comes
// later through `fn`; LP_STREAM_CLOSED carries LP_E_NET_RESOLVE, LP_E_NET_REFUSED, LP_E_TIMEOUT...
// LP_E_INVALID: empty or overlong host, port 0. LP_E_NOSPACE: no connection free.
lp_err_t lp_port_tcp_open(lp_tcp_t *tcp, const char *host, uint16_t port, lp_stream_fn *fn,
                          void *ctx);

// -- incoming connections; a port that no image listens on may leave this part out

// Where a connection comes from.
typedef struct {
    uint8_t addr[16]; // IPv6; IPv4 as ::ffff:a.b.c.d
    uint16_t port;
} lp_net_peer_t;

// A caller-owned listener; `port_` belongs to the port.
typedef struct {
    uintptr_t port_[24];
} lp_tcp_server_t;

// Connections wait: call lp_port_tcp_accept() now or later, until LP_E_AGAIN. Comes once, and again
// only after that. From the loop.
typedef void lp_tcp_arrival_fn(void *ctx);

// Listens on `address` (a numeric address of this board's own; "": all of them, IPv4 and IPv6) and
// on *port; 0 takes a free one and says which. `server` is lent until lp_port_tcp_unlisten(). A few
// connections wait to be accepted, the network refuses or drops more.
// LP_E_INVALID: the address is none of ours or not numeric; LP_E_EXISTS: the port is taken;
// LP_E_DENIED: not allowed to use it; LP_E_NOSPACE. On errors nothing listens.
lp_err_t lp_port_tcp_listen(lp_tcp_server_t *server, const char *address, uint16_t *port,
                            lp_tcp_arrival_fn *fn, void *ctx);

// Takes the connection that has waited longest: `tcp` is open at once (no LP_STREAM_OPEN comes) and
// has no listener yet. LP_E_AGAIN: none waits; LP_E_NOSPACE: one waits, and this port has no room
// for it now.
lp_err_t lp_port_tcp_accept(lp_tcp_server_t *server, lp_tcp_t *tcp, lp_net_peer_t *peer);

// Stops listening; connections that wait are refused, those accepted live on. May be called
// repeatedly on a server that has listened once.
void lp_port_tcp_unlisten(lp_tcp_server_t *server);

// -- the board's own address; a port whose images have no events may leave this part out

enum { LP_NET_ADDRESS_MAX = 46 };

// Writes the address that others reach this board at, IPv4 before IPv6. False: there is no network;
// `text` is untouched.
bool lp_port_net_address(char text[LP_NET_ADDRESS_MAX]);

// Calls fn(ctx), from the loop, whenever lp_port_net_address() may say something else. For one
// caller, for good. A port that cannot know calls nobody.
void lp_port_net_watch(void (*fn)(void *ctx), void *ctx);

// -- datagrams to a group, on each link of the board; a port whose images do not announce
// themselves may leave this part out

enum { LP_NET_LINK_ADDRS = 6 };

// A network card, or what is like one. Addresses are IPv6, IPv4 as ::ffff:a.b.c.d (and then `bits`
// is 96 and more).
typedef struct {
    unsigned number; // the port's own, not 0
    uint8_t count;
    struct {
        uint8_t addr[16];
        uint8_t bits; // of the prefix that everybody on the link has
    } own[LP_NET_LINK_ADDRS];
} lp_net_link_t;

// Where a datagram comes from.
typedef struct {
    lp_net_peer_t peer;
    unsigned link;
    bool is_to_group; // and not to this board alone
} lp_udp_from_t;

// Sends one datagram to `to`, from any port of this board; for whoever wants no answer (syslog).
// Lost like any datagram. LP_E_AGAIN: not now; LP_E_IO: there is no way to it.
lp_err_t lp_port_udp_put(const lp_net_peer_t *to, lp_span_t data);

// A group on one port, over IPv4 and IPv6; `port_` belongs to the port.
typedef struct {
    uintptr_t port_[24];
} lp_udp_group_t;

// Datagrams wait: call lp_port_udp_receive() until LP_E_AGAIN. Comes once, and again only after
// that. From the loop.
typedef void lp_udp_arrival_fn(void *ctx);

// Binds `port`, together with whoever else on this computer wants it. Then call
// lp_port_udp_links(), which joins. `group` is lent until lp_port_udp_leave().
// LP_E_DENIED, LP_E_EXISTS: the port is somebody's alone; LP_E_NOSPACE. On errors nothing is open.
lp_err_t lp_port_udp_join(lp_udp_group_t *group, const uint8_t v4[4], const uint8_t v6[16],
                          uint16_t port, lp_udp_arrival_fn *fn, void *ctx);

// Looks which links there are now and joins the group on those that are new. Fills up to `cap`,
// returns how many were filled.
size_t lp_port_udp_links(lp_udp_group_t *group, lp_net_link_t *links, size_t cap);

// LP_OK with a datagram, which is cut at `cap`; LP_E_AGAIN: none waits.
lp_err_t lp_port_udp_receive(lp_udp_group_t *group, uint8_t *buf, size_t cap, size_t *n,
                             lp_udp_from_t *from);

// Sends over `link` to `to`, or to the group (null) in the family that is asked for, with a hop
// limit of 255. Lost like any datagram when there is no room: LP_E_AGAIN. Other errors: nothing was
// sent.
lp_err_t lp_port_udp_send(lp_udp_group_t *group, unsigned link, bool is_v6, const lp_net_peer_t *to,
                          lp_span_t data);

// May be called repeatedly on a group that was joined once.
void lp_port_udp_leave(lp_udp_group_t *group);

#endif
