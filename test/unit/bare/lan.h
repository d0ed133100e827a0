// SPDX-License-Identifier: Apache-2.0
// lan.h - what is at the other end of the board's cable: a router, servers for addresses and for
// names, each of which answers when it is on; and a hand that makes any frame.
#ifndef LAN_H
#define LAN_H

#include "world.h"

enum { LAN_SERVERS = 2 };

// Addresses as numbers: 192.0.2.10 is 0xC000020A.
typedef struct {
    struct {
        bool is_on, refuses; // refuses: each request, once the board has asked for an address
        uint32_t address, mask, router, lease_s;
        uint32_t servers[LAN_SERVERS]; // 0: none
        unsigned discovers, requests, releases;
    } dhcp;
    struct {
        bool is_on;    // answers those who ask for a router
        uint8_t flags; // 0x80 managed, 0x40 other
        bool has_prefix;
        uint8_t server[16]; // zeros: none
        uint32_t server_life_s;
    } router;
    struct {
        bool is_on;
        uint8_t servers[2][16];
        size_t count;
        unsigned requests;
        bool is_malformed; // the length of its last option points behind the end
    } dhcp6;
    struct {
        bool is_on[4];     // whether the server with this index answers, see lan_dns()
        bool fails[4];     // it says that it has failed
        unsigned asked[4]; // by the last byte of its address, 53 to 56
        bool has_v6;       // they know an address of IPv6, too: 2001:db8:1::7
    } dns;
    uint32_t taken;      // an address of IPv4 that somebody else has: probes are answered
    unsigned probes;     // for any address
    uint32_t announced;  // the last address that the board has announced by ARP
    unsigned sent, syns; // frames of the board's; connections that it wants
    uint32_t syn_to;     // where the last one goes, or 0 for IPv6
    uint32_t syn_from;
    bool refuses4, refuses6; // each connection that the board wants over this kind of address
    struct {
        unsigned igmp, mld; // reports of membership
        unsigned v4, v6;    // datagrams from the board, by where they go
        uint8_t hops;       // of the last one
        uint8_t to[16];     // and where it went; IPv4 in the first four bytes
        uint16_t port;
        size_t len;       // of its content
        uint8_t data[64]; // the beginning of that
    } udp;
} lan_t;

extern lan_t lan;

// Empties the LAN and puts it at the board's cable.
void lan_begin(void);

// One announcement of the router; of its own accord.
void lan_announce(void);

// The same from somebody else: `who` makes his address and prefix.
void lan_announce_as(uint32_t who);

// A datagram over IPv4 or IPv6 to the board, with correct checksums.
void lan_udp4(uint32_t from, uint16_t from_port, uint32_t to, uint16_t to_port, const uint8_t *data,
              size_t len);
void lan_udp6(const uint8_t from[16], uint16_t from_port, const uint8_t to[16], uint16_t to_port,
              const uint8_t *data, size_t len);

// Somebody says that `address` is his.
void lan_claim(uint32_t address);

// The board's address that begins with FE80.
void lan_board_ip6(uint8_t address[16]);

#endif
