// SPDX-License-Identifier: Apache-2.0
// limpet/bare.h - a board with no operating system under it, as the emulated ones are.
//
// The loop is all there is: interrupts only count, lwIP runs in the wait, nothing is allocated.
#ifndef LIMPET_BARE_H
#define LIMPET_BARE_H

#include "limpet/err.h"
#include "limpet/loop.h"
#include "limpet/stream.h"

// Call first. Reads the words that the board was started with:
//   flash=FILE   the file behind the flash           id=HEX       hardware id, 12 hex digits
//   utc=SECONDS  the battery-backed clock             host=A=B     the name A has the address B
//   sntp=HOST[:PORT]  a server that is asked for the time
//   jumper=A-B,C-D    pins tied together, where the port has pins in memory
//   chip=PATH    what the chip's bridge is wired to, where the port has no UART for it
// LP_E_IO: the flash cannot be had. LP_E_FORMAT: a word is malformed.
lp_err_t lp_bare_init(lp_loop_t *loop);

// The value of a word; null when it was not given. Static.
const char *lp_bare_word(const char *name);

// The console and RPC line; the line to the chip's bridge, null when nothing is wired. Static.
lp_stream_t *lp_bare_console(void);
lp_stream_t *lp_bare_chip_line(void);

// Starts the network: an address by DHCP and by IPv6's own configuration; `name` (static) is what
// DHCP is told.
void lp_bare_net_start(const char *name);

// Bytes of the loop's stack that were ever used, and that there are.
void lp_bare_stack(size_t *used, size_t *size);

#endif
