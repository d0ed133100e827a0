// SPDX-License-Identifier: Apache-2.0
// A scene for the tool: a fake cloud, a fake board, a private home, and the real binary run in it.
#ifndef LP_TEST_SCENE_H
#define LP_TEST_SCENE_H

#include "fake_board.h"
#include "fake_cloud.h"

enum { SCENE_MAX_OUTPUT = 65536 };

typedef struct {
    fake_cloud_t cloud;
    fake_board_t board;
    char home[128];
    char link[200];
    char out[SCENE_MAX_OUTPUT]; // standard output of the last run
    char err[SCENE_MAX_OUTPUT]; // error output of the last run
} scene_t;

void scene_open(scene_t *s);
void scene_close(scene_t *s);
// Removes a folder and what is in it.
void scene_remove(const char *folder);

// Runs `limpet <args...>` (null-ended) with the scene's environment and without a terminal. Returns
// its exit code, or 128 + signal. The pid is given to the fakes, so that a fault can kill it.
int scene_run(scene_t *s, const char *const *args);
// aws-iot-setup --port ... --yes and up to three more arguments (null when unused).
int scene_setup(scene_t *s, const char *a, const char *b, const char *c);

#endif
