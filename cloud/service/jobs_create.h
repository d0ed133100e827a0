// SPDX-License-Identifier: Apache-2.0
// Private: what a request for a job or a template comes down to.
#ifndef LP_SERVICE_JOBS_CREATE_H
#define LP_SERVICE_JOBS_CREATE_H

#include "limpet/jobs.h"

typedef struct {
    char *document;
    char *source;  // its address, null where it was in the request
    cJSON *config; // the configurations by their names
} lp_job_made_t;

// Checks all of a request but its targets. Free in every case.
lp_reg_err_t lp_job_make(const lp_jobs_t *j, const cJSON *request, lp_job_made_t *made);
void lp_job_made_free(lp_job_made_t *made);

// Within a transaction; the job is there.
lp_reg_err_t lp_job_add_targets(const lp_jobs_t *j, const char *id, const cJSON *targets);

// {jobArn, jobId, description}
cJSON *lp_job_named(const lp_jobs_t *j, const char *id);

#endif
