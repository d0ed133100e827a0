// SPDX-License-Identifier: Apache-2.0
#include "shadow_doc.h"

#include <string.h>

#include "limpet/shadow.h"

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool has_null(const cJSON *array)
{
    const cJSON *e = NULL;
    cJSON_ArrayForEach(e, array)
    {
        if (cJSON_IsNull(e)) {
            return true;
        }
    }
    return false;
}

const char *lp_shadow_section_fault(const cJSON *section, int depth)
{
    const cJSON *e = NULL;
    const char *fault = NULL;
    if (depth > LP_SHADOW_DEPTH_MAX) {
        return "JSON contains too many levels of nesting";
    }
    if (cJSON_IsArray(section) && has_null(section)) {
        return "Arrays in a state must not contain null";
    }
    cJSON_ArrayForEach(e, section)
    {
        if (fault == NULL && (cJSON_IsObject(e) || cJSON_IsArray(e))) {
            fault = lp_shadow_section_fault(e, depth + 1);
        }
    }
    return fault;
}

static cJSON *stamp_leaf(double now)
{
    cJSON *leaf = cJSON_CreateObject();
    cJSON_AddNumberToObject(leaf, "timestamp", now);
    return leaf;
}

cJSON *lp_shadow_stamp(const cJSON *change, double now)
{
    const cJSON *e = NULL;
    if (!cJSON_IsObject(change) && !cJSON_IsArray(change)) {
        return stamp_leaf(now);
    }
    cJSON *out = cJSON_IsArray(change) ? cJSON_CreateArray() : cJSON_CreateObject();
    cJSON_ArrayForEach(e, change)
    {
        if (cJSON_IsArray(change)) {
            cJSON_AddItemToArray(out, lp_shadow_stamp(e, now));
        } else if (!cJSON_IsNull(e)) {
            cJSON_AddItemToObject(out, e->string, lp_shadow_stamp(e, now));
        }
    }
    return out;
}

static void put(cJSON *object, const char *name, cJSON *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    cJSON_AddItemToObject(object, name, value);
}

static cJSON *object_in(cJSON *parent, const char *name)
{
    cJSON *child = cJSON_GetObjectItemCaseSensitive(parent, name);
    if (!cJSON_IsObject(child)) {
        put(parent, name, cJSON_CreateObject());
        child = cJSON_GetObjectItemCaseSensitive(parent, name);
    }
    return child;
}

void lp_shadow_merge(cJSON *state, cJSON *metadata, const cJSON *change, double now)
{
    const cJSON *e = NULL;
    cJSON_ArrayForEach(e, change)
    {
        if (cJSON_IsNull(e)) {
            cJSON_DeleteItemFromObjectCaseSensitive(state, e->string);
            cJSON_DeleteItemFromObjectCaseSensitive(metadata, e->string);
        } else if (cJSON_IsObject(e)) {
            if (!cJSON_IsObject(get(state, e->string))) { // what was a value has no members to keep
                cJSON_DeleteItemFromObjectCaseSensitive(metadata, e->string);
            }
            lp_shadow_merge(object_in(state, e->string), object_in(metadata, e->string), e, now);
        } else {
            put(state, e->string, cJSON_Duplicate(e, true));
            put(metadata, e->string, lp_shadow_stamp(e, now));
        }
    }
}

cJSON *lp_shadow_delta(const cJSON *desired, const cJSON *reported)
{
    cJSON *out = NULL;
    const cJSON *e = NULL;
    cJSON_ArrayForEach(e, desired)
    {
        const cJSON *have = get(reported, e->string);
        cJSON *different = NULL;
        if (cJSON_IsObject(e) && cJSON_IsObject(have)) {
            different = lp_shadow_delta(e, have);
        } else if (have == NULL || !cJSON_Compare(e, have, true)) {
            different = cJSON_Duplicate(e, true);
        }
        if (different != NULL) {
            out = out != NULL ? out : cJSON_CreateObject();
            cJSON_AddItemToObject(out, e->string, different);
        }
    }
    return out;
}

cJSON *lp_shadow_select(const cJSON *metadata, const cJSON *state)
{
    cJSON *out = cJSON_CreateObject();
    const cJSON *e = NULL;
    cJSON_ArrayForEach(e, state)
    {
        const cJSON *m = get(metadata, e->string);
        if (m != NULL) {
            cJSON_AddItemToObject(out, e->string,
                                  cJSON_IsObject(e) ? lp_shadow_select(m, e)
                                                    : cJSON_Duplicate(m, true));
        }
    }
    return out;
}
