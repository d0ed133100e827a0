// SPDX-License-Identifier: Apache-2.0
// What must hold after a setup, and after any number of failed ones.
#ifndef LP_TEST_SCENE_ASSERT_H
#define LP_TEST_SCENE_ASSERT_H

#include "scene.h"

// The one good end: one live certificate, ACTIVE, attached to thing and policy, for the board's
// key, on the board, proven by a message that the cloud holds; the chip was never locked without a
// matching read-back.
void scene_assert_set_up(scene_t *s);

// After a run that failed: it said one error with a code and a next step, no secret, and at most
// one certificate is in the cloud.
void scene_assert_tidy_failure(scene_t *s, int rc);

// Runs the setup, which must succeed.
void scene_setup_ok(scene_t *s);

int scene_open_for_test(void **state);
int scene_close_for_test(void **state);

#endif
