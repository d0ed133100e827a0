// SPDX-License-Identifier: Apache-2.0
// limpet/presign.h - addresses of objects that are good for a while, for whoever has them.
//
// A job document may say ${aws:iot:s3-presigned-url:ADDRESS}; a device gets an address in its place
// that needs no credentials. Here it leads to the control plane, which serves objects/BUCKET/KEY:
// the address carries its end and an HMAC over bucket, key and end, with a key of this cloud.
// @source AWS IoT Core Developer Guide, "Managing job documents: presigned URLs".
#ifndef LIMPET_PRESIGN_H
#define LIMPET_PRESIGN_H

#include "limpet/registry.h"

#define LP_PRESIGN_MARK "${aws:iot:s3-presigned-url:"

// Null when each placeholder of a text has the address of an object, else what is wrong. Static.
const char *lp_presign_fault(const char *text);

// The text with its placeholders replaced; owned. Null: no memory, or no place for the key.
// now: seconds since 1970.
char *lp_presign_text(lp_registry_t *reg, const char *text, double now, double expires_s);

// The bytes of an object for a presigned address, all or those from..to (to -1: the end); owned by
// the caller. LP_REG_FORBIDDEN: another signature, or too late. LP_REG_INVALID: no such range.
typedef struct {
    const char *bucket, *key, *expires, *signature;
    int64_t from, to;
} lp_presign_ask_t;
typedef struct {
    char *bytes;
    size_t len;
    int64_t from, size; // of the whole object
} lp_presign_object_t;
lp_reg_err_t lp_presign_get(lp_registry_t *reg, const lp_presign_ask_t *ask, double now,
                            lp_presign_object_t *object);

#endif
