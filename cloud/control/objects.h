// SPDX-License-Identifier: Apache-2.0
// Private: objects by presigned address, the only thing that is given out without SigV4.
#ifndef LP_CONTROL_OBJECTS_H
#define LP_CONTROL_OBJECTS_H

#include "limpet/control.h"

// False: the request is not for an object. Otherwise the response is complete but for a refusal:
// then *rc is the registry's error.
bool lp_objects_serve(lp_registry_t *reg, const lp_http_request_t *request,
                      lp_http_response_t *response, lp_reg_err_t *rc);

#endif
