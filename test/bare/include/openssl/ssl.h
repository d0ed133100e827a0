// SPDX-License-Identifier: Apache-2.0
#ifndef LP_BARE_OPENSSL_SSL_H
#define LP_BARE_OPENSSL_SSL_H

#include "tls.h"

#endif
