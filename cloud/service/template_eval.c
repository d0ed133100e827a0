// SPDX-License-Identifier: Apache-2.0
// Functions: Ref, Fn::Join, Fn::Select, Fn::FindInMap, Fn::Split, Fn::Sub.
//
// One walk does both jobs: checking a template when it is made, where parameters have no value yet
// (they count as a text of their own name), and evaluating it for a device. What is made is
// counted, since joins of splits of joins would otherwise grow without end.
#include "template_eval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const cJSON *template;
    const cJSON *values, *given;
    bool checking;
    char *why;
    size_t size;
    size_t made; // bytes of text so far
    bool failed;
} eval_t;

static cJSON *evaluate(eval_t *e, const cJSON *value, int depth);

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static cJSON *fail(eval_t *e, const char *what, const char *name)
{
    if (!e->failed) {
        e->failed = true;
        snprintf(e->why, e->size, "%s%s%.100s", what, name[0] != '\0' ? ": " : "", name);
    }
    return NULL;
}

static bool spend(eval_t *e, size_t bytes)
{
    e->made += bytes;
    if (e->made > LP_TEMPLATE_RESULT_MAX) {
        fail(e, "The template makes too much text", "");
        return false;
    }
    return true;
}

// The value of a parameter; null: the failure was noted.
static const char *parameter(eval_t *e, const char *name)
{
    const cJSON *declared = get(get(e->template, "Parameters"), name);
    bool own = strncmp(name, LP_TEMPLATE_CERT, strlen(LP_TEMPLATE_CERT)) == 0;
    if (declared == NULL && !own) {
        fail(e, "The parameter is not declared", name);
        return NULL;
    }
    if (e->checking) {
        return name;
    }
    const char *value = cJSON_GetStringValue(get(e->given, name));
    value = value != NULL ? value : cJSON_GetStringValue(get(e->values, name));
    value = value != NULL ? value : cJSON_GetStringValue(get(declared, "Default"));
    if (value == NULL) {
        fail(e, "The parameter has no value", name);
    } else if (strlen(value) > LP_TEMPLATE_VALUE_MAX) {
        fail(e, "The parameter's value is too long", name);
        value = NULL;
    }
    return value;
}

static cJSON *text(eval_t *e, const char *value)
{
    return value != NULL && spend(e, strlen(value) + 1) ? cJSON_CreateString(value) : NULL;
}

static cJSON *fn_ref(eval_t *e, const cJSON *arg, int depth)
{
    (void)depth;
    const char *name = cJSON_GetStringValue(arg);
    return name != NULL ? text(e, parameter(e, name)) : fail(e, "Ref takes a parameter's name", "");
}

// The n-th argument, evaluated. Caller deletes.
static cJSON *argument(eval_t *e, const cJSON *args, int n, int depth)
{
    return evaluate(e, cJSON_GetArrayItem(args, n), depth + 1);
}

static bool has_arguments(const cJSON *args, int count)
{
    return cJSON_IsArray(args) && cJSON_GetArraySize(args) == count;
}

static cJSON *join_texts(eval_t *e, const char *between, const cJSON *list)
{
    const cJSON *item = NULL;
    size_t len = 1;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item)) {
            return fail(e, "Fn::Join takes texts", "");
        }
        len += strlen(item->valuestring) + strlen(between);
    }
    char *joined = spend(e, len) ? calloc(1, len) : NULL;
    size_t at = 0;
    if (joined == NULL) {
        return NULL;
    }
    cJSON_ArrayForEach(item, list)
    {
        int n = snprintf(joined + at, len - at, "%s%s", item != list->child ? between : "",
                         item->valuestring);
        at += (size_t)n;
    }
    cJSON *out = cJSON_CreateString(joined);
    free(joined);
    return out;
}

