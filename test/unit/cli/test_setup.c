// SPDX-License-Identifier: Apache-2.0
// aws-iot-setup from the outside: the real binary between a fake board and a fake cloud. Judged by
// what the models have.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/ui.h"
#include "scene.h"

static scene_t scene;

static int open_scene(void **state)
{
    scene_open(&scene);
    *state = &scene;
    return 0;
}

static int close_scene(void **state)
{
    scene_close(*state);
    return 0;
}

// The one good end: one live certificate, ACTIVE, attached to thing and policy, for the board's
// key, on the board.
static void assert_set_up(scene_t *s)
{
    assert_int_equal(s->cloud.n_bad_signatures, 0);
    assert_int_equal(fake_cloud_live_certs(&s->cloud), 1);
    const fake_cert_t *cert = NULL;
    for (int i = 0; i < s->cloud.n_certs; i++) {
        cert = s->cloud.certs[i].is_deleted ? cert : &s->cloud.certs[i];
    }
    assert_non_null(cert);
    assert_string_equal(cert->status, "ACTIVE");
    assert_true(cert->has_policy && cert->has_thing);
    assert_string_equal(s->cloud.thing, fake_board_id);
    assert_string_equal(fake_board_setting(&s->board, "identity", "cert"), cert->pem);
    assert_string_equal(fake_board_setting(&s->board, "cloud", "thing"), fake_board_id);
    assert_non_null(strstr(s->cloud.retained, cert->id));
    assert_false(s->board.was_locked_unread);
}

static void run_ok(scene_t *s)
{
    int rc = scene_setup(s, NULL, NULL, NULL);
    if (rc != 0) {
        print_message("%s%s%s\n", s->err, s->out, s->cloud.last_bad);
    }
    assert_int_equal(rc, LP_EXIT_OK);
}

static void setup_bare_board_is_proven(void **state)
{
    scene_t *s = *state;
    run_ok(s);
    assert_set_up(s);
    assert_int_equal(s->board.n_lock_config, 1);
    assert_int_equal(s->board.n_lock_data, 1);
    assert_int_equal(s->board.n_genkey, 1);
    assert_int_equal(s->board.n_prove, 1);
    assert_non_null(strstr(s->err, "0123 D4C0 FFEE 5A17 EE"));
    assert_non_null(strstr(s->err, "Done."));
    assert_null(strstr(s->err, fake_secret));
}

static void setup_second_run_changes_nothing(void **state)
{
    scene_t *s = *state;
    run_ok(s);
    fake_cloud_calm(&s->cloud);
    int saves = s->board.n_save;
    run_ok(s);
    assert_non_null(strstr(s->err, "Nothing to do: lp-00fa4e is set up and connected"));
    assert_int_equal(s->cloud.n_changes, 0);
    assert_int_equal(s->board.n_save, saves);
    assert_int_equal(s->board.n_prove, 1);
    assert_set_up(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(setup_bare_board_is_proven, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(setup_second_run_changes_nothing, open_scene, close_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
