// SPDX-License-Identifier: Apache-2.0
// Private: the iot:Certificate.* variables of policies.
#ifndef LP_REGISTRY_CERTVARS_H
#define LP_REGISTRY_CERTVARS_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

// key after "iot:Certificate.", e.g. "Subject.CommonName" or "Subject.CommonName.1"; false: no such
// value.
bool lp_certvar(X509 *cert, const char *key, char *out, size_t size);

#endif
