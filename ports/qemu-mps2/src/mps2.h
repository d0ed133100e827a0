// SPDX-License-Identifier: Apache-2.0
// What the files of this port share beyond limpet/bare_hw.h.
// Where the board has it is in mps2_map.h, one for each of its cores.
// @source ARM DDI 0479 (UART, timer)
#ifndef LP_MPS2_H
#define LP_MPS2_H

#include "limpet/bare_hw.h"
#include "mps2_map.h"

static inline volatile uint32_t *mps2_regs(uintptr_t base)
{
    return (volatile uint32_t *)base;
}

// ---- irq.c ------------------------------------------------------------------------------------

typedef void mps2_irq_fn(void);

// `fn` is called from the interrupt and must take the cause away.
void mps2_irq_attach(mps2_irq_t irq, mps2_irq_fn *fn);

// What the core has pushed at an exception (`frame`) and what the handler has (`saved`, r4 to r11)
// as a crash; its registers are put into `regs`.
enum { MPS2_REGS = 16 };
lp_crash_t mps2_crash(const uint32_t *frame, const uint32_t *saved, uintptr_t regs[MPS2_REGS]);

// Resets the whole board; RAM keeps its content.
_Noreturn void mps2_reset(void);

// ---- clock.c, uart.c --------------------------------------------------------------------------

void mps2_clock_init(void);
uint32_t mps2_ticks(void); // grows by MPS2_TICKS_PER_US a microsecond and overflows
void mps2_uart_init(void);
// Sends what the console has queued without interrupts, for the last words.
void mps2_uart_flush(void);
// Static: UART 1, to the bridge of the crypto chip.
const lp_hw_line_t *mps2_uart_chip_line(void);

// ---- i2c.c -------------------------------------------------------------------------------------

// Whether the bus has a driver, which the pins of a shield then belong to.
bool mps2_i2c_is_open(unsigned which); // LP_MPS2_I2C_*

// ---- semihost.c: files of the computer below ---------------------------------------------------

typedef enum { MPS2_READ = 1, MPS2_UPDATE = 3, MPS2_CREATE = 7 } mps2_open_t;
// Negative: it failed.
int mps2_file_open(const char *path, mps2_open_t how);
void mps2_file_close(int fd);
bool mps2_file_read(int fd, void *buf, size_t len);
size_t mps2_file_read_some(int fd, void *buf, size_t cap); // what there is; 0: nothing
bool mps2_file_write(int fd, const void *data, size_t len);
bool mps2_file_seek(int fd, size_t offset);
long mps2_file_length(int fd);
// The words of the command line, separated by blanks, ended by 0. False: there are too many.
bool mps2_command_line(char *text, size_t cap);
_Noreturn void mps2_exit(int status);

#endif
