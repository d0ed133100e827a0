// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool words_number(const char *word, long max, long *out)
{
    char *end = NULL;
    const bool is_hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    errno = 0;
    const long value = strtol(word, &end, is_hex ? 16 : 10);
    if (!isdigit((unsigned char)word[0]) || *end != '\0' || errno != 0 || value > max) {
        return false;
    }
    *out = value;
    return true;
}

const char *words_text(const cJSON *tree, const char *key)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, key));
    return value != NULL ? value : "";
}

int words_int(const cJSON *tree, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(tree, key);
    return cJSON_IsNumber(value) ? value->valueint : -1;
}
