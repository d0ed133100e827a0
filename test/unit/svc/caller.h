// SPDX-License-Identifier: Apache-2.0
// A caller in virtual time: the channel of a board over a stream in memory, and the questions that
// a test asks through it. For services that need no chip; those that do: device.h.
#ifndef CALLER_H
#define CALLER_H

#include "fake/port.h"
#include "fake/stream.h"
#include "limpet/rpc.h"

typedef struct {
    lp_loop_t loop;
    fake_stream_t line;
    lp_rpc_t rpc;
    lp_rpc_channel_t channel;
    lp_loan_t loan; // as a board with little RAM has it
    uint8_t lent[LP_RPC_LOAN_MIN];
    char answer[8192]; // the last one, without its line end
} caller_t;

// One board at a time.
extern caller_t caller;

// Loop, stream and router anew, as after a restart; then the services, then caller_open().
void caller_start(void);
void caller_open(lp_rpc_level_t level);

// Sends a request with id 1, and does not wait.
void caller_send(const char *method, const char *params);
// Turns the loop for so long, or until there is an answer.
void caller_run(uint32_t ms);
// Takes an answer, if one is there.
bool caller_has_answer(void);
// Sends and waits. The test ends when there is no answer within a second.
const char *caller_call(const char *method, const char *params);

// The value at `path` of the last answer as JSON text, "" when there is none. Static.
const char *caller_get(const char *path);
// Parameters that go on behind the last answer's cursor, with `more` of them behind. Static.
const char *caller_go_on(const char *more);

// Whether a page of docs has this text.
bool caller_page_has(const char *path, const char *text);

#endif
