// SPDX-License-Identifier: Apache-2.0
// Reading members of hostile JSON into fixed fields.
#ifndef LP_SETUP_JSON_TAKE_H
#define LP_SETUP_JSON_TAKE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

// Copies a string member; "" when it is absent, null, not a string, or does not fit.
static inline void lp_take_string(const cJSON *tree, const char *name, char *out, size_t cap)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    bool fits = cJSON_IsString(item) && strlen(item->valuestring) < cap;
    snprintf(out, cap, "%s", fits ? item->valuestring : "");
}

static inline bool lp_take_bool(const cJSON *tree, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(tree, name));
}

static inline double lp_take_number(const cJSON *tree, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0.0;
}

// `text` with its letters in lower case, for hex.
static inline void lp_lower(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text >= 'A' && *text <= 'Z') {
            *text = (char)(*text - 'A' + 'a');
        }
    }
}

#endif
