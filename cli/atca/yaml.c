// SPDX-License-Identifier: Apache-2.0
// YAML as a tree of JSON: maps, lists, scalars as strings. No anchors, no tags: nothing here needs
// them, and an alias is how small files grow.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "atca.h"

enum { DEPTH_MAX = 8 };

typedef struct {
    cJSON *stack[DEPTH_MAX];
    size_t depth;
    cJSON *root;
    char key[64];
    bool has_key;
    const char *why;
} builder_t;

static bool add(builder_t *b, cJSON *item)
{
    cJSON *top = b->depth > 0 ? b->stack[b->depth - 1] : NULL;
    if (top == NULL && b->root == NULL) {
        b->root = item;
        return true;
    }
    if (top != NULL && cJSON_IsArray(top)) {
        return cJSON_AddItemToArray(top, item);
    }
    if (top != NULL && b->has_key && !cJSON_HasObjectItem(top, b->key)) {
        b->has_key = false;
        return cJSON_AddItemToObject(top, b->key, item);
    }
    b->why = top != NULL && b->has_key ? "a name comes twice" : "a value has no name";
    cJSON_Delete(item);
    return false;
}

static bool push(builder_t *b, cJSON *item)
{
    if (b->depth == DEPTH_MAX) {
        b->why = "it is nested too deep";
        cJSON_Delete(item);
        return false;
    }
    if (!add(b, item)) {
        return false;
    }
    b->stack[b->depth++] = item;
    return true;
}

static bool scalar(builder_t *b, const char *text)
{
    const cJSON *top = b->depth > 0 ? b->stack[b->depth - 1] : NULL;
    if (top != NULL && cJSON_IsObject(top) && !b->has_key) {
        if (strlen(text) >= sizeof b->key) {
            b->why = "a name is too long";
            return false;
        }
        snprintf(b->key, sizeof b->key, "%s", text);
        b->has_key = true;
        return true;
    }
    return add(b, cJSON_CreateString(text));
}

static bool take(builder_t *b, const yaml_event_t *e)
{
    if (e->type == YAML_MAPPING_START_EVENT) {
        return push(b, cJSON_CreateObject());
    }
    if (e->type == YAML_SEQUENCE_START_EVENT) {
        return push(b, cJSON_CreateArray());
    }
    if (e->type == YAML_MAPPING_END_EVENT || e->type == YAML_SEQUENCE_END_EVENT) {
        b->depth--;
        return true;
    }
    if (e->type == YAML_SCALAR_EVENT) {
        return scalar(b, (const char *)e->data.scalar.value);
    }
    b->why = "aliases are not taken";
    return e->type != YAML_ALIAS_EVENT;
}

cJSON *atca_yaml_parse(const char *text, char *why, size_t cap)
{
    yaml_parser_t parser;
    builder_t b = {.why = ""};
    bool is_ok = true;
    bool is_end = false;
    if (yaml_parser_initialize(&parser) == 0) {
        snprintf(why, cap, "no memory");
        return NULL;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    while (is_ok && !is_end) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event) == 0) {
            snprintf(why, cap, "line %zu: %s", parser.problem_mark.line + 1,
                     parser.problem != NULL ? parser.problem : "not YAML");
            is_ok = false;
            break;
        }
        is_end = event.type == YAML_STREAM_END_EVENT;
        is_ok = take(&b, &event);
        if (!is_ok) {
            snprintf(why, cap, "line %zu: %s", event.start_mark.line + 1, b.why);
        }
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (!is_ok || b.root == NULL) {
        cJSON_Delete(b.root);
        if (is_ok) {
            snprintf(why, cap, "it is empty");
        }
        return NULL;
    }
    return b.root;
}