static cJSON *fn_join(eval_t *e, const cJSON *args, int depth)
{
    if (!has_arguments(args, 2)) {
        return fail(e, "Fn::Join takes a delimiter and a list", "");
    }
    cJSON *between = argument(e, args, 0, depth);
    cJSON *list = argument(e, args, 1, depth);
    cJSON *out = NULL;
    if (!cJSON_IsString(between) || !cJSON_IsArray(list)) {
        fail(e, "Fn::Join takes a delimiter and a list", "");
    } else {
        out = join_texts(e, between->valuestring, list);
    }
    cJSON_Delete(between);
    cJSON_Delete(list);
    return out;
}

// 0, 1, ... as a number or a text; -1: neither.
static int index_of(const cJSON *value)
{
    const char *s = cJSON_GetStringValue(value);
    if (cJSON_IsNumber(value)) {
        return value->valuedouble >= 0 && value->valuedouble < 100000 ? value->valueint : -1;
    }
    size_t digits = s != NULL ? strspn(s, "0123456789") : 0;
    return digits > 0 && digits < 6 && s[digits] == '\0' ? (int)strtol(s, NULL, 10) : -1;
}

static cJSON *fn_select(eval_t *e, const cJSON *args, int depth)
{
    if (!has_arguments(args, 2)) {
        return fail(e, "Fn::Select takes an index and a list", "");
    }
    cJSON *index = argument(e, args, 0, depth);
    cJSON *list = argument(e, args, 1, depth);
    cJSON *out = NULL;
    int n = index_of(index);
    const cJSON *item = n >= 0 ? cJSON_GetArrayItem(list, n) : NULL;
    if (e->checking && !e->failed && cJSON_IsArray(list)) {
        out = cJSON_CreateString("?"); // which one will be there depends on the values
    } else if (!cJSON_IsArray(list) || item == NULL || cJSON_IsNull(item)) {
        fail(e, "Fn::Select finds nothing at its index", "");
    } else {
        out = cJSON_Duplicate(item, true);
    }
    cJSON_Delete(index);
    cJSON_Delete(list);
    return out;
}

static cJSON *find_in_map(eval_t *e, const cJSON *name, const cJSON *row, const cJSON *column)
{
    if (!cJSON_IsString(name) || !cJSON_IsString(row) || !cJSON_IsString(column)) {
        return fail(e, "Fn::FindInMap takes a map's name and two keys", "");
    }
    const cJSON *map = get(get(e->template, "Mappings"), name->valuestring);
    const cJSON *found = get(get(map, row->valuestring), column->valuestring);
    if (e->checking) {
        return cJSON_CreateString("?");
    }
    if (found == NULL) {
        return fail(e, "Fn::FindInMap finds nothing for", row->valuestring);
    }
    return cJSON_Duplicate(found, true);
}

static cJSON *fn_find_in_map(eval_t *e, const cJSON *args, int depth)
{
    if (!has_arguments(args, 3)) {
        return fail(e, "Fn::FindInMap takes a map's name and two keys", "");
    }
    cJSON *name = argument(e, args, 0, depth);
    cJSON *row = argument(e, args, 1, depth);
    cJSON *column = argument(e, args, 2, depth);
    cJSON *out = find_in_map(e, name, row, column);
    cJSON_Delete(name);
    cJSON_Delete(row);
    cJSON_Delete(column);
    return out;
}

static void add_piece(cJSON *list, const char *from, size_t len)
{
    char *piece = strndup(from, len);
    if (piece != NULL) {
        cJSON_AddItemToArray(list, cJSON_CreateString(piece));
    }
    free(piece);
}

static cJSON *split_text(eval_t *e, const char *between, const char *whole)
{
    size_t len = strlen(between);
    if (len == 0) {
        return fail(e, "The delimiter of Fn::Split is empty", "");
    }
    if (!spend(e, strlen(whole) + 1)) {
        return NULL;
    }
    cJSON *list = cJSON_CreateArray();
    for (const char *at = NULL; (at = strstr(whole, between)) != NULL; whole = at + len) {
        add_piece(list, whole, (size_t)(at - whole));
    }
    add_piece(list, whole, strlen(whole));
    return list;
}

