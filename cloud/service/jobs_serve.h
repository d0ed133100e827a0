// SPDX-License-Identifier: Apache-2.0
// Private: jobs as a service on topics "$aws/things/+/jobs/#".
#ifndef LP_SERVICE_JOBS_SERVE_H
#define LP_SERVICE_JOBS_SERVE_H

#include "limpet/service.h"

void lp_jobs_serve(const lp_service_request_t *request, const lp_service_out_t *out);

#endif
