// SPDX-License-Identifier: Apache-2.0
// The policy engine: document, action, resource and the value of every variable, one a line from
// the end.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *lookup(void *arg, const char *key, size_t n)
{
    return key[0] == '\0' || n > 3 ? NULL : arg;
}

// Cuts the last line off; "" when there is none left.
static char *last_line(char *text)
{
    char *at = strrchr(text, '\n');
    if (at == NULL) {
        return text + strlen(text);
    }
    *at = '\0';
    return at + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char why[160];
    lp_policy_t *policy = NULL;
    if (text == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    char *value = last_line(text);
    char *resource = last_line(text);
    char *action = last_line(text);
    if (lp_policy_parse(text, &policy, why, sizeof why)) {
        const lp_policy_request_t request = {
            .action = action, .resource = resource, .lookup = lookup, .arg = value};
        lp_policy_evaluate(policy, &request);
        lp_policy_free(policy);
    }
    lp_policy_match(text, resource, true, lookup, value);
    free(text);
    return 0;
}
