// SPDX-License-Identifier: Apache-2.0
// The whole control plane behind the signature: every request is signed, so that the routes, the
// bodies and the registry are reached.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "limpet/control.h"
#include "limpet/sigv4.h"
#include "text_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "fuzz"

static lp_registry_t *registry(void)
{
    static lp_registry_t *reg;
    lp_access_key_t key = {.account = "123456789012", .user = "fuzz", .secret = SECRET};
    if (reg == NULL && (lp_registry_open(&reg, ":memory:", true, NULL, 0) != LP_REG_OK ||
                        lp_reg_access_key_add(reg, "AKFUZZ", &key) != LP_REG_OK)) {
        abort();
    }
    return reg;
}

static void sign(lp_http_request_t *q, char *time_text, char *auth, size_t size)
{
    lp_sigv4_t s = {.region = "us-east-1", .service = "iot"};
    char signature[65] = "";
    time_t now = time(NULL);
    struct tm tm;
    strftime(time_text, 17, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
    snprintf(s.time, sizeof s.time, "%s", time_text);
    snprintf(s.date, sizeof s.date, "%.8s", time_text);
    snprintf(s.signed_headers, sizeof s.signed_headers, "host;x-amz-date;x-amzn-principal");
    lp_sigv4_sign(q, &s, SECRET, signature);
    snprintf(auth, size,
             "AWS4-HMAC-SHA256 Credential=AKFUZZ/%s/us-east-1/iot/aws4_request, "
             "SignedHeaders=host;x-amz-date;x-amzn-principal, Signature=%s",
             s.date, signature);
    q->header[q->header_count++] = (lp_http_header_t){"Authorization", auth};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char time_text[17];
    char auth[400];
    lp_http_request_t q;
    lp_http_response_t r;
    if (text == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    read_request(text, text + size, &q);
    const char *principal = q.header_count > 0 ? q.header[0].value : "";
    q.header_count = 0;
    q.header[q.header_count++] = (lp_http_header_t){"Host", "x"};
    q.header[q.header_count++] = (lp_http_header_t){"X-Amz-Date", time_text};
    q.header[q.header_count++] = (lp_http_header_t){"x-amzn-principal", principal};
    sign(&q, time_text, auth, sizeof auth);
    lp_control_handle(registry(), &q, &r);
    if (r.status < 200 || r.status > 599 || r.status == 500) {
        abort();
    }
    free(r.body);
    free(text);
    return 0;
}
