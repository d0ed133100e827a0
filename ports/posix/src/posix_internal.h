// SPDX-License-Identifier: Apache-2.0
// What the files of the posix port share.
#ifndef POSIX_INTERNAL_H
#define POSIX_INTERNAL_H

#include <sys/socket.h>

#include "limpet/port/net.h"
#include "limpet/posix.h"

// The loop given to lp_posix_init().
extern lp_loop_t *lp_posix_loop;

lp_err_t lp_posix_signals_init(lp_loop_t *loop);

// Makes `fd` non-blocking and closed by exec().
void lp_posix_prepare_fd(int fd);

// The operations of lp_posix_stream_t, for streams that wrap one.
void lp_posix_stream_listen(lp_stream_t *stream, lp_stream_fn *fn, void *ctx);
lp_err_t lp_posix_stream_read(lp_stream_t *stream, uint8_t *buf, size_t cap, size_t *n);
lp_err_t lp_posix_stream_write(lp_stream_t *stream, lp_span_t data, size_t *n);
void lp_posix_stream_close(lp_stream_t *stream);

// Makes `tcp` the stream of a connected socket (owns).
void lp_posix_tcp_take(lp_tcp_t *tcp, int fd);

// Who is at a socket's other end.
void lp_posix_take_peer(const struct sockaddr_storage *addr, lp_net_peer_t *peer);

// What survives lp_port_reboot(): descriptors by name, for the next image. -1: none of that name.
int lp_posix_inherited_fd(const char *name);
void lp_posix_bequeath_fd(const char *name, int fd);
bool lp_posix_is_rebooted(void);
// Starts the program again without a word; watchdog_starts is 0 for a restart that was asked for.
// @context any thread, signal handler
_Noreturn void lp_posix_restart(uint32_t watchdog_starts, bool is_crash);
// Keeps a crash whose interrupted code is in `context`, a ucontext_t, when crashes are kept.
// @context signal handler
void lp_posix_crash_hang(const void *context);
// What lp_port_watchdog_starts() returns in this image.
void lp_posix_watchdog_inherit(uint32_t starts_in_a_row);

// The memory behind limpet/port/retained.h.
enum { LP_POSIX_RETAINED_BYTES = 35 * 1024 };

// Lets the UART drain before a reboot, so that the answer to Sys.Reboot gets out.
void lp_posix_uart_flush(void);
// Sends what is queued, and then `text`, at once if somebody reads.
// @context signal handler
void lp_posix_uart_last_words(const char *text, size_t len);
// Queues a log line; false when there is no room for it, or no UART.
bool lp_posix_uart_log(const char *line, size_t len);

#endif
