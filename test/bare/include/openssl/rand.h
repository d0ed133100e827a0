// SPDX-License-Identifier: Apache-2.0
#ifndef LP_BARE_OPENSSL_RAND_H
#define LP_BARE_OPENSSL_RAND_H

#include "bare.h"

#endif
