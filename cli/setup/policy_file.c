// SPDX-License-Identifier: Apache-2.0
#include "policy_file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "limpet/iot.h"
#include "limpet/policy.h"

// White space does not count for AWS; it does for this computer's memory.
enum { MAX_FILE = 65536 };

static lp_exit_t fail_file(const char *path, const char *why, lp_fault_t *f)
{
    (void)lp_fault_set(f, LP_EXIT_LOCAL, "policy-file", "%.200s is no policy that can be used",
                       path);
    lp_fault_why(f, "%s", why);
    lp_fault_next(f, "--policy wants a file with a policy document; nothing was changed");
    return f->exit;
}

static lp_exit_t fail_open(const char *path, lp_fault_t *f)
{
    int error = errno;
    (void)fail_file(path, strerror(error), f);
    if (error == ENOENT && lp_iot_is_policy_name(path)) {
        lp_fault_next(f, "for a policy that is in the cloud already: --policy-name %.128s", path);
    }
    return f->exit;
}

static lp_exit_t read_text(const char *path, char **text, lp_fault_t *f)
{
    struct stat st;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return fail_open(path, f);
    }
    if (fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode)) {
        fclose(file);
        return fail_file(path, "it is not a regular file", f);
    }
    char *bytes = malloc(MAX_FILE + 1);
    size_t n = bytes != NULL ? fread(bytes, 1, MAX_FILE + 1, file) : 0;
    bool is_good = bytes != NULL && ferror(file) == 0;
    fclose(file);
    if (!is_good || n > MAX_FILE || memchr(bytes, '\0', n) != NULL) {
        free(bytes);
        return fail_file(path, is_good ? "it is longer than 64 KB, or no text" : "reading failed",
                         f);
    }
    bytes[n] = '\0';
    *text = bytes;
    return LP_EXIT_OK;
}

lp_exit_t lp_policy_file_read(const char *path, char **document, lp_fault_t *f)
{
    char *text = NULL;
    char why[200];
    lp_policy_t *parsed = NULL;
    lp_exit_t rc = read_text(path, &text, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (!lp_policy_parse(text, &parsed, why, sizeof why)) {
        rc = fail_file(path, why, f);
    } else if (lp_policy_chars(text) > LP_POLICY_MAX_CHARS) {
        snprintf(why, sizeof why, "it has %zu characters without white space; AWS takes %d",
                 lp_policy_chars(text), LP_POLICY_MAX_CHARS);
        rc = fail_file(path, why, f);
    }
    lp_policy_free(parsed);
    if (rc != LP_EXIT_OK) {
        free(text);
        return rc;
    }
    *document = text;
    return LP_EXIT_OK;
}

bool lp_policy_file_name(const char *path, char *out, size_t cap)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    size_t len = strlen(base);
    if (len > 5 && strcmp(base + len - 5, ".json") == 0) {
        len -= 5;
    }
    return snprintf(out, cap, "%.*s", (int)len, base) < (int)cap && lp_iot_is_policy_name(out);
}

bool lp_policy_is_same(const char *a, const char *b)
{
    cJSON *x = a != NULL ? cJSON_Parse(a) : NULL;
    cJSON *y = b != NULL ? cJSON_Parse(b) : NULL;
    bool is_same = x != NULL && y != NULL && cJSON_Compare(x, y, true);
    cJSON_Delete(x);
    cJSON_Delete(y);
    return is_same;
}

// The statements of a document as a list, whether it has one or many. The caller deletes it.
static cJSON *statements_of(const char *document)
{
    cJSON *tree = cJSON_Parse(document);
    cJSON *found = cJSON_DetachItemFromObjectCaseSensitive(tree, "Statement");
    cJSON_Delete(tree);
    if (found != NULL && !cJSON_IsArray(found)) {
        cJSON *list = cJSON_CreateArray();
        cJSON_AddItemToArray(list, found);
        found = list;
    }
    return found;
}

static bool has(const cJSON *list, const cJSON *statement)
{
    const cJSON *one = NULL;
    cJSON_ArrayForEach(one, list)
    {
        if (cJSON_Compare(one, statement, true)) {
            return true;
        }
    }
    return false;
}

// The statements of `list` that `other` has not, for people and into `out`.
static void say_missing(const cJSON *list, const cJSON *other, char sign, cJSON *out,
                        bool is_result)
{
    const cJSON *one = NULL;
    cJSON_ArrayForEach(one, list)
    {
        if (has(other, one)) {
            continue;
        }
        char *text = cJSON_PrintUnformatted(one);
        size_t cap = text != NULL ? strlen(text) + 8 : 0;
        char *clean = text != NULL ? malloc(cap) : NULL;
        if (clean != NULL) {
            lp_ui_clean(clean, cap, text);
            (is_result ? lp_ui_out : lp_ui_info)("     %c %s", sign, clean);
        }
        free(clean);
        cJSON_free(text);
        cJSON_AddItemToArray(out, cJSON_Duplicate(one, true));
    }
}

void lp_policy_say_diff(const char *name, const char *before, const char *after, bool is_result)
{
    cJSON *old = statements_of(before);
    cJSON *new = statements_of(after);
    cJSON *e = cJSON_CreateObject();
    cJSON_AddStringToObject(e, "policy", name);
    (is_result ? lp_ui_out : lp_ui_info)("   policy \"%s\", statement by statement:", name);
    say_missing(old, new, '-', cJSON_AddArrayToObject(e, "removed"), is_result);
    say_missing(new, old, '+', cJSON_AddArrayToObject(e, "added"), is_result);
    lp_ui_event("policy-diff", e);
    cJSON_Delete(old);
    cJSON_Delete(new);
}
