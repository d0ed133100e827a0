// SPDX-License-Identifier: Apache-2.0
// limpet/shadow.h - device shadows, classic and named: what a device should be and what it says it
// is.
//
// Requests and answers are the documents of AWS's shadow topics; REST and MQTT are adapters.
// @source AWS IoT Core Developer Guide, "AWS IoT Device Shadow service", "Device Shadow service
// documents".
#ifndef LIMPET_SHADOW_H
#define LIMPET_SHADOW_H

#include "limpet/registry.h"

enum {
    LP_SHADOW_STATE_MAX = 8192, // bytes of a state document, metadata not counted
    LP_SHADOW_DEPTH_MAX = 8,
    LP_SHADOW_TOKEN_MAX = 64,
    LP_SHADOW_NAME_MAX = 64,
};

typedef struct {
    const char *thing;
    const char *name; // "" for the classic shadow
} lp_shadow_id_t;

typedef enum { LP_SHADOW_GET, LP_SHADOW_UPDATE, LP_SHADOW_DELETE } lp_shadow_op_t;

// code 0: accepted, and delta and documents where an update gives them. Otherwise `accepted` is
// null and `rejected` has {code, message, timestamp, clientToken}. All are the caller's:
// lp_shadow_answer_free().
typedef struct {
    int code; // 0, or as HTTP has it: 400, 404, 409, 413, 500
    cJSON *accepted, *rejected, *delta, *documents;
} lp_shadow_answer_t;

void lp_shadow_request(lp_registry_t *reg, const lp_scope_t *scope, const lp_shadow_id_t *id,
                       lp_shadow_op_t op, const char *body, size_t len, lp_shadow_answer_t *answer);
void lp_shadow_answer_free(lp_shadow_answer_t *answer);

// {results: [names], timestamp, nextToken}
lp_reg_err_t lp_shadow_names(lp_registry_t *reg, const lp_scope_t *scope, const char *thing,
                             const lp_page_t *page, cJSON **doc);

// Reads "$aws/things/THING/shadow[/name/NAME]/get|update|delete". thing and name are the caller's
// buffers; id points into them. False: not such a topic.
typedef struct {
    char thing[LP_REG_NAME_MAX + 1];
    char name[LP_SHADOW_NAME_MAX + 1];
} lp_shadow_names_t;
bool lp_shadow_topic(const char *topic, lp_shadow_names_t *names, lp_shadow_op_t *op);

// Calls `send` for each message that follows from an answer: accepted or rejected, delta,
// documents.
typedef void (*lp_shadow_send_fn)(void *arg, const char *topic, const char *payload, size_t len);
void lp_shadow_publish(const lp_shadow_id_t *id, lp_shadow_op_t op,
                       const lp_shadow_answer_t *answer, lp_shadow_send_fn send, void *arg);

#endif
