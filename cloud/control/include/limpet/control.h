// SPDX-License-Identifier: Apache-2.0
// limpet/control.h - the AWS IoT control plane (and the REST part of the data plane) over a
// registry.
//
// lp_control_handle() is the whole service as a function: request in, response out. The server is a
// thin layer over it that speaks HTTP and HTTPS on the loopback interface.
#ifndef LIMPET_CONTROL_H
#define LIMPET_CONTROL_H

#include "limpet/http_request.h"
#include "limpet/quota.h"
#include "limpet/registry.h"

typedef struct {
    int status;
    char content_type[64];
    char error[64]; // x-amzn-errortype, "" for none
    char request_id[37];
    char content_range[80]; // of a part of an object, "" for none
    char *body;             // owned by the caller: free(); null where body_len is 0
    size_t body_len;
} lp_http_response_t;

// Answers one request. The registry is this thread's. Never fails: whatever is wrong becomes a
// response.
void lp_control_handle(lp_registry_t *reg, const lp_http_request_t *request,
                       lp_http_response_t *response);
// The same with AWS's rates; quota null: as many calls as one likes.
void lp_control_handle_limited(lp_registry_t *reg, lp_quota_t *quota,
                               const lp_http_request_t *request, lp_http_response_t *response);

// A device that asks over HTTPS with its certificate instead of a signature.
typedef struct {
    const char *certificate_id; // as TLS proved it
    const char *address;
} lp_device_t;

// Answers one of the calls that devices have (Publish, retained messages, shadows, job executions)
// when the certificate's policies allow it. reason (size bytes): why they do not, in words, ""
// otherwise.
void lp_control_handle_device(lp_registry_t *reg, const lp_scope_t *scope,
                              const lp_device_t *device, const lp_http_request_t *request,
                              lp_http_response_t *response, char *reason, size_t size);

typedef struct lp_server lp_server_t;

typedef struct {
    const char *folder;   // the cloud's folder: keys and the registry file
    const char *database; // path of the registry
    const char *address;  // numeric, e.g. "127.0.0.1"
    int http_port;        // 0: any, -1: none
    int https_port;       // 0: any, -1: none
    bool has_quotas;      // AWS's rates, limpet/quota.h
} lp_server_config_t;

// Starts to listen; null: `why` (size bytes) says what is in the way.
lp_server_t *lp_server_start(const lp_server_config_t *config, char *why, size_t size);
void lp_server_stop(lp_server_t *server);
// The ports that were taken; 0 where there is no listener.
int lp_server_http_port(const lp_server_t *server);
int lp_server_https_port(const lp_server_t *server);

#endif
