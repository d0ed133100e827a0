// SPDX-License-Identifier: Apache-2.0
// What the suite of limpet/port/wifi.h needs of whoever runs it.
#ifndef CONFORMANCE_WIFI_H
#define CONFORMANCE_WIFI_H

#include "conformance.h"

// A line of the air's script ("set two power=off"), done when it returns. test/conformance/wifi.air
// is what is there at first.
void conformance_air(const char *line);

// How many failed.
int conformance_wifi(void);

#endif
