// SPDX-License-Identifier: Apache-2.0
// limpet/rpc_take.h - parameters of handlers that answer by themselves what is wrong with them.
//
// Each gives true with a value, or false: then the request has been answered, with the name of the
// parameter and what it may be.
// @context loop
#ifndef LIMPET_RPC_TAKE_H
#define LIMPET_RPC_TAKE_H

#include "limpet/rpc.h"

// A whole number of 0..max.
bool lp_rpc_take_u32(lp_rpc_req_t *req, const char *key, uint32_t max, uint32_t *out);
// The same, but may be absent, which is `fallback`.
bool lp_rpc_take_u32_or(lp_rpc_req_t *req, const char *key, uint32_t max, uint32_t fallback,
                        uint32_t *out);
// 0 and 1, as mos has it, or false and true.
bool lp_rpc_take_level(lp_rpc_req_t *req, const char *key, bool *level);
// The index in words[count] of what it says; absent is the first one.
bool lp_rpc_take_word(lp_rpc_req_t *req, const char *key, const char *const *words, size_t count,
                      size_t *index);

#endif
