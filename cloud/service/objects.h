// SPDX-License-Identifier: Apache-2.0
// Private: files that stand for S3 objects: objects/BUCKET/KEY in the cloud's folder.
//
// A key is walked part by part from that folder, links are not followed, and parts that lead up or
// nowhere are refused: nothing outside the folder can be named.
#ifndef LP_SERVICE_OBJECTS_H
#define LP_SERVICE_OBJECTS_H

#include "limpet/registry.h"

typedef struct {
    int fd;
    int64_t size;
    char etag[64]; // moves when the file is replaced or written to
} lp_object_t;

// LP_REG_INVALID: no name of a bucket or key. LP_REG_NOT_FOUND: no such file.
lp_reg_err_t lp_object_open(lp_registry_t *reg, const char *bucket, const char *key,
                            lp_object_t *object);
void lp_object_close(lp_object_t *object);
// False: not all of it could be read.
bool lp_object_read(const lp_object_t *object, int64_t offset, void *out, size_t len);

// Writes or replaces an object, whole or not at all; folders are made. LP_REG_INVALID: no name of a
// bucket or key. LP_REG_UNAVAILABLE: it cannot be written.
lp_reg_err_t lp_object_put(lp_registry_t *reg, const char *bucket, const char *key,
                           const void *bytes, size_t len);

// The bucket and key of "https://BUCKET.s3[.REGION].amazonaws.com/KEY",
// "https://s3[.-REGION].amazonaws.com/BUCKET/KEY" or "s3://BUCKET/KEY". False: it is none.
bool lp_object_url(const char *url, char bucket[64], char key[1025]);

#endif
