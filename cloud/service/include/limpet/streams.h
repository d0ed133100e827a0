// SPDX-License-Identifier: Apache-2.0
// limpet/streams.h - files for devices, in blocks over MQTT.
//
// A stream is a list of files. Where AWS has S3, a file is objects/BUCKET/KEY in the cloud's
// folder.
// @source AWS IoT Core Developer Guide, "MQTT-based file delivery"; AWS IoT API Reference.
#ifndef LIMPET_STREAMS_H
#define LIMPET_STREAMS_H

#include "limpet/registry.h"

enum {
    LP_STREAM_ID_MAX = 128,
    LP_STREAM_FILES_MAX = 50,
    LP_STREAM_FILE_ID_MAX = 255,
    LP_STREAM_FILE_BYTES_MAX = 24 * 1024 * 1024,
    LP_STREAM_BLOCK_MIN = 256,
    LP_STREAM_BLOCK_MAX = 131072,
    LP_STREAM_OFFSET_MAX = 98304,  // in blocks
    LP_STREAM_COUNT_MAX = 98304,   // blocks in a request
    LP_STREAM_BITMAP_MAX = 12288,  // bytes
    LP_STREAM_ANSWER_MAX = 131072, // bytes of the file that one request gives
    LP_STREAM_TOKEN_MAX = 64,
    LP_STREAM_VERSION_MAX = 65535,
};

// --- the control plane --------------------------------------------------------------------------

lp_reg_err_t lp_streams_create(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                               const cJSON *request, cJSON **doc);
// What the request does not name stays; the version moves on.
lp_reg_err_t lp_streams_update(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                               const cJSON *request, cJSON **doc);
lp_reg_err_t lp_streams_describe(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                                 cJSON **doc);
lp_reg_err_t lp_streams_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *id);
lp_reg_err_t lp_streams_list(lp_registry_t *reg, const lp_scope_t *scope, const lp_page_t *page,
                             cJSON **doc);

// --- the device's side --------------------------------------------------------------------------

// X(name, AWS's code)
// clang-format off
#define LP_STREAM_CODE_LIST(X)                                     \
    X(LP_STREAM_OK,              "")                               \
    X(LP_STREAM_INVALID_TOPIC,   "InvalidTopic")                   \
    X(LP_STREAM_INVALID_JSON,    "InvalidJson")                    \
    X(LP_STREAM_INVALID_CBOR,    "InvalidCbor")                    \
    X(LP_STREAM_INVALID_REQUEST, "InvalidRequest")                 \
    X(LP_STREAM_BLOCK_SIZE,      "BlockSizeOutOfBounds")           \
    X(LP_STREAM_OFFSET,          "OffsetOutOfBounds")              \
    X(LP_STREAM_COUNT,           "BlockCountLimitExceeded")        \
    X(LP_STREAM_BITMAP,          "BlockBitmapLimitExceeded")       \
    X(LP_STREAM_NOT_FOUND,       "ResourceNotFound")               \
    X(LP_STREAM_VERSION,         "VersionMismatch")                \
    X(LP_STREAM_ETAG,            "ETagMismatch")                   \
    X(LP_STREAM_INTERNAL,        "InternalError")
// clang-format on

typedef enum {
#define LP_STREAM_CODE_ENUM(name, code) name,
    LP_STREAM_CODE_LIST(LP_STREAM_CODE_ENUM)
#undef LP_STREAM_CODE_ENUM
} lp_stream_code_t;

const char *lp_stream_code_name(lp_stream_code_t code);

// {s: version, d: description, r: [{f: file id, z: size}]}, the caller's.
lp_stream_code_t lp_stream_describe(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                                    cJSON **doc);

typedef struct {
    int64_t file;
    int64_t block_size; // as asked for
    int64_t block;      // its number
    const uint8_t *bytes;
    size_t len; // shorter for the last one
} lp_stream_block_t;

// Calls `send` for each block that a request asks for, until LP_STREAM_ANSWER_MAX bytes are out.
// request: {s, f, l, o, n, b}, b in hex. Nothing is sent unless LP_STREAM_OK comes back.
typedef void (*lp_stream_send_fn)(void *arg, const lp_stream_block_t *block);
lp_stream_code_t lp_stream_get(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                               const cJSON *request, lp_stream_send_fn send, void *arg);

#endif
