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
void lp_posix_tcp_take(lp_tcp_t *tcp, int fd, bool is_cut_with_network);

// -- the radio

#define LP_POSIX_WIFI_AP_ADDRESS "192.168.4.1"

// Whether this computer's network is the board's now; *portal: a port of this computer that all
// connections go to, 0 for none.
bool lp_posix_net_is_up(uint16_t *portal);
// Whether the board has a radio at all.
bool lp_posix_wifi_is_wired(void);
// Whether that is the address of the board's own access point, which is open.
bool lp_posix_wifi_is_ap_address(const char *address);
// The network is gone: ends all connections that came or went over it.
void lp_posix_tcp_cut(void);
// A connection over the board's access point (owns).
void lp_posix_tcp_arrive(int fd, const char *address, uint16_t port);
// A packet of a SOCK_SEQPACKET socket as a string, with the descriptor that came along or -1. 0:
// the end; -1: errno.
int lp_posix_packet(int fd, char *line, size_t cap, int *passed);

// Who is at a socket's other end.
void lp_posix_take_peer(const struct sockaddr_storage *addr, lp_net_peer_t *peer);

// lp_port_tcp_open() for what stands for a wire of the board, and is there without its network.
lp_err_t lp_posix_tcp_open_wire(lp_tcp_t *tcp, const char *host, uint16_t port, lp_stream_fn *fn,
                                void *ctx);

// What survives lp_port_reboot(): descriptors by name, for the next image. -1: none of that name.
int lp_posix_inherited_fd(const char *name);
void lp_posix_bequeath_fd(const char *name, int fd);
bool lp_posix_is_rebooted(void);
// Starts the program again without a word; watchdog_starts is 0 for a restart that was asked for.
// @context any thread, signal handler
_Noreturn void lp_posix_restart(uint32_t watchdog_starts, bool is_crash);
// The same after deep sleep; `reason` is "timer" or "pin".
_Noreturn void lp_posix_restart_slept(const char *reason, uint64_t slept_ms);
// The watchdog's time stands still, for good.
void lp_posix_watchdog_stop(void);
// Waits without a loop: false when the signal that ends the program came, else whether the wake
// button (SIGUSR1) was pressed is in *is_pressed.
bool lp_posix_doze(uint64_t ms, bool *is_pressed);
// Keeps a crash whose interrupted code is in `context`, a ucontext_t, when crashes are kept.
// @context signal handler
void lp_posix_crash_hang(const void *context);
// What lp_port_watchdog_starts() returns in this image.
void lp_posix_watchdog_inherit(uint32_t starts_in_a_row);

// The memory behind limpet/port/retained.h.
enum { LP_POSIX_RETAINED_BYTES = 36 * 1024 };

// Lets the UART drain before a reboot, so that the answer to Sys.Reboot gets out.
void lp_posix_uart_flush(void);
// Sends what is queued, and then `text`, at once if somebody reads.
// @context signal handler
void lp_posix_uart_last_words(const char *text, size_t len);
// Queues a log line; false when there is no room for it, or no UART.
bool lp_posix_uart_log(const char *line, size_t len);

#endif
