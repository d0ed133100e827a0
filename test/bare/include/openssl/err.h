// SPDX-License-Identifier: Apache-2.0
#ifndef LP_BARE_OPENSSL_ERR_H
#define LP_BARE_OPENSSL_ERR_H

#include "tls.h"

#endif
