// SPDX-License-Identifier: Apache-2.0
#include "front.h"

bool front_http(conn_t *conn)
{
    (void)conn;
    return false;
}
