// SPDX-License-Identifier: Apache-2.0
#ifndef LP_BARE_OPENSSL_OBJ_MAC_H
#define LP_BARE_OPENSSL_OBJ_MAC_H

#include "bare.h"

#endif
