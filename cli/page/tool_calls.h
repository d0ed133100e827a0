// SPDX-License-Identifier: Apache-2.0
// Methods of the tool itself, beside those of boards. Private to this folder.
#ifndef LP_PAGE_TOOL_CALLS_H
#define LP_PAGE_TOOL_CALLS_H

#include <pthread.h>
#include <stdatomic.h>

#include "session.h"

typedef struct {
    lp_sessions_t *sessions;
    lp_page_tell_fn *tell;
    void *ctx;
    // private: a search on the network
    atomic_bool is_looking_;
    bool has_thread_;
    pthread_t thread_;
} lp_tool_calls_t;

// A frame of a page, owned: for the tool ("Tool.Devices"), or with "dst" for a board.
void lp_tool_calls_take(lp_tool_calls_t *calls, unsigned page, struct cJSON *frame);

// Waits for what is under way.
void lp_tool_calls_end(lp_tool_calls_t *calls);

#endif