static cJSON *fn_split(eval_t *e, const cJSON *args, int depth)
{
    if (!has_arguments(args, 2)) {
        return fail(e, "Fn::Split takes a delimiter and a text", "");
    }
    cJSON *between = argument(e, args, 0, depth);
    cJSON *whole = argument(e, args, 1, depth);
    cJSON *out = NULL;
    if (!cJSON_IsString(between) || !cJSON_IsString(whole)) {
        fail(e, "Fn::Split takes a delimiter and a text", "");
    } else {
        out = split_text(e, between->valuestring, whole->valuestring);
    }
    cJSON_Delete(between);
    cJSON_Delete(whole);
    return out;
}

// --- Fn::Sub ------------------------------------------------------------------------------------

typedef struct {
    char *text;
    size_t len, size;
} out_t;

static bool put(eval_t *e, out_t *out, const char *from, size_t len)
{
    if (out->len + len + 1 > out->size) {
        size_t size = (out->len + len + 1) * 2;
        char *more = spend(e, len) ? realloc(out->text, size) : NULL;
        if (more == NULL) {
            return false;
        }
        out->text = more;
        out->size = size;
    }
    memcpy(out->text + out->len, from, len);
    out->len += len;
    out->text[out->len] = '\0';
    return true;
}

// ${name}, or ${!name} that stays as ${name}. Returns what follows; null: failed.
static const char *put_variable(eval_t *e, out_t *out, const char *p, const cJSON *own)
{
    char name[200];
    const char *end = strchr(p, '}');
    size_t len = end != NULL ? (size_t)(end - p) : sizeof name;
    if (len == 0 || len >= sizeof name) {
        fail(e, "A ${ of Fn::Sub is not closed", "");
        return NULL;
    }
    snprintf(name, sizeof name, "%.*s", (int)len, p);
    if (name[0] == '!') {
        bool ok = put(e, out, "${", 2) && put(e, out, name + 1, len - 1) && put(e, out, "}", 1);
        return ok ? end + 1 : NULL;
    }
    const char *value = cJSON_GetStringValue(get(own, name));
    value = value != NULL ? value : parameter(e, name);
    return value != NULL && put(e, out, value, strlen(value)) ? end + 1 : NULL;
}

static cJSON *substitute(eval_t *e, const char *pattern, const cJSON *own)
{
    out_t out = {0};
    const char *p = pattern;
    bool ok = put(e, &out, "", 0);
    while (ok && *p != '\0') {
        const char *dollar = strstr(p, "${");
        size_t plain = dollar != NULL ? (size_t)(dollar - p) : strlen(p);
        ok = put(e, &out, p, plain);
        p += plain;
        if (ok && dollar != NULL) {
            p = put_variable(e, &out, p + 2, own);
            ok = p != NULL;
        }
    }
    cJSON *result = ok ? text(e, out.text) : NULL;
    free(out.text);
    return result;
}

static cJSON *fn_sub(eval_t *e, const cJSON *args, int depth)
{
    const cJSON *pattern = cJSON_IsArray(args) ? cJSON_GetArrayItem(args, 0) : args;
    const cJSON *own = cJSON_IsArray(args) ? cJSON_GetArrayItem(args, 1) : NULL;
    bool shape = cJSON_IsString(pattern) &&
                 (!cJSON_IsArray(args) || (cJSON_GetArraySize(args) == 2 && cJSON_IsObject(own)));
    if (!shape) {
        return fail(e, "Fn::Sub takes a text, or a text and an object of variables", "");
    }
    cJSON *variables = own != NULL ? evaluate(e, own, depth + 1) : NULL;
    cJSON *out = e->failed ? NULL : substitute(e, pattern->valuestring, variables);
    cJSON_Delete(variables);
    return out;
}

// --- the walk -----------------------------------------------------------------------------------

