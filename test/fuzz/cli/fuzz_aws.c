// SPDX-License-Identifier: Apache-2.0
// Answers of a cloud: bodies, errors, XML, certificates and requests.
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "limpet/aws_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_pem(const char *text)
{
    char roots[4600];
    char why[80];
    size_t n = 0;
    lp_check_t check;
    (void)lp_check_cert(text, &check, why, sizeof why);
    (void)lp_check_csr(text, &check, why, sizeof why);
    (void)lp_check_roots(text, roots, sizeof roots, &n, why, sizeof why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *body = (const char *)data;
    lp_aws_error_t error;
    char text[64];
    cJSON *tree = lp_aws_body_parse(body, size);
    if (tree != NULL && !cJSON_IsObject(tree)) {
        abort();
    }
    cJSON_Delete(tree);
    lp_aws_error_parse(NULL, body, size, &error);
    (void)lp_aws_error_kind(403, &error);
    (void)lp_aws_xml_text(body, size, "Account", text, sizeof text);
    char *copy = malloc(size + 1);
    if (copy != NULL) {
        memcpy(copy, data, size);
        copy[size] = '\0';
        lp_aws_error_parse(copy, "", 0, &error);
        try_pem(copy);
        free(copy);
    }
    return 0;
}
