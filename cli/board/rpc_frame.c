// SPDX-License-Identifier: Apache-2.0
#include "limpet/rpc_frame.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CRC_DIGITS = 8 };

void lp_rpc_reader_reset(lp_rpc_reader_t *r)
{
    r->len_ = 0;
    r->is_dropping_ = false;
}

uint32_t lp_rpc_crc32(const void *data, size_t len)
{
    const uint8_t *p = data;
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
        }
    }
    return ~crc;
}

// Whether text[0..len) is eight hex digits; then *value is their number.
static bool parse_crc(const char *text, uint32_t *value)
{
    uint32_t v = 0;
    for (int i = 0; i < CRC_DIGITS; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9') {
            v = v << 4 | (uint32_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            v = v << 4 | (uint32_t)(c - 'a' + 10);
        } else {
            return false;
        }
    }
    *value = v;
    return true;
}

static lp_rpc_line_t parse_frame(const char *line, size_t len, cJSON **frame)
{
    size_t json_len = len;
    if (line[len - 1] != '}') {
        uint32_t crc = 0;
        if (len < CRC_DIGITS + 2 || line[len - CRC_DIGITS - 1] != '}' ||
            !parse_crc(line + len - CRC_DIGITS, &crc)) {
            return LP_RPC_LINE_DAMAGED;
        }
        json_len = len - CRC_DIGITS;
        if (lp_rpc_crc32(line, json_len) != crc) {
            return LP_RPC_LINE_DAMAGED;
        }
    }
    const char *end = NULL;
    cJSON *tree = cJSON_ParseWithLengthOpts(line, json_len, &end, 0);
    if (tree == NULL || !cJSON_IsObject(tree) || end != line + json_len) {
        cJSON_Delete(tree);
        return LP_RPC_LINE_DAMAGED;
    }
    *frame = tree;
    return LP_RPC_LINE_FRAME;
}

static lp_rpc_line_t finish_line(lp_rpc_reader_t *r, const char **text, cJSON **frame)
{
    size_t len = r->len_;
    bool was_dropping = r->is_dropping_;
    r->len_ = 0;
    r->is_dropping_ = false;
    if (was_dropping) {
        return LP_RPC_LINE_TOO_LONG;
    }
    while (len > 0 && (r->line_[len - 1] == '\r' || r->line_[len - 1] == ' ')) {
        len--;
    }
    r->line_[len] = '\0';
    if (len == 0) {
        return LP_RPC_LINE_EMPTY;
    }
    *text = r->line_;
    return r->line_[0] == '{' ? parse_frame(r->line_, len, frame) : LP_RPC_LINE_LOG;
}

lp_rpc_line_t lp_rpc_reader_feed(lp_rpc_reader_t *r, const uint8_t *data, size_t len, size_t *used,
                                 const char **text, struct cJSON **frame)
{
    while (*used < len) {
        char c = (char)data[(*used)++];
        if (c == '\n') {
            return finish_line(r, text, frame);
        }
        if (c == '\0' || c == '\x04' || (c == '\r' && r->len_ == 0)) {
            continue; // line noise and the opening's echo
        }
        if (r->len_ == LP_RPC_MAX_LINE) {
            r->is_dropping_ = true;
        } else if (!r->is_dropping_) {
            r->line_[r->len_++] = c;
        }
    }
    return LP_RPC_LINE_NONE;
}

static cJSON *request_tree(uint32_t id, const char *method, const cJSON *params, const cJSON *auth)
{
    cJSON *tree = cJSON_CreateObject();
    cJSON_AddNumberToObject(tree, "id", id);
    cJSON_AddStringToObject(tree, "method", method);
    if (params != NULL) {
        cJSON_AddItemReferenceToObject(tree, "params", (cJSON *)(uintptr_t)params);
    }
    if (auth != NULL) {
        cJSON_AddItemToObject(tree, "auth", cJSON_Duplicate(auth, true));
    }
    return tree;
}

char *lp_rpc_request(uint32_t id, const char *method, const struct cJSON *params)
{
    return lp_rpc_request_with(id, method, params, NULL);
}

char *lp_rpc_request_with(uint32_t id, const char *method, const struct cJSON *params,
                          const struct cJSON *auth)
{
    cJSON *tree = request_tree(id, method, params, auth);
    char *json = cJSON_PrintUnformatted(tree);
    cJSON_Delete(tree);
    if (json == NULL) {
        return NULL;
    }
    size_t len = strlen(json);
    char *line = len + CRC_DIGITS + 1 <= LP_RPC_MAX_REQUEST ? malloc(len + CRC_DIGITS + 2) : NULL;
    if (line != NULL) {
        snprintf(line, len + CRC_DIGITS + 2, "%s%08x\n", json, (unsigned)lp_rpc_crc32(json, len));
    }
    explicit_bzero(json, len); // it may have a password in it
    cJSON_free(json);
    return line;
}
