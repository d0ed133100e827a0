// SPDX-License-Identifier: Apache-2.0
// Private: boards that say on the local network that they are there.
#ifndef LP_BOARD_BROWSE_H
#define LP_BOARD_BROWSE_H

#include <sys/socket.h>

#include "limpet/board.h"
#include "limpet/span.h"

// Asks on every link for _limpet._tcp and gathers answers for `ms`; `tick` (may be null) is called
// with the time that is over, a few times a second. Stores at most `cap`; *n is how many were
// found. A computer without a network finds nothing.
void lp_browse(int ms, void (*tick)(int over_ms, int all_ms), lp_board_found_t *found, size_t cap,
               size_t *n);

// One datagram that came back, from whoever: adds the board that it speaks of, unless it is known.
void lp_browse_take(lp_span_t packet, const struct sockaddr_storage *from, lp_board_found_t *found,
                    size_t cap, size_t *n);

#endif
