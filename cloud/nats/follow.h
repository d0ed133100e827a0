// SPDX-License-Identifier: Apache-2.0
// Private: the thread that makes and ends subscriptions at the cluster.
#ifndef LP_NATS_FOLLOW_H
#define LP_NATS_FOLLOW_H

#include "link.h"

bool follow_start(link_t *link);
// Ends the thread and all subscriptions.
void follow_stop(link_t *link);

#endif
