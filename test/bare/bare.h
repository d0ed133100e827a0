// SPDX-License-Identifier: Apache-2.0
// What the harness needs of the machine below.
#ifndef LP_TEST_BARE_H
#define LP_TEST_BARE_H

#include <stddef.h>

// Writes to the computer's screen.
void lp_bare_put(const char *text, size_t len);
// Ends the machine.
_Noreturn void lp_bare_end(int status);

#endif
