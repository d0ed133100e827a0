// SPDX-License-Identifier: Apache-2.0
// Words one behind the other, each with its zero, in the order of the values: on a small board a
// table of pointers would be half as long as the words.
#include "limpet/err.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LP_ERR_VALUE(name, value, text) value,
#define LP_ERR_NAME(name, value, text)  #name "\0"
#define LP_ERR_TEXT(name, value, text)  text "\0"

static const uint8_t values[] = {LP_ERR_LIST(LP_ERR_VALUE)};

// Behind the last are those for a value that nobody knows.
static const char names[] = LP_ERR_LIST(LP_ERR_NAME) "LP_E_UNKNOWN";
static const char texts[] = LP_ERR_LIST(LP_ERR_TEXT) "unknown error";

static const char *find(const char *words, lp_err_t err)
{
    for (size_t i = 0; i < sizeof values && values[i] != (unsigned)err; i++) {
        words += strlen(words) + 1;
    }
    return words;
}

const char *lp_err_name(lp_err_t err)
{
    return find(names, err);
}

const char *lp_err_text(lp_err_t err)
{
    return find(texts, err);
}
