// SPDX-License-Identifier: Apache-2.0
// Private: streams as a service on topics "$aws/things/+/streams/#".
#ifndef LP_SERVICE_STREAMS_SERVE_H
#define LP_SERVICE_STREAMS_SERVE_H

#include "limpet/service.h"

void lp_streams_serve(const lp_service_request_t *request, const lp_service_out_t *out);

#endif
