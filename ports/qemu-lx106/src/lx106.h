// SPDX-License-Identifier: Apache-2.0
// What the files of this port share beyond limpet/bare_hw.h.
#ifndef LP_LX106_H
#define LP_LX106_H

#include "limpet/bare_hw.h"

// ---- the core ---------------------------------------------------------------------------------

// CCOUNT runs at 40 MHz of virtual time; under -icount shift=0 a tick is 25 instructions.
enum { LX106_TICKS_PER_US = 40 };

static inline uint32_t lx106_ccount(void)
{
    uint32_t ticks;
    __asm__ volatile("rsr %0, ccount" : "=a"(ticks));
    return ticks;
}

// ---- irq.c ------------------------------------------------------------------------------------

// The core's interrupts, by number.
typedef enum {
    LX106_IRQ_UART = 0,
    LX106_IRQ_ETH = 1,
    LX106_IRQ_TIMER = 6,
    LX106_IRQS = 15,
} lx106_irq_t;

typedef void lx106_irq_fn(void);

// `fn` is called with interrupts off and must take the cause away.
void lx106_irq_attach(lx106_irq_t irq, lx106_irq_fn *fn);

// The watchdog's time is over.
// @context interrupt
_Noreturn void lx106_watchdog_bites(void);

// ---- clock.c, uart.c, eth.c -------------------------------------------------------------------

void lx106_clock_init(void);
void lx106_uart_init(void);
// Sends what is queued without interrupts, for the last words.
void lx106_uart_flush(void);

// ---- simcall.S: what the computer below does for the board --------------------------------------

enum {
    SIM_READ_ONLY = 0,
    SIM_READ_WRITE = 2,
    SIM_CREATE = 0100,
    SIM_FROM_START = 0,
    SIM_FROM_END = 2
};
// QEMU hands the flags and results of the host's system calls through; negative: it failed.
int lx106_sim_open(const char *path, int flags, int mode);
int lx106_sim_read(int fd, void *buf, size_t len);
int lx106_sim_write(int fd, const void *data, size_t len);
int lx106_sim_close(int fd);
int lx106_sim_seek(int fd, int offset, int whence);
// Whether a read finds something, now or within so many of the computer's seconds, in which no
// time passes for the board.
bool lx106_sim_has_input(int fd, int wait_s);
void lx106_sim_args(char **argv); // pointers, a null one, then the strings themselves
int lx106_sim_args_bytes(void);
__attribute__((noreturn)) void lx106_sim_exit(int status);

#endif
