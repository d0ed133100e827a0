// SPDX-License-Identifier: Apache-2.0
// limpet/mdns.h - says on the link which services this board has: a responder of multicast DNS and
// DNS-SD.
//
// Datagrams and time in, datagrams out; the owner has the sockets and the timer. The board's name
// is probed for before it is used. Whoever has it already keeps it, and the board takes NAME-2,
// NAME-3 and so on; after 15 conflicts in 10 seconds it waits 5 seconds before each further try.
//
//   OFF --start--> WAIT --> PROBING x3 --nobody objects--> ANNOUNCING x2 --> UP
//                   ^          | conflict: another name        | conflict    |
//                   '----------+-------------------------------+-------------'
//
// Nothing here trusts a datagram: answers are believed from the mDNS port and from this link only,
// and all that they can do is to make the board take another name. Answers go to the group, or by
// unicast to an address of the link itself, LP_MDNS_UNICASTS_PER_S at most; a record goes to the
// group once a second at most.
// @source RFC 6762, RFC 6763
// @context loop
#ifndef LIMPET_MDNS_H
#define LIMPET_MDNS_H

#include "limpet/dns.h"
#include "limpet/port/net.h"

// A board with one card, and no more than the services of limpet/svc_mdns.h.
#if defined(LP_ONE_CARD)
#define LP_MDNS_LINKS_MAX    1
#define LP_MDNS_SERVICES_MAX 2
#else
#define LP_MDNS_LINKS_MAX    4
#define LP_MDNS_SERVICES_MAX 3
#endif

enum {
    LP_MDNS_PORT = 5353,
    LP_MDNS_SERVICES = LP_MDNS_SERVICES_MAX,
    LP_MDNS_LINKS = LP_MDNS_LINKS_MAX,
    LP_MDNS_LABEL = 56, // longest name before a number is put behind it, with the terminator
    LP_MDNS_TXT_MAX = 300,
    LP_MDNS_PACKET_MAX = 1400, // sent, and received without loss
    LP_MDNS_UNICASTS_PER_S = 10,
    LP_MDNS_CONFLICTS = 15,
};

extern const uint8_t lp_mdns_group4[4];
extern const uint8_t lp_mdns_group6[16];

typedef struct {
    const char *type; // "_http._tcp". Static
    uint16_t port;
    uint16_t txt_len;
    uint8_t txt[LP_MDNS_TXT_MAX]; // strings with their lengths, see lp_mdns_txt()
} lp_mdns_service_t;

typedef struct {
    // Sends `packet` (borrowed) over a link, to `to` or to the group (null).
    void (*send)(void *ctx, unsigned link, bool is_v6, const lp_net_peer_t *to, lp_span_t packet);
    // 32 random bits.
    uint32_t (*random)(void *ctx);
    void *ctx;
} lp_mdns_owner_t;

typedef enum {
    LP_MDNS_OFF,
    LP_MDNS_WAIT, // a moment before probing
    LP_MDNS_PROBING,
    LP_MDNS_ANNOUNCING,
    LP_MDNS_UP,
} lp_mdns_state_t;

// What is to be answered on one link in one family.
typedef struct {
    uint32_t records; // one bit each
    uint64_t due_ms;
    uint64_t sent_ms[32]; // when each went to the group last
    bool is_defence;      // of a name that somebody probes for
} lp_mdns_pending_t;

typedef struct {
    lp_mdns_state_t state;
    char label[LP_MDNS_LABEL + 8]; // the name that is used or tried now
    uint32_t conflicts;            // since the start
    uint32_t dropped;              // datagrams that were malformed or from elsewhere

    lp_mdns_owner_t owner_;
    char base_[LP_MDNS_LABEL];
    uint32_t number_; // 1: the name without one
    lp_mdns_service_t services_[LP_MDNS_SERVICES];
    size_t service_count_;
    lp_net_link_t links_[LP_MDNS_LINKS];
    size_t link_count_;
    lp_mdns_pending_t pending_[LP_MDNS_LINKS][2];
    uint64_t due_ms_; // of the state
    unsigned tries_;
    uint64_t storm_ms_; // when this row of conflicts began
    unsigned storm_;
    uint64_t tokens_ms_;
    unsigned tokens_; // unicast answers that may go now
    uint8_t out_[LP_MDNS_PACKET_MAX];
} lp_mdns_t;

// Copies `owner`. The state is LP_MDNS_OFF.
void lp_mdns_init(lp_mdns_t *m, const lp_mdns_owner_t *owner);

// Appends "key=value" to the TXT of a service. LP_E_NOSPACE: it does not fit; nothing is changed.
lp_err_t lp_mdns_txt(lp_mdns_service_t *service, const char *key, const char *value);

// Starts with the name `label` (copied, cut) and the services and links (copied, LP_MDNS_SERVICES
// and LP_MDNS_LINKS at most). Says goodbye first where something was announced.
void lp_mdns_start(lp_mdns_t *m, uint64_t now_ms, const char *label,
                   const lp_mdns_service_t *services, size_t service_count,
                   const lp_net_link_t *links, size_t link_count);

// Goodbye, at once.
void lp_mdns_stop(lp_mdns_t *m);

// A datagram that came to the mDNS port.
void lp_mdns_receive(lp_mdns_t *m, uint64_t now_ms, const lp_udp_from_t *from, lp_span_t datagram);

// Does what is due. Returns in how many ms the next call is; UINT32_MAX: nothing waits.
uint32_t lp_mdns_turn(lp_mdns_t *m, uint64_t now_ms);

#endif
