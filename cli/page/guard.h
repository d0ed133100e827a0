// SPDX-License-Identifier: Apache-2.0
// Who may ask the page's server for what: pure functions on what a request says. Private to this
// folder.
//
// The server listens on this computer only, which any page in any browser here can reach. So a
// request must know the secret in the path, name this server as its host (a name that somebody
// points at 127.0.0.1 does not), and come from this server's own page when it says where it comes
// from.
#ifndef LP_PAGE_GUARD_H
#define LP_PAGE_GUARD_H

#include <stdbool.h>

enum { LP_PAGE_KEY = 32, LP_PAGE_STATUS_OK = 200 }; // hex digits of 128 random bits

typedef struct {
    char key[LP_PAGE_KEY + 1];
    int port;
} lp_page_guard_t;

typedef struct {
    const char *path;   // "/KEY/app.js"
    const char *host;   // "" when it says none
    const char *origin; // the same
    bool is_socket;     // wants to become a WebSocket, which has to say its origin
} lp_page_request_t;

// Makes a new secret. False: this computer has no random numbers.
bool lp_page_guard_make(lp_page_guard_t *guard);

// LP_PAGE_STATUS_OK and *rest, what follows the secret in the path (lends); else the HTTP status to
// refuse with: 421 wrong host, 403 wrong origin, 404 wrong secret.
int lp_page_guard_check(const lp_page_guard_t *guard, const lp_page_request_t *request,
                        const char **rest);

#endif
