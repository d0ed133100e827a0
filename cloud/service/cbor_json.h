// SPDX-License-Identifier: Apache-2.0
// Private: services think in JSON documents; this is how they speak CBOR.
#ifndef LP_SERVICE_CBOR_JSON_H
#define LP_SERVICE_CBOR_JSON_H

#include <cjson/cJSON.h>

#include "limpet/cbor.h"

// The document that a CBOR item says, the caller's. Byte strings become texts of lower-case hex.
// Null: not well-formed, or nothing that JSON can say (keys that are no text, tags, NaN).
cJSON *lp_cbor_to_cjson(lp_span_t bytes);

// The same back; whole numbers become integers. LP_E_NOSPACE: `out` is as it was.
lp_err_t lp_cjson_to_cbor(const cJSON *doc, lp_buf_t *out);

#endif
