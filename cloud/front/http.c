// SPDX-License-Identifier: Apache-2.0
// The calls that a device makes over HTTPS with its certificate: publish, shadows.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"
#include "limpet/control.h"
#include "limpet/front_http.h"

static bool put_text(conn_t *c, const char *text)
{
    return lp_bytes_put(&c->down, lp_span_str(text));
}

static bool answer(conn_t *c, const lp_http_response_t *r, bool keeps_open)
{
    char head[600];
    char error[100] = "";
    char type[100] = "";
    if (r->error[0] != '\0') {
        snprintf(error, sizeof error, "x-amzn-errortype: %s\r\n", r->error);
    }
    if (r->content_type[0] != '\0') {
        snprintf(type, sizeof type, "content-type: %s\r\n", r->content_type);
    }
    snprintf(head, sizeof head,
             "HTTP/1.1 %d %s\r\nx-amzn-requestid: %s\r\ncontent-length: %zu\r\n%s%s%s\r\n",
             r->status, r->status == 200 ? "OK" : "Refused", r->request_id, r->body_len, type,
             error, keeps_open ? "" : "connection: close\r\n");
    return put_text(c, head) &&
           (r->body_len == 0 || lp_bytes_put(&c->down, lp_span(r->body, r->body_len)));
}

static void refuse(conn_t *c, int status)
{
    char head[120];
    snprintf(head, sizeof head,
             "HTTP/1.1 %d Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", status);
    (void)put_text(c, head);
}

static bool serve(conn_t *c, const lp_front_http_t *h)
{
    lp_http_response_t response;
    char reason[400] = "";
    const lp_device_t device = {.certificate_id = c->certificate_id, .address = c->address};
    lp_control_handle_device(c->front->reg, &c->front->scope, &device, &h->request, &response,
                             reason, sizeof reason);
    if (reason[0] != '\0') {
        front_note(c, NULL, reason);
    }
    bool ok = answer(c, &response, h->keeps_open);
    free(response.body);
    c->since_ms = c->front->now_ms;
    return ok && h->keeps_open;
}

bool front_http(conn_t *conn)
{
    for (;;) {
        lp_front_http_t h;
        int status = lp_front_http_parse(lp_bytes_span(&conn->request), &h);
        if (status < 0) {
            return true;
        }
        if (status > 0) {
            refuse(conn, status);
            return false;
        }
        bool goes_on = serve(conn, &h);
        size_t used = h.used;
        lp_front_http_free(&h);
        lp_bytes_drop(&conn->request, used);
        if (!goes_on) {
            return false;
        }
    }
}
