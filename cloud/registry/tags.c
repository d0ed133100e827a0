// SPDX-License-Identifier: Apache-2.0
#include "limpet/tags.h"

#include <stdio.h>
#include <string.h>

#include "db.h"

// What can be tagged, and how it is found. A kind that is not here cannot be tagged.
static const struct {
    const char *kind;
    const char *find;
} kinds[] = {
    {"thinggroup", "SELECT 1 FROM thing_groups WHERE scope=? AND name=?"},
    {"thingtype", "SELECT 1 FROM thing_types WHERE scope=? AND name=?"},
    {"policy", "SELECT 1 FROM policies WHERE scope=? AND name=?"},
    {"cacert", "SELECT 1 FROM ca_certificates WHERE scope=? AND id=?"},
    {"job", "SELECT 1 FROM jobs WHERE scope=? AND id=?"},
    {"jobtemplate", "SELECT 1 FROM job_templates WHERE scope=? AND id=?"},
    {"provisioningtemplate", "SELECT 1 FROM templates WHERE scope=? AND name=?"},
    {"rule", "SELECT 1 FROM rules WHERE scope=? AND name=?"},
    {"stream", "SELECT 1 FROM streams WHERE scope=? AND id=?"},
};

// Letters of all languages are allowed; here whatever is not ASCII counts as one.
static bool characters_ok(const char *text, size_t max)
{
    size_t n = 0;
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (c < 0x80 && !plain && strchr(" _.:/=+-@", c) == NULL) {
            return false;
        }
        n += (c & 0xc0) != 0x80;
    }
    return n <= max;
}

static bool key_ok(const char *key)
{
    return key != NULL && key[0] != '\0' && characters_ok(key, LP_TAG_KEY_MAX) &&
           strncmp(key, "aws:", 4) != 0;
}

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *fault_of(const cJSON *tags)
{
    const cJSON *e = NULL;
    if (tags == NULL) {
        return "";
    }
    if (!cJSON_IsArray(tags)) {
        return "The tags are a list of Key and Value";
    }
    cJSON_ArrayForEach(e, tags)
    {
        const char *key = cJSON_GetStringValue(get(e, "Key"));
        const cJSON *value = get(e, "Value");
        const char *text = cJSON_GetStringValue(value);
        if (!key_ok(key)) {
            return "A tag's key has 1 to 128 letters, digits, spaces and _.:/=+-@ and does not "
                   "start with aws:";
        }
        if (value != NULL && (text == NULL || !characters_ok(text, LP_TAG_VALUE_MAX))) {
            return "A tag's value has up to 256 letters, digits, spaces and _.:/=+-@";
        }
        for (const cJSON *other = e->next; other != NULL; other = other->next) {
            const char *again = cJSON_GetStringValue(get(other, "Key"));
            if (again != NULL && strcmp(again, key) == 0) {
                return "A tag's key occurs twice";
            }
        }
    }
    return "";
}

static lp_reg_err_t too_many(lp_registry_t *reg)
{
    return lp_reg_fail(reg, LP_REG_LIMIT, "A resource has up to %d tags", LP_TAGS_MAX);
}

lp_reg_err_t lp_reg_tags_check(lp_registry_t *reg, const cJSON *tags)
{
    if (cJSON_IsArray(tags) && cJSON_GetArraySize(tags) > LP_TAGS_MAX) {
        return too_many(reg);
    }
    const char *fault = fault_of(tags);
    return fault[0] == '\0' ? LP_REG_OK : lp_reg_fail(reg, LP_REG_INVALID, "%s", fault);
}

lp_reg_err_t lp_reg_tags_put(lp_registry_t *reg, const lp_scope_t *scope, const char *kind,
                             const char *name, const cJSON *tags)
{
    const cJSON *e = NULL;
    int64_t count = 0;
    lp_reg_err_t rc = lp_reg_tags_check(reg, tags);
    cJSON_ArrayForEach(e, tags)
    {
        const char *value = cJSON_GetStringValue(get(e, "Value"));
        rc = rc == LP_REG_OK
                 ? lp_db_run(reg, "INSERT OR REPLACE INTO tags VALUES(?,?,?,?,?)", "itttt",
                             scope->id, kind, name, cJSON_GetStringValue(get(e, "Key")),
                             value != NULL ? value : "")
                 : rc;
    }
    lp_db_int(reg, &count, "SELECT count(*) FROM tags WHERE scope=? AND kind=? AND name=?", "itt",
              scope->id, kind, name);
    return rc == LP_REG_OK && count > LP_TAGS_MAX ? too_many(reg) : rc;
}

static lp_reg_err_t find(lp_registry_t *reg, const lp_scope_t *scope, const char *arn,
                         char kind[32], char name[160])
{
    int64_t one = 0;
    if (!lp_arn_split(scope, arn, kind, name)) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "The resourceArn is not one of this account and region");
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            return lp_db_int(reg, &one, kinds[i].find, "it", scope->id, name)
                       ? LP_REG_OK
                       : lp_reg_fail(reg, LP_REG_NOT_FOUND, "Resource %.200s not found", arn);
        }
    }
    return lp_reg_fail(reg, LP_REG_INVALID, "A resource of the kind %s cannot be tagged", kind);
}

lp_reg_err_t lp_reg_tag(lp_registry_t *reg, const lp_scope_t *scope, const char *arn,
                        const cJSON *tags)
{
    char kind[32];
    char name[160];
    if (!cJSON_IsArray(tags)) {
        return lp_reg_fail(reg, LP_REG_INVALID, "The tags are missing");
    }
    lp_reg_err_t rc = lp_db_begin(reg);
    if (rc != LP_REG_OK) {
        return rc;
    }
    rc = find(reg, scope, arn, kind, name);
    return lp_db_end(reg, rc == LP_REG_OK ? lp_reg_tags_put(reg, scope, kind, name, tags) : rc);
}

lp_reg_err_t lp_reg_untag(lp_registry_t *reg, const lp_scope_t *scope, const char *arn,
                          const cJSON *keys)
{
    char kind[32];
    char name[160];
    const cJSON *e = NULL;
    lp_reg_err_t rc = find(reg, scope, arn, kind, name);
    if (rc == LP_REG_OK && !cJSON_IsArray(keys)) {
        rc = lp_reg_fail(reg, LP_REG_INVALID, "The tagKeys are missing");
    }
    cJSON_ArrayForEach(e, keys)
    {
        rc = rc == LP_REG_OK && cJSON_IsString(e)
                 ? lp_db_run(reg, "DELETE FROM tags WHERE scope=? AND kind=? AND name=? AND key=?",
                             "ittt", scope->id, kind, name, e->valuestring)
                 : rc;
    }
    return rc;
}

lp_reg_err_t lp_reg_tags(lp_registry_t *reg, const lp_scope_t *scope, const char *arn,
                         const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "tags", .next = "nextToken"};
    char kind[32];
    char name[160];
    lp_reg_err_t rc = find(reg, scope, arn, kind, name);
    return rc == LP_REG_OK
               ? lp_db_page(reg, &names, page, doc,
                            "SELECT key AS _key, key AS Key, value AS Value FROM tags WHERE"
                            " scope=? AND kind=? AND name=?",
                            "itt", scope->id, kind, name)
               : rc;
}
