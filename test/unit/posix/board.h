// SPDX-License-Identifier: Apache-2.0
// Boards as processes, for tests from the outside.
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// A folder of its own for the test, also as XDG_RUNTIME_DIR.
void board_folder_make(void);
void board_folder_remove(void);
// A path in the folder. One of four static buffers.
const char *board_path(const char *name);

// Starts a program; its stderr goes to `log` in the folder. argv ends with null.
pid_t board_spawn(const char *log, const char *const argv[]);
// Ends it; the exit code, or minus the signal.
int board_end(pid_t pid, int signal_number);
int board_wait_exit(pid_t pid);
// Whether `text` is in the log within some seconds.
bool board_log_has(const char *log, const char *text, int seconds);
unsigned board_log_count(const char *log, const char *text);

// Opens the tty `name` in the folder, waiting for it to appear; -1 after some seconds.
int board_open(const char *name);
// Sends a request and gives its answer (one line, static); "" after some seconds.
const char *board_call(int fd, const char *method, const char *params);

#endif
