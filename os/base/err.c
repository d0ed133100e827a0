// SPDX-License-Identifier: Apache-2.0
#include "limpet/err.h"

const char *lp_err_name(lp_err_t err)
{
    switch (err) {
#define LP_ERR_NAME(name, value, text)                                                             \
    case name:                                                                                     \
        return #name;
        LP_ERR_LIST(LP_ERR_NAME)
#undef LP_ERR_NAME
    }
    return "LP_E_UNKNOWN";
}

const char *lp_err_text(lp_err_t err)
{
    switch (err) {
#define LP_ERR_TEXT(name, value, text)                                                             \
    case name:                                                                                     \
        return text;
        LP_ERR_LIST(LP_ERR_TEXT)
#undef LP_ERR_TEXT
    }
    return "unknown error";
}
