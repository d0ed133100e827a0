// SPDX-License-Identifier: Apache-2.0
// A request as text: METHOD target, headers, an empty line, the body.
#ifndef LP_FUZZ_TEXT_REQUEST_H
#define LP_FUZZ_TEXT_REQUEST_H

#include <string.h>

#include "limpet/http_request.h"

// `text` must end with a zero byte and is cut into pieces.
static inline char *cut(char **text, const char *at)
{
    char *piece = *text;
    size_t len = strcspn(piece, at);
    *text = piece[len] != '\0' ? piece + len + 1 : piece + len;
    piece[len] = '\0';
    return piece;
}

static inline void read_request(char *text, const char *end, lp_http_request_t *q)
{
    *q = (lp_http_request_t){0};
    q->method = cut(&text, " \n");
    q->target = cut(&text, "\n");
    while (*text != '\0' && *text != '\n' && q->header_count < LP_HTTP_HEADERS_MAX - 4) {
        char *line = cut(&text, "\n");
        q->header[q->header_count].name = cut(&line, ":");
        q->header[q->header_count++].value = line;
    }
    text += *text == '\n';
    q->body = text;
    q->body_len = (size_t)(end - text);
}

#endif
