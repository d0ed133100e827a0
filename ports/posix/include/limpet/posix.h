// SPDX-License-Identifier: Apache-2.0
// limpet/posix.h - a board as a process: what the posix port offers beyond limpet/port/*.h.
//
// Everything runs on one thread, except that host names are resolved on a second one (getaddrinfo()
// blocks); its result comes back through a pipe.
#ifndef LIMPET_POSIX_H
#define LIMPET_POSIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/err.h"
#include "limpet/i2c.h"
#include "limpet/loop.h"
#include "limpet/stream.h"

// Call first. `argv` is what lp_port_reboot() starts again (lends for ever). SIGTERM, SIGINT and
// SIGHUP stop `loop`. Takes over what the image before a reboot left open.
lp_err_t lp_posix_init(lp_loop_t *loop, char **argv);

// -- descriptors

// A descriptor that lp_port_wait() watches. `fn` is called from there: it must only note and post.
typedef struct lp_posix_watch {
    struct lp_posix_watch *next_;
    int fd;
    short events; // POLLIN, POLLOUT; may be changed at any time
    void (*fn)(void *ctx, short revents);
    void *ctx;
} lp_posix_watch_t;

void lp_posix_watch_start(lp_posix_watch_t *w);
void lp_posix_watch_stop(lp_posix_watch_t *w);

// The error that stands for an errno.
lp_err_t lp_posix_err(int errnum);

// A descriptor as a byte stream.
typedef struct {
    lp_stream_t stream; // must stay first
    lp_stream_fn *fn_;
    void *ctx_;
    lp_posix_watch_t watch_;
    lp_event_t event_;
    unsigned pending_;
    lp_err_t why_;
    bool is_connecting_;
    bool has_ended_;
} lp_posix_stream_t;

// Takes over `fd` (owns), which is open; -1 for a stream that starts closed.
void lp_posix_stream_init(lp_posix_stream_t *s, int fd);
// The same for a socket whose connect() is under way: LP_STREAM_OPEN or LP_STREAM_CLOSED follows.
void lp_posix_stream_connecting(lp_posix_stream_t *s, int fd);
// Delivers LP_STREAM_CLOSED with `why` from the loop.
void lp_posix_stream_fail(lp_posix_stream_t *s, lp_err_t why);

// -- flash

enum {
    LP_POSIX_FLASH_BYTES = 256 * 1024,
    LP_POSIX_FLASH_SECTOR = 4096,
    LP_POSIX_FLASH_PAGE = 4,
};

// Opens the file that is the board's flash, or makes one (mode 0600, all 0xFF). One board at a
// time. On an error `why` says it in a sentence.
lp_err_t lp_posix_flash_open(const char *path, char *why, size_t why_cap);
// Keeps the board's RAM that a restart leaves alone (limpet/port/retained.h) in FILE.ram beside its
// flash; is_new empties it. False: it cannot be had, and what is in it does not outlive the
// process.
bool lp_posix_retained_open(const char *flash_path, bool is_new);
// Whether lp_posix_flash_open() made the file.
bool lp_posix_flash_is_new(void);

// -- identity

// The hardware id: `hex` (12 digits), or with null the one kept beside the flash file, made at
// random the first time.
lp_err_t lp_posix_hw_id_open(const char *flash_path, const char *hex, char *why, size_t why_cap);

// -- the console and RPC line

typedef enum {
    LP_POSIX_UART_PTY,
    LP_POSIX_UART_STDIO,
} lp_posix_uart_kind_t;

// Opens the board's UART. For a pty, `link` is where a symbolic link to it is put; null:
// <runtime folder>/limpet/boards/<device_id>.tty, which only one process can have.
lp_err_t lp_posix_uart_open(lp_posix_uart_kind_t kind, const char *link, const char *device_id,
                            char *why, size_t why_cap);
lp_stream_t *lp_posix_uart_stream(void);
// Where a tool finds the board: path of the link, or "-" for stdio.
const char *lp_posix_uart_name(void);
// Removes the link. Called at the end of the process.
void lp_posix_uart_close(void);
// Also write log lines to stderr (they always go to the UART when there is one).
void lp_posix_log_to_stderr(bool on);

// -- the serial lines of limpet/port/uart.h

enum {
    LP_POSIX_SERIAL_FIRST = 2,
    LP_POSIX_SERIAL_END = 5
}; // 0 is the console, 1 the bus adapter's

// What line `number` is wired to: "unix:PATH" or "tcp:ADDRESS:PORT" (tried again by itself when it
// is lost), "/dev/ttyX", "pty:LINK" (a pseudo terminal that others find at LINK). Copies. On an
// error `why` says it in a sentence.
lp_err_t lp_posix_serial_wire(unsigned number, const char *where, char *why, size_t why_cap);
// Removes the links.
void lp_posix_serial_end(void);

// -- the analog inputs of limpet/port/adc.h

enum { LP_POSIX_ADC_COUNT = 4, LP_POSIX_ADC_PATH_MAX = 256 };

// "1.2", "1.2V", "1200mV" as microvolts, also negative. False: it is none of them, or more than
// 1000 V.
bool lp_posix_adc_parse(const char *text, int32_t *uv);
// What channel `channel` is wired to: a voltage, or a file that is read at each conversion. Copies.
// It outlives a restart of the board (in the environment LIMPET_POSIX_ADC0 ...). On an error `why`
// says it in a sentence, and what was wired stays.
lp_err_t lp_posix_adc_wire(unsigned channel, const char *where, char *why, size_t why_cap);
// Wires what was wired before a restart of the board. False: nothing was, or this is its first
// start.
bool lp_posix_adc_restore(unsigned channel);

// -- the radio

// Wires a Wi-Fi radio to the board: a module at the socket `path` (lends for ever), as `limpet air
// serve` has them. Without this call the board's network is this computer's. Call it before
// lp_port_wifi_start().
void lp_posix_wifi_wire(const char *path);

// -- what a board's bus is wired to

// A stream to "unix:PATH", "tcp:HOST:PORT" or "/dev/ttyX" that comes back by itself: each time it
// is lost, listeners get LP_STREAM_CLOSED; it is tried again every LP_POSIX_LINK_RETRY_MS and
// LP_STREAM_OPEN says when it is there.
enum { LP_POSIX_LINK_RETRY_MS = 500 };

// LP_E_FORMAT: `target` is none of the three forms. The link is static: one for each process.
lp_err_t lp_posix_link_open(const char *target, lp_stream_t **stream);

// A bus of this computer, "/dev/i2c-N". On an error `why` says it in a sentence. Static: one bus.
lp_err_t lp_posix_i2cdev_open(const char *path, lp_i2c_bus_t **bus, char *why, size_t why_cap);

#endif
