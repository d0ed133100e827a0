// SPDX-License-Identifier: Apache-2.0
// limpet/hands.h - hands on a virtual board: a socket at which somebody presses its buttons, drives
// its pins and turns its knobs while it runs. docs/hardware.md says what is spoken there.
#ifndef LIMPET_HANDS_H
#define LIMPET_HANDS_H

#include <stddef.h>

#include "limpet/err.h"

// The socket is the path of the board's terminal with this behind it.
#define LP_POSIX_HANDS_SUFFIX ".hands"

// Listens beside `terminal` (copies), for this user alone. On an error `why` says it in a sentence;
// the board does without.
lp_err_t lp_posix_hands_open(const char *terminal, char *why, size_t why_cap);
// Removes the socket.
void lp_posix_hands_close(void);

#endif
