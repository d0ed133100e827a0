// SPDX-License-Identifier: Apache-2.0
// limpet/bare_hw.h - what an emulated board's hardware offers to the common bare-metal part.
//
// One implementation a port (ports/qemu-lx106, ports/qemu-mps2). All of it is polled except that
// every interrupt is counted, so that a wait is never slept through. Nothing here waits.
// @context loop, if nothing else is said
#ifndef LIMPET_BARE_HW_H
#define LIMPET_BARE_HW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/crash.h"

// Called first, with interrupts off: clock, console, vectors.
void lp_hw_init(void);

// Static: "qemu-lx106".
const char *lp_hw_name(void);

// ---- sleeping ---------------------------------------------------------------------------------

// Grows with every interrupt.
uint32_t lp_hw_interrupts(void);
// Sleeps until an interrupt or lp_port_now_ms() >= until_ms. Returns at once when an interrupt came
// since `since`, a value of lp_hw_interrupts().
void lp_hw_idle(uint64_t until_ms, uint32_t since);

// ---- the watchdog -----------------------------------------------------------------------------

// As limpet/port/watchdog.h has it. When its time is over the port calls
// lp_bare_watchdog_bites() from its interrupt, sends what the console has queued without
// interrupts, and restarts.
void lp_hw_watchdog_start(uint32_t timeout_ms);
void lp_hw_watchdog_feed(void);
// Notes that this restart is the watchdog's and says where the core was; keeps a crash, if crashes
// are kept, and does not return then.
// @context interrupt; the interrupted code does not go on
void lp_bare_watchdog_bites(const lp_crash_t *where);

// ---- crashes ----------------------------------------------------------------------------------

// What a port calls from its fault handler, with core, cause, address, pc, sp and registers filled
// in: says so on the console, and keeps it and restarts if crashes are kept. Returns if not.
// @context exception; `regs` has the registers by their DWARF numbers
void lp_bare_crash(lp_crash_t *crash, uintptr_t caller);
// From now on writing to the last words of the stack that ends at `bottom` is a fault, and of no
// other one, where the core can do that; null: of none, as while stacks change.
void lp_hw_guard_stack(uint8_t *bottom);
// Runs into the fault handler.
_Noreturn void lp_hw_trap(void);
// Sends what the console has queued, without interrupts.
void lp_hw_console_flush(void);
// The functions of the image, without constants, and the note with its build id.
extern const uint8_t lp_code_begin[], lp_code_end[], lp_build_id[], lp_build_id_end[];

// ---- lines of bytes: the console, and the UART-to-I2C bridge of the crypto chip
// ------------------

typedef struct {
    bool (*has_input)(void *ctx);
    size_t (*read)(void *ctx, uint8_t *buf, size_t cap); // 0: nothing is there
    size_t (*room)(void *ctx);                           // bytes that write() takes now
    size_t (*write)(void *ctx, const uint8_t *data, size_t len);
    void *ctx;
    bool has_interrupt; // input ends a sleep by itself; else it must be polled for
} lp_hw_line_t;

// Static. The chip's is null on a board with nothing on its bus.
const lp_hw_line_t *lp_hw_console(void);
const lp_hw_line_t *lp_hw_chip_line(void);

// ---- the chip's bridge as a file of the computer ------------------------------------------------

// For boards whose chip follows their own time (ports/bare/src/bridge.c), of what the computer
// below has. No time passes for the board in these calls. open(): negative, it failed. read(): at
// least a byte, as many as are there; 0 if none came in the computer's LP_HW_FILE_PATIENCE_S
// seconds, or none will.
enum { LP_HW_FILE_PATIENCE_S = 5 };
int lp_hw_file_open(const char *path);
void lp_hw_file_close(int fd);
size_t lp_hw_file_read(int fd, uint8_t *buf, size_t cap);
bool lp_hw_file_write(int fd, const uint8_t *data, size_t len);

// Static: the line to what the word chip= names, for lp_hw_chip_line(). A sleep must end at
// due_us() (UINT64_MAX: nothing is on its way that was not told), since there is no interrupt.
// close(): before the board starts anew.
const lp_hw_line_t *lp_bare_bridge(void);
uint64_t lp_bare_bridge_due_us(void);
void lp_bare_bridge_close(void);

// ---- network ----------------------------------------------------------------------------------

enum { LP_HW_FRAME_MAX = 1514 };
void lp_hw_eth_init(const uint8_t mac[6]);
// A frame goes to the card in pieces, in order, so that nobody needs memory for a whole one. False:
// it is too short or too long, or all buffers are still being sent; nothing was begun then.
bool lp_hw_eth_send_begin(size_t len);
void lp_hw_eth_send_put(const uint8_t *bytes, size_t len);
void lp_hw_eth_send_end(void); // after exactly `len` bytes
// The same from the card: the length of the next frame, or 0 for none. Damaged and overlong ones
// are dropped.
size_t lp_hw_eth_receive_begin(void);
void lp_hw_eth_receive_take(uint8_t *bytes, size_t len); // no more than there are
void lp_hw_eth_receive_end(void);                        // what was not taken is dropped
bool lp_hw_eth_has_link(void);

// ---- what the computer below does for the board
// --------------------------------------------------

// The words that the board was started with, each ended by 0, two zeros at the end. Static.
const char *lp_hw_words(void);

// The memory that stands for NOR flash, and the file behind it. load() fills it from the file of
// that name, made when it is missing; false: it cannot be had. store() writes a part back.
enum { LP_HW_FLASH_BYTES = 256 * 1024 };
uint8_t *lp_hw_flash(void);
bool lp_hw_flash_load(const char *path);
bool lp_hw_flash_store(uint32_t offset, size_t len);

// Bytes of the computer's random generator; false: it has none.
bool lp_hw_random(uint8_t *buf, size_t len);

// Starts the image anew; memory that is not initialised keeps its content.
_Noreturn void lp_hw_restart(void);
// Ends the emulator.
_Noreturn void lp_hw_exit(int status);

// The stack of the loop, for painting.
extern uint8_t lp_stack_bottom[], lp_stack_top[];

// ---- stacks -----------------------------------------------------------------------------------

// Leaves the running stack, noting it in *from, and goes on with `to`.
void lp_hw_switch(void **from, void *to);
// What lp_hw_switch() takes to call entry() on an unused stack.
void *lp_hw_frame(void *stack, size_t bytes, void (*entry)(void));

#endif
