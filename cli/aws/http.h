// SPDX-License-Identifier: Apache-2.0
// One signed HTTP request, one answer. Private to this folder.
#ifndef LP_AWS_HTTP_H
#define LP_AWS_HTTP_H

#include <curl/curl.h>

#include "limpet/aws.h"
#include "limpet/aws_answer.h"

typedef struct {
    CURLcode curl; // CURLE_OK: a whole answer arrived
    char curl_text[CURL_ERROR_SIZE];
    long status;         // 0 when none arrived
    char error_type[96]; // x-amzn-errortype
    int64_t date_utc_s;  // from Date; 0 when absent
    char *body;          // owned, terminated; null when empty
    size_t len;
    bool is_too_long;
    bool is_unsent;    // the request surely never reached the server
    long proxy_status; // of its answer to CONNECT; 0: none was asked
} lp_http_answer_t;

// `ahead_s` is how far the server's clock is ahead of this computer's; the request is dated by the
// server's.
void lp_http_send(const lp_aws_config_t *config, const lp_aws_request_t *request, int64_t ahead_s,
                  lp_http_answer_t *answer);
void lp_http_answer_deinit(lp_http_answer_t *answer);

#endif
