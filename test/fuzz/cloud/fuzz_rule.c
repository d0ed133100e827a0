// SPDX-License-Identifier: Apache-2.0
// The statements of rules and the patterns of their actions: statement, pattern and payload, one a
// line.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../cloud/service/rule_sql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_rule(const char *statement, const char *pattern, const char *payload)
{
    char why[160] = "";
    char out[300];
    sql_t sql;
    cJSON *doc = cJSON_Parse(payload);
    const sql_message_t m = {.topic = "a/b/c", .client = "dev", .payload = doc, .now_ms = 1};
    bool ok = sql_parse(statement, &sql, why, sizeof why);
    if (!ok && why[0] == '\0') {
        abort();
    }
    if (ok && sql_holds(&sql, &m)) {
        cJSON_Delete(sql_select(&sql, &m));
    }
    // What can be filled in is a pattern.
    if (sql_substitute(pattern, &m, out, sizeof out) && !sql_pattern_ok(pattern)) {
        abort();
    }
    cJSON_Delete(doc);
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
    char *pattern = strchr(text, '\n');
    char *payload = pattern != NULL ? strchr(pattern + 1, '\n') : NULL;
    if (payload != NULL) {
        *pattern++ = '\0';
        *payload++ = '\0';
        try_rule(text, pattern, payload);
    }
    free(text);
    return 0;
}
