// SPDX-License-Identifier: Apache-2.0
// What the harness needs of the machine below.
#ifndef LP_TEST_BARE_H
#define LP_TEST_BARE_H

#include <stddef.h>

// Writes to the computer's screen.
void lp_bare_put(const char *text, size_t len);
// A file of the computer's, to read: its number, or less than 0; its bytes, or less than 0; as many
// of them as are left.
int lp_bare_open(const char *path);
long lp_bare_length(int file);
int lp_bare_read(int file, size_t from, void *buf, size_t len);
void lp_bare_close(int file);
// Ends the machine.
_Noreturn void lp_bare_end(int status);

#endif
