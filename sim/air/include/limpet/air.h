// SPDX-License-Identifier: Apache-2.0
// limpet/air.h - emulated radio: access points, and radios that listen to each other.
//
// The medium does no I/O and knows no clock: lines and time go in, lines come out. A radio is a
// Wi-Fi module as a board has it, with its supplicant and its authenticator inside; what it and its
// host say to each other is in docs/wifi.md. Key exchange is IEEE 802.11's 4-way handshake,
// computed on both sides: a wrong password is a wrong MIC. Of 802.11 below that nothing is there
// but what can go wrong.
#ifndef LIMPET_AIR_H
#define LIMPET_AIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AIR_APS_MAX = 32,
    AIR_RADIOS_MAX = 32,
    AIR_LINE_MAX = 512,
    AIR_SSID_MAX = 32,
};

typedef struct air air_t;
typedef struct air_radio air_radio_t;

// A line for the host of `radio`, without a line end. Never from inside the call that caused it,
// but from air_tick().
typedef void air_line_fn(void *ctx, air_radio_t *radio, const char *line);
// The link between two radios is over: what runs over it is to be cut.
typedef void air_cut_fn(void *ctx, air_radio_t *station);

typedef struct {
    air_line_fn *line;
    air_cut_fn *cut;
    void *ctx;
} air_hooks_t;

// Null: no memory.
air_t *air_new(const air_hooks_t *hooks);
void air_free(air_t *air);

// One line of a script: "ap NAME ssid=... ...", "set NAME ...", "deauth NAME [code=N]", "list".
// `now_ms` as for air_tick(). False: `answer` says what is wrong with it; true: it is an answer, or
// empty.
bool air_script(air_t *air, const char *line, uint64_t now_ms, char *answer, size_t cap);

// `host` is what air_line_fn's caller wants to find again. Null: no room.
air_radio_t *air_radio_add(air_t *air, void *host);
void air_radio_remove(air_radio_t *radio);
void *air_radio_host(const air_radio_t *radio);
// A line of its host. False: it is none of the protocol's.
bool air_radio_line(air_radio_t *radio, const char *line, uint64_t now_ms);

// The radio whose access point `radio` is joined to, and the address of `radio` there. Null: to
// none of a radio's.
air_radio_t *air_radio_peer(const air_radio_t *radio, char address[16]);

// Does what is due and tells when to come back: UINT64_MAX for not before the next line.
uint64_t air_tick(air_t *air, uint64_t now_ms);

#endif
