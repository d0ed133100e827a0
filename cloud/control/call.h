// SPDX-License-Identifier: Apache-2.0
// Private: one call on its way through the control plane.
#ifndef LP_CONTROL_CALL_H
#define LP_CONTROL_CALL_H

#include "limpet/control.h"

enum { CALL_PARAMS = 3, CALL_PARAM_SIZE = 520, CALL_QUERIES = 12 };

typedef struct {
    lp_registry_t *reg;
    lp_scope_t scope;
    char user[65];
    char service[24]; // of the signature: it tells two planes with the same paths apart
    const lp_http_request_t *request;
    lp_quota_t *quota;     // null: none
    const char *operation; // AWS's name of the call
    char param[CALL_PARAMS][CALL_PARAM_SIZE];
    cJSON *body; // an object; empty where there was none
    cJSON *out;  // the answer, null: empty
    char *raw;   // or an answer that is not JSON: owned
    size_t raw_len;
    const char *raw_type;
    char text[CALL_QUERIES][1100]; // values that lp_call_query() lends
    int texts;
} lp_call_t;

typedef lp_reg_err_t (*lp_handler_t)(lp_call_t *call);

// A template's {parts} become params in order; {part+} takes the rest of the path, slashes
// included.
typedef struct {
    const char *method;
    const char *path;
    lp_handler_t handler;
    const char *operation;
} lp_route_t;

// Each table ends with a null method.
extern const lp_route_t lp_routes_things[];
extern const lp_route_t lp_routes_certificates[];
extern const lp_route_t lp_routes_cas[];
extern const lp_route_t lp_routes_groups[];
extern const lp_route_t lp_routes_policies[];
extern const lp_route_t lp_routes_data[];
extern const lp_route_t lp_routes_shadow[];
extern const lp_route_t lp_routes_jobs[];
extern const lp_route_t lp_routes_streams[];
extern const lp_route_t lp_routes_tags[];
extern const lp_route_t lp_routes_fleet[];
extern const lp_route_t lp_routes_rules[];

// The route of a request, with its params; null: there is none. *malformed: a param cannot be
// decoded.
const lp_route_t *lp_route_find(const lp_http_request_t *request,
                                char param[CALL_PARAMS][CALL_PARAM_SIZE], bool *malformed);

// A response with its request id; a call's answer or refusal; its end.
void lp_call_begin(lp_http_response_t *response);
void lp_call_run(lp_call_t *call, const lp_route_t *route, lp_http_response_t *response);
void lp_call_refuse(lp_http_response_t *response, int status, const char *error,
                    const char *message);
void lp_call_end(lp_call_t *call);

// A query parameter, or null. Lent until the call ends.
const char *lp_call_query(lp_call_t *call, const char *name);
bool lp_call_flag(lp_call_t *call, const char *name);
// {limit, after} from the two parameters that the call uses for them, and isAscendingOrder where
// `ascending` names it.
lp_reg_err_t lp_call_page(lp_call_t *call, const char *limit, const char *after, lp_page_t *page);
// A text of the body, or null.
const char *lp_call_text(const lp_call_t *call, const char *name);
const cJSON *lp_call_item(const lp_call_t *call, const char *name);
// A header, "" where it is not there.
const char *lp_call_header(const lp_call_t *call, const char *name);
lp_reg_err_t lp_call_fail(lp_call_t *call, lp_reg_err_t code, const char *message);
// The tags that a Create call brings: looked at before, kept after it has made the resource.
lp_reg_err_t lp_call_check_tags(lp_call_t *call);
lp_reg_err_t lp_call_put_tags(lp_call_t *call, lp_reg_err_t made, const char *kind,
                              const char *name);

#endif
