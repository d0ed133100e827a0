// SPDX-License-Identifier: Apache-2.0
// Between the scripted cloud's HTTP (fake_cloud.c) and its registry (fake_iot.c).
#ifndef LP_TEST_FAKE_IOT_H
#define LP_TEST_FAKE_IOT_H

#include "fake_cloud.h"

typedef struct {
    int status;
    char type[64]; // of an error
    char body[16384];
    bool is_change;
} answer_t;

void fake_fail(answer_t *a, int status, const char *type);

// Which operation a request is, and the name in its path, decoded; -1 for none.
int fake_iot_find(const http_request_t *r, char *name, size_t cap);
const char *fake_iot_action(int route);
const char *fake_iot_service(int route);
// Under the cloud's lock.
void fake_iot_run(int route, fake_cloud_t *c, const http_request_t *r, const char *name,
                  answer_t *a);

#endif
