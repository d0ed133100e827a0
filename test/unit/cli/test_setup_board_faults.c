// SPDX-License-Identifier: Apache-2.0
// Each fault at each call of the board, and a kill at each: whatever the run
// says, the next one ends well and nothing is left over.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/ui.h"
#include "part.h"
#include "scene_assert.h"

static const char *const board_methods[] = {
    "RPC.Ping",   "Sys.GetInfo", "Chip.Scan",     "Chip.Info",       "Chip.Configure",
    "Chip.Lock",  "Chip.Bind",   "Identity.Info", "Identity.GenKey", "Identity.Csr",
    "Config.Get", "Config.Set",  "Config.Save",   "Cloud.Status",    "Cloud.Prove",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// A run under the fault, then one without: it must end well.
static int run_and_recover(scene_t *s)
{
    int rc = scene_setup(s, NULL, NULL, NULL);
    if (rc != 0 && rc < 128) {
        scene_assert_tidy_failure(s, rc);
    }
    fake_cloud_calm(&s->cloud);
    fake_board_calm(&s->board);
    scene_setup_ok(s);
    scene_assert_set_up(s);
    return rc;
}

static void board_fault(const char *method, board_fault_t mode, int skip)
{
    void *state = NULL;
    scene_open_for_test(&state);
    scene_t *s = state;
    s->board.fault_method = method;
    s->board.fault = mode;
    s->board.fault_skip = skip;
    s->board.fault_count = 1;
    int rc = run_and_recover(s);
    bool is_expected =
        rc == 0 || rc == LP_EXIT_BOARD || rc == LP_EXIT_CHIP || rc == LP_EXIT_UNPROVEN || rc == 137;
    if (!is_expected) {
        print_message("%s, fault %d: exit code %d\n", method, mode, rc);
    }
    assert_true(is_expected);
    scene_close_for_test(&state);
}

static void for_each_method(board_fault_t mode)
{
    for (size_t i = 0; i < COUNT(board_methods); i++) {
        board_fault(board_methods[i], mode, 0);
        board_fault(board_methods[i], mode, 1);
    }
}

static void board_loses_requests(void **state)
{
    (void)state;
    for_each_method(BOARD_SILENT_BEFORE);
}

static void board_loses_answers(void **state)
{
    (void)state;
    for_each_method(BOARD_SILENT_AFTER);
}

static void board_damages_answers(void **state)
{
    (void)state;
    for_each_method(BOARD_DAMAGED);
}

static void board_mixes_in_garbage(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(board_methods); i++) {
        void *scene = NULL;
        scene_open_for_test(&scene);
        scene_t *s = scene;
        s->board.fault_method = board_methods[i];
        s->board.fault = BOARD_GARBAGE;
        s->board.fault_count = -1;
        assert_int_equal(run_and_recover(s), 0);
        scene_close_for_test(&scene);
    }
}

static void board_refuses(void **state)
{
    (void)state;
    for_each_method(BOARD_REFUSE);
}

static void board_restarts_instead(void **state)
{
    (void)state;
    for_each_method(BOARD_REBOOT_BEFORE);
}

static void board_restarts_after(void **state)
{
    (void)state;
    for_each_method(BOARD_REBOOT_AFTER);
}

static void killed_at_each_board_call(void **state)
{
    (void)state;
    for (int k = 0; k < 30; k++) {
        board_fault(NULL, BOARD_KILL, k);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(board_loses_requests),  cmocka_unit_test(board_loses_answers),
        cmocka_unit_test(board_damages_answers), cmocka_unit_test(board_mixes_in_garbage),
        cmocka_unit_test(board_refuses),         cmocka_unit_test(board_restarts_instead),
        cmocka_unit_test(board_restarts_after),  cmocka_unit_test(killed_at_each_board_call),
    };
    return run_part(tests, COUNT(tests), argc > 1 ? argv[1] : NULL);
}
