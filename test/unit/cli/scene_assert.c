// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scene_assert.h"

int scene_open_for_test(void **state)
{
    scene_t *s = calloc(1, sizeof *s);
    scene_open(s);
    *state = s;
    return 0;
}

int scene_close_for_test(void **state)
{
    scene_close(*state);
    free(*state);
    return 0;
}

static void show(const scene_t *s, const char *why)
{
    print_message("%s\n%s%s%s\n", why, s->err, s->out, s->cloud.last_bad);
}

void scene_assert_set_up(scene_t *s)
{
    const fake_cert_t *cert = NULL;
    for (int i = 0; i < s->cloud.n_certs; i++) {
        cert = s->cloud.certs[i].is_deleted ? cert : &s->cloud.certs[i];
    }
    if (fake_cloud_live_certs(&s->cloud) != 1) {
        show(s, "not exactly one certificate");
    }
    assert_int_equal(s->cloud.n_bad_signatures, 0);
    assert_int_equal(fake_cloud_live_certs(&s->cloud), 1);
    assert_string_equal(cert->status, "ACTIVE");
    assert_true(cert->has_policy && cert->has_thing);
    assert_string_equal(s->cloud.thing, fake_board_id);
    assert_string_equal(fake_board_setting(&s->board, "identity", "cert"), cert->pem);
    assert_string_equal(fake_board_setting(&s->board, "cloud", "thing"), fake_board_id);
    assert_non_null(strstr(s->cloud.retained, cert->id));
    assert_false(s->board.was_locked_unread);
    assert_true(s->board.n_lock_config <= 1 && s->board.n_lock_data <= 1);
    assert_true(s->board.is_bound || !s->board.has_chip || !s->board.has_bus_service ||
                s->board.is_preset);
}

void scene_assert_tidy_failure(scene_t *s, int rc)
{
    if (rc == 0 || rc == 99 || strstr(s->err, "error[") == NULL) {
        show(s, "expected one clear error");
    }
    assert_int_not_equal(rc, 0);
    assert_int_not_equal(rc, 99); // a sanitizer's report
    const char *error = strstr(s->err, "error[");
    assert_non_null(error);
    assert_null(strstr(error + 1, "error["));
    assert_non_null(strstr(error, "\n  -> "));
    assert_null(strstr(s->err, fake_secret));
    assert_null(strstr(s->out, fake_secret));
    assert_true(fake_cloud_live_certs(&s->cloud) <= 1);
    assert_false(s->board.was_locked_unread);
}

void scene_setup_ok(scene_t *s)
{
    int rc = scene_setup(s, NULL, NULL, NULL);
    if (rc != 0) {
        show(s, "the setup failed");
    }
    assert_int_equal(rc, 0);
}
