// SPDX-License-Identifier: Apache-2.0
// limpet/port/retained.h - memory that keeps its content over a restart, as a port must provide it.
//
// Only a port whose images keep a log or a crash needs it. A power cut may leave anything in it,
// and so may whoever can write to it: what is read back is checked like bytes from the network.
// @context loop
#ifndef LIMPET_PORT_RETAINED_H
#define LIMPET_PORT_RETAINED_H

#include <stddef.h>
#include <stdint.h>

// For the log's ring. *bytes: how much there is, 512 at least. Static; never null.
uint8_t *lp_port_retained_log(size_t *bytes);

#endif
