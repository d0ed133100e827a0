// SPDX-License-Identifier: Apache-2.0
// Boards that pages have opened: a thread each, which calls methods and listens to the log. Private
// to this folder.
#ifndef LP_PAGE_SESSION_H
#define LP_PAGE_SESSION_H

#include <stdbool.h>

#include "limpet/fault.h"

struct cJSON;

// What comes of it, from a board's thread: a frame for page number `page`, or for every page
// (LP_PAGE_ALL). Owns `frame`.
typedef void lp_page_tell_fn(void *ctx, unsigned page, struct cJSON *frame);
enum { LP_PAGE_ALL = 0 };

typedef struct lp_sessions lp_sessions_t;

lp_sessions_t *lp_sessions_new(lp_page_tell_fn *tell, void *ctx);
// Ends all threads; waits for them. Null is fine.
void lp_sessions_free(lp_sessions_t *all);

// A frame of a page: {"id", "dst": port, "method", "params"}; `owned`. The board on that port is
// opened when it is not open yet. The answer is told to the page with the same id.
void lp_sessions_call(lp_sessions_t *all, unsigned page, struct cJSON *frame);
// Closes the board on a port: other programs can have it. False: it was not open.
bool lp_sessions_close(lp_sessions_t *all, const char *port);

// What Tool.Board said last of a port, owned by the caller; null: no page has opened it.
struct cJSON *lp_sessions_state(lp_sessions_t *all, const char *port);

// {"code","what","why","next","exit"}, owned by the caller.
struct cJSON *lp_page_fault(const lp_fault_t *f);
// Tells {"id", "error": {"code","message","fault"}} for a request.
void lp_page_refuse(lp_page_tell_fn *tell, void *ctx, unsigned page, const struct cJSON *request,
                    const lp_fault_t *f);

#endif
