// SPDX-License-Identifier: Apache-2.0
// limpet/host.h - what each server of the cloud asks of the computer it runs on.
#ifndef LIMPET_HOST_H
#define LIMPET_HOST_H

#include <stdint.h>

// Milliseconds of a clock that never goes back.
int64_t lp_host_now_ms(void);

// From now on this process may have as many files open as the system lets it: each client takes
// one or two.
void lp_host_raise_files(void);

#endif
