// SPDX-License-Identifier: Apache-2.0
// limpet/aws_answer.h - what AWS answers, taken apart without any I/O.
#ifndef LIMPET_AWS_ANSWER_H
#define LIMPET_AWS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

enum { LP_AWS_MAX_ANSWER = 1 << 20 };

// What an error answer says of itself.
typedef struct {
    char type[96];     // "ResourceNotFoundException"; "" when it does not say
    char message[240]; // "" when it does not say
    char resource_id[160];
} lp_aws_error_t;

// `header` is the value of x-amzn-errortype or null; `body` need not be terminated. Never fails:
// what makes no sense is left empty. @source the service's REST-JSON and query protocols
void lp_aws_error_parse(const char *header, const char *body, size_t len, lp_aws_error_t *error);

// The JSON object in a good answer; an empty body is an empty object. Null: something else.
struct cJSON *lp_aws_body_parse(const char *body, size_t len);

// The text of the first <tag>text</tag>; for the little XML that STS answers.
bool lp_aws_xml_text(const char *body, size_t len, const char *tag, char *out, size_t cap);

typedef enum {
    LP_AWS_ERROR_OTHER,
    LP_AWS_ERROR_THROTTLED,   // any status: wait and try again
    LP_AWS_ERROR_CREDENTIALS, // wrong key or signature
    LP_AWS_ERROR_EXPIRED,     // a session that has ended
    LP_AWS_ERROR_CLOCK,       // this computer's clock
    LP_AWS_ERROR_DENIED,      // known, but not allowed
    LP_AWS_ERROR_LIMIT,       // a quota
    LP_AWS_ERROR_MISSING,
    LP_AWS_ERROR_CONFLICT,
} lp_aws_error_kind_t;

lp_aws_error_kind_t lp_aws_error_kind(long status, const lp_aws_error_t *error);

#endif
