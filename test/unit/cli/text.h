// SPDX-License-Identifier: Apache-2.0
// Filling fixed text fields in tests.
#ifndef LP_TEST_TEXT_H
#define LP_TEST_TEXT_H

#include <stdio.h>

// `field` must be an array.
#define SET_TEXT(field, text) snprintf((field), sizeof(field), "%s", (text))

#endif
