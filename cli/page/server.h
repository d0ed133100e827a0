// SPDX-License-Identifier: Apache-2.0
// The page's server: files of the page over HTTP, and one WebSocket for everything else. Private to
// this folder.
#ifndef LP_PAGE_SERVER_H
#define LP_PAGE_SERVER_H

#include "guard.h"
#include "limpet/fault.h"

typedef struct lp_page_server lp_page_server_t;

// Listens on 127.0.0.1; port 0 takes a free one. *server: owned by the caller.
lp_exit_t lp_page_server_open(int port, lp_page_server_t **server, lp_fault_t *f);
const lp_page_guard_t *lp_page_server_guard(const lp_page_server_t *server);
// Serves until Ctrl-C.
void lp_page_server_run(lp_page_server_t *server);
void lp_page_server_close(lp_page_server_t *server); // null is fine

#endif
