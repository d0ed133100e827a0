// SPDX-License-Identifier: Apache-2.0
// Provisioning templates: a line of parameters, then the body. What is accepted must evaluate to
// something or to a reason, within its limits, and twice to the same.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *evaluate(const cJSON *template, const cJSON *values)
{
    char why[240] = "";
    cJSON *out = NULL;
    if (!lp_template_evaluate(template, values, NULL, &out, why, sizeof why)) {
        if (why[0] == '\0' || out != NULL) {
            abort();
        }
        return NULL;
    }
    char *text = cJSON_PrintUnformatted(out);
    cJSON_Delete(out);
    // JSON may write a byte as six, and the frame adds to it.
    if (text == NULL || strlen(text) > 8UL * LP_TEMPLATE_RESULT_MAX) {
        abort();
    }
    return text;
}

static void try_template(const char *body, const cJSON *values)
{
    char why[240] = "";
    cJSON *template = NULL;
    if (!lp_template_parse(body, &template, why, sizeof why)) {
        if (why[0] == '\0' || template != NULL) {
            abort();
        }
        return;
    }
    char *first = evaluate(template, values);
    char *second = evaluate(template, values);
    if ((first == NULL) != (second == NULL) || (first != NULL && strcmp(first, second) != 0)) {
        abort();
    }
    cJSON_free(first);
    cJSON_free(second);
    cJSON_Delete(template);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    char *body = strchr(text, '\n');
    if (body != NULL) {
        *body++ = '\0';
        cJSON *values = cJSON_Parse(text);
        try_template(body, values);
        cJSON_Delete(values);
    }
    free(text);
    return 0;
}
