// SPDX-License-Identifier: Apache-2.0
// The rig as a cmocka fixture, and what tests of digests compare with.
#ifndef LP_TEST_CHIP_DIGEST_RIG_H
#define LP_TEST_CHIP_DIGEST_RIG_H

#include "rig.h"

// *state is a rig_t whose commands take no time; its chip is yet to be arranged.
int set_up(void **state);
int tear_down(void **state);

void from_hex(const char *hex, uint8_t *out);

// The command was answered with exactly these bytes.
void assert_data(const reply_t *a, const void *want, size_t len);

#endif
