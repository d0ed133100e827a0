// SPDX-License-Identifier: Apache-2.0
// What the files of this port share beyond limpet/bare_hw.h.
// @source Arm, Application Note AN385 (memory map, interrupts); ARM DDI 0479 (UART, timer)
#ifndef LP_MPS2_H
#define LP_MPS2_H

#include "limpet/bare_hw.h"

enum { MPS2_CLOCK_HZ = 25000000, MPS2_TICKS_PER_US = 25 };

static inline volatile uint32_t *mps2_regs(uintptr_t base)
{
    return (volatile uint32_t *)base;
}

// ---- irq.c ------------------------------------------------------------------------------------

// Lines of the interrupt controller, by number.
typedef enum {
    MPS2_IRQ_UART0_RX = 0,
    MPS2_IRQ_UART0_TX = 1,
    MPS2_IRQ_UART1_RX = 2,
    MPS2_IRQ_UART1_TX = 3,
    MPS2_IRQ_UART2_RX = 4,
    MPS2_IRQ_UART2_TX = 5,
    MPS2_IRQ_TIMER1 = 9,
    MPS2_IRQ_ETH = 13,
    MPS2_IRQ_UART3_RX = 18,
    MPS2_IRQ_UART3_TX = 19,
    MPS2_IRQ_UART4_RX = 20,
    MPS2_IRQ_UART4_TX = 21,
    MPS2_IRQS = 32,
} mps2_irq_t;

typedef void mps2_irq_fn(void);

// `fn` is called from the interrupt and must take the cause away.
void mps2_irq_attach(mps2_irq_t irq, mps2_irq_fn *fn);

// Resets the whole board; RAM keeps its content.
_Noreturn void mps2_reset(void);

// ---- clock.c, uart.c --------------------------------------------------------------------------

void mps2_clock_init(void);
uint32_t mps2_ticks(void); // grows by MPS2_TICKS_PER_US a microsecond and overflows
void mps2_uart_init(void);
// Sends what the console has queued without interrupts, for the last words.
void mps2_uart_flush(void);

// ---- semihost.c: files of the computer below ---------------------------------------------------

typedef enum { MPS2_READ = 1, MPS2_UPDATE = 3, MPS2_CREATE = 7 } mps2_open_t;
// Negative: it failed.
int mps2_file_open(const char *path, mps2_open_t how);
void mps2_file_close(int fd);
bool mps2_file_read(int fd, void *buf, size_t len);
bool mps2_file_write(int fd, const void *data, size_t len);
bool mps2_file_seek(int fd, size_t offset);
long mps2_file_length(int fd);
// The words of the command line, separated by blanks, ended by 0. False: there are too many.
bool mps2_command_line(char *text, size_t cap);
_Noreturn void mps2_exit(int status);

#endif