static const struct {
    const char *name;
    cJSON *(*run)(eval_t *e, const cJSON *args, int depth);
} functions[] = {
    {"Ref", fn_ref},           {"Fn::Join", fn_join},
    {"Fn::Select", fn_select}, {"Fn::FindInMap", fn_find_in_map},
    {"Fn::Split", fn_split},   {"Fn::Sub", fn_sub},
};

static bool looks_like_function(const char *name)
{
    return strcmp(name, "Ref") == 0 || strncmp(name, "Fn::", 4) == 0;
}

static cJSON *call(eval_t *e, const cJSON *object, int depth)
{
    const cJSON *first = object->child;
    if (first->next != NULL) {
        return fail(e, "A function stands alone in its object", first->string);
    }
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (strcmp(functions[i].name, first->string) == 0) {
            return functions[i].run(e, first, depth);
        }
    }
    return fail(e, "There is no such function", first->string);
}

static bool is_call(const cJSON *object)
{
    const cJSON *m = NULL;
    cJSON_ArrayForEach(m, object)
    {
        if (looks_like_function(m->string)) {
            return true;
        }
    }
    return false;
}

static cJSON *each(eval_t *e, const cJSON *value, int depth)
{
    bool list = cJSON_IsArray(value);
    cJSON *out = list ? cJSON_CreateArray() : cJSON_CreateObject();
    const cJSON *m = NULL;
    cJSON_ArrayForEach(m, value)
    {
        cJSON *item = evaluate(e, m, depth + 1);
        if (item == NULL) {
            cJSON_Delete(out);
            return NULL;
        }
        if (list) {
            cJSON_AddItemToArray(out, item);
        } else {
            cJSON_AddItemToObject(out, m->string, item);
        }
    }
    return out;
}

static cJSON *evaluate(eval_t *e, const cJSON *value, int depth)
{
    if (e->failed) {
        return NULL;
    }
    if (depth > LP_TEMPLATE_DEPTH_MAX) {
        return fail(e, "The template is nested too deeply", "");
    }
    if (cJSON_IsObject(value) && is_call(value)) {
        return call(e, value, depth);
    }
    if (cJSON_IsObject(value) || cJSON_IsArray(value)) {
        return each(e, value, depth);
    }
    if (cJSON_IsString(value) && !spend(e, strlen(value->valuestring))) {
        return NULL;
    }
    return value != NULL ? cJSON_Duplicate(value, true) : fail(e, "An argument is missing", "");
}

static const char *const evaluated[] = {"Resources", "DeviceConfiguration"};

static cJSON *run(eval_t *e)
{
    cJSON *out = cJSON_CreateObject();
    for (size_t i = 0; !e->failed && i < 2; i++) {
        const cJSON *section = get(e->template, evaluated[i]);
        cJSON *value = section != NULL ? evaluate(e, section, 0) : NULL;
        if (value != NULL) {
            cJSON_AddItemToObject(out, evaluated[i], value);
        }
    }
    if (e->failed) {
        cJSON_Delete(out);
        return NULL;
    }
    return out;
}

bool lp_template_check_functions(const cJSON *template, char *why, size_t size)
{
    eval_t e = {.template = template, .checking = true, .why = why, .size = size};
    cJSON *out = run(&e);
    cJSON_Delete(out);
    return out != NULL;
}

// Every parameter without a default must be given, whether it is used or not.
static bool have_values(eval_t *e)
{
    const cJSON *p = NULL;
    cJSON_ArrayForEach(p, get(e->template, "Parameters"))
    {
        if (parameter(e, p->string) == NULL) {
            return false;
        }
    }
    return true;
}

bool lp_template_evaluate(const cJSON *template, const cJSON *values, const cJSON *given,
                          cJSON **out, char *why, size_t size)
{
    eval_t e = {.template = template, .values = values, .given = given, .why = why, .size = size};
    cJSON *result = have_values(&e) ? run(&e) : NULL;
    if (result == NULL) {
        return false;
    }
    *out = result;
    return true;
}
