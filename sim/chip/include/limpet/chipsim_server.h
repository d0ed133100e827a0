// SPDX-License-Identifier: Apache-2.0
// limpet/chipsim_server.h - the virtual bus behind the adapter protocol (docs/adapter-protocol.md).
//
// Two levels: a parser without I/O that turns SC18IM700 bytes into bus transactions and answers,
// and a server that runs it, or the kit protocol (limpet/chipsim_kit.h), on a unix socket, a TCP
// port or a pseudo terminal. The chips keep power and state when a client goes.
#ifndef LIMPET_CHIPSIM_SERVER_H
#define LIMPET_CHIPSIM_SERVER_H

#include "limpet/chipsim.h"

// ---- a clock for chips whose master has a time of its own -------------------

// The computer's monotonic clock, until a master that lives in virtual time tells what it is there.
// Zeroed at first. Private.
typedef struct {
    bool is_told_;
    uint64_t now_us_;   // of the chips, while told
    uint64_t last_us_;  // what the master said
    uint64_t shift_us_; // from the clock that counts to the chips' (may wrap)
} lp_chipsim_master_clock_t;

// For lp_chipsim_clock_t; `ctx` is the clock.
uint64_t lp_chipsim_master_clock_now(void *ctx);
// It is that time at the master; it may begin at 0 again.
void lp_chipsim_master_clock_tell(lp_chipsim_master_clock_t *clock, uint64_t master_us);
// Lets time pass beyond what was told.
void lp_chipsim_master_clock_pass(lp_chipsim_master_clock_t *clock, uint64_t us);
// Back to the computer's clock.
void lp_chipsim_master_clock_release(lp_chipsim_master_clock_t *clock);

// ---- the bridge, bytes in and bytes out -------------------------------------

enum { LP_CHIPSIM_BRIDGE_REGS = 11, LP_CHIPSIM_BRIDGE_IN = 600, LP_CHIPSIM_BRIDGE_TIMED_MAX = 512 };

// One bridge on one bus. Private; initialise with lp_chipsim_bridge_init().
typedef struct {
    lp_chipsim_bus_t *bus_;
    lp_chipsim_master_clock_t *clock_; // null: commands with a time are not known
    uint64_t wire_ns_;                 // that the bus was busy for the timed command under way
    uint8_t regs_[LP_CHIPSIM_BRIDGE_REGS];
    uint8_t in_[LP_CHIPSIM_BRIDGE_IN]; // a command that is not complete yet
    size_t in_len_;
} lp_chipsim_bridge_t;

// Borrows the bus.
void lp_chipsim_bridge_init(lp_chipsim_bridge_t *bridge, lp_chipsim_bus_t *bus);

// Lets commands with a time (docs/adapter-protocol.md, `T`) set `clock`, which must be the chips'.
// Lends.
void lp_chipsim_bridge_set_clock(lp_chipsim_bridge_t *bridge, lp_chipsim_master_clock_t *clock);

// Forgets a half-received command, as when the line was closed.
void lp_chipsim_bridge_reset(lp_chipsim_bridge_t *bridge);

// Takes `in` and calls `out` with each answer, in order. Bytes that make no command are dropped up
// to the next one that can start one, as the bridge does.
void lp_chipsim_bridge_feed(lp_chipsim_bridge_t *bridge, lp_span_t in,
                            void (*out)(void *ctx, lp_span_t bytes), void *ctx);

// ---- the server -------------------------------------------------------------

typedef struct lp_chipsim_server lp_chipsim_server_t;

// Opens "unix:PATH", "tcp:HOST:PORT" (port 0: any free one; host empty: 127.0.0.1) or "pty[:LINK]"
// and serves the bus there. `ready_name` receives where it really listens, e.g.
// "tcp:127.0.0.1:40123" or "pty:/dev/pts/5". LP_E_FORMAT: not a listen address. LP_E_EXISTS:
// somebody listens there already, or a file that is no socket is in the way. LP_E_IO: the system
// refused (errno says why). Borrows the bus.
lp_err_t lp_chipsim_server_open(lp_chipsim_server_t **out, const char *listen,
                                lp_chipsim_bus_t *bus, char *ready_name, size_t ready_cap);

// What the clients of a server speak.
typedef enum {
    LP_CHIPSIM_SC18IM, // docs/adapter-protocol.md
    LP_CHIPSIM_KIT,    // docs/chip-emulator.md, "The kit protocol"
} lp_chipsim_protocol_t;

// "sc18im", "kit". LP_E_NOT_FOUND: no such protocol; `out` untouched.
lp_err_t lp_chipsim_protocol_parse(const char *name, lp_chipsim_protocol_t *out);

// The same for the bridge of a server.
void lp_chipsim_server_set_clock(lp_chipsim_server_t *server, lp_chipsim_master_clock_t *clock);

// Every server begins with LP_CHIPSIM_SC18IM. To be called before the first turn.
void lp_chipsim_server_speak(lp_chipsim_server_t *server, lp_chipsim_protocol_t protocol);

// Serves until *stop is not 0 or a file descriptor fails. Clients are served one at a time, the
// rest wait their turn. LP_OK after stop; LP_E_IO.
lp_err_t lp_chipsim_server_run(lp_chipsim_server_t *server, const volatile int *stop);

// Waits up to timeout_ms for traffic and deals with it: for programs with a loop of their own.
lp_err_t lp_chipsim_server_turn(lp_chipsim_server_t *server, int timeout_ms);

// Closes, and removes the socket or link that open made. Null is allowed.
void lp_chipsim_server_close(lp_chipsim_server_t *server);

#endif
