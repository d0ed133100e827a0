// SPDX-License-Identifier: Apache-2.0
// What the files of the bare-metal part share.
#ifndef BARE_INTERNAL_H
#define BARE_INTERNAL_H

#include "limpet/bare.h"
#include "limpet/bare_hw.h"

extern lp_loop_t *lp_bare_loop;

// crash.c, once crashes are kept; else null: keeps a crash and restarts; looks at the loop's stack.
extern void (*lp_bare_on_crash)(const lp_crash_t *crash);
extern void (*lp_bare_check_stack)(void);
// The same: lp_hw_guard_stack().
extern void (*lp_bare_guard)(uint8_t *bottom);
// system.c: by itself, not by its power; and that because of a crash.
bool lp_bare_is_restarted(void);
bool lp_bare_is_after_crash(void);
// system.c: the end, for a reason that the fault handler does not know.
_Noreturn void lp_bare_trap(lp_crash_reason_t reason);
// lines.c: a frame that was on its way is broken off, so that lines get out.
void lp_bare_console_break(void);

// lines.c: tells listeners what came and went; true while somebody polls for input.
void lp_bare_lines_init(void);
void lp_bare_lines_poll(void);
bool lp_bare_lines_need_polling(void);
void lp_bare_console_flush(void);

// net.c: frames in, timers; the next time something is due.
void lp_bare_net_poll(void);
uint64_t lp_bare_net_due_ms(void);
// tcp.c: the network came or went; connections that wait for it start.
void lp_bare_tcp_network(bool is_up);
// sntp.c: the same for the question of the time.
void lp_bare_sntp_network(bool is_up);
// system.c: it is that time now.
void lp_bare_set_utc(int64_t utc_s);
// words.c: the address of a name that the board was told of; false: none.
bool lp_bare_host(const char *name, char *address, size_t cap);

#endif
