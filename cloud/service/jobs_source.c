// SPDX-License-Identifier: Apache-2.0
// Where a job's document comes from: the request itself, or an object.
#include <stdlib.h>
#include <string.h>

#include "jobs_priv.h"
#include "objects.h"

static lp_reg_err_t read_all(const lp_jobs_t *j, const lp_object_t *object, char **text)
{
    if (object->size > LP_JOBS_DOCUMENT_MAX) {
        return lp_reg_fail(j->reg, LP_REG_INVALID, "The job document has more than %d bytes",
                           LP_JOBS_DOCUMENT_MAX);
    }
    size_t len = (size_t)object->size;
    *text = calloc(1, len + 1);
    if (*text != NULL && lp_object_read(object, 0, *text, len) && strlen(*text) == len) {
        return LP_REG_OK;
    }
    free(*text);
    *text = NULL;
    return lp_reg_fail(j->reg, LP_REG_INVALID, "The job document cannot be read");
}

lp_reg_err_t lp_job_source(const lp_jobs_t *j, const char *source, char **text)
{
    char bucket[64];
    char key[1025];
    lp_object_t object;
    if (!lp_object_url(source, bucket, key)) {
        return lp_reg_fail(j->reg, LP_REG_INVALID,
                           "The documentSource is no S3 address such as "
                           "https://s3.amazonaws.com/BUCKET/KEY");
    }
    lp_reg_err_t rc = lp_object_open(j->reg, bucket, key, &object);
    if (rc == LP_REG_OK) {
        rc = read_all(j, &object, text);
        lp_object_close(&object);
    }
    return rc;
}
