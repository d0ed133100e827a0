// SPDX-License-Identifier: Apache-2.0
// Finding and opening boards, and the commands that only talk to one. The binary is run as a user
// runs it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "limpet/ui.h"
#include "scene_assert.h"

static int run(scene_t *s, const char *a, const char *b, const char *c, const char *d)
{
    const char *args[] = {a, b, c, d, NULL};
    return scene_run(s, args);
}

static void expect_error(scene_t *s, int rc, int expected, const char *code)
{
    if (rc != expected || strstr(s->err, code) == NULL) {
        print_message("exit code %d\n%s", rc, s->err);
    }
    assert_int_equal(rc, expected);
    assert_non_null(strstr(s->err, code));
    assert_non_null(strstr(s->err, "  -> "));
}

// A folder of virtual boards with a link to the fake board in it.
static void publish(scene_t *s, const char *id, mode_t mode)
{
    char path[400];
    snprintf(path, sizeof path, "%s/run", s->home);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/run/limpet", s->home);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/run/limpet/boards", s->home);
    mkdir(path, 0700);
    chmod(path, mode);
    char target[300];
    assert_non_null(realpath(s->link, target));
    snprintf(path, sizeof path, "%s/run/limpet/boards/%s.tty", s->home, id);
    assert_int_equal(symlink(target, path), 0);
}

static void board_none_is_said(void **state)
{
    scene_t *s = *state;
    expect_error(s, run(s, "call", "Sys.GetInfo", NULL, NULL), LP_EXIT_NO_BOARD,
                 "error[board-none]");
    expect_error(s, run(s, "call", "--port", "lp-nobody", "X"), LP_EXIT_NO_BOARD,
                 "error[board-none]");
    expect_error(s, run(s, "call", "--port", "/dev/nothing", "X"), LP_EXIT_NO_BOARD,
                 "error[port-missing]");
    expect_error(s, run(s, "call", "--port", "/dev/null", "X"), LP_EXIT_USAGE, "error[port-kind]");
    expect_error(s, run(s, "call", "--port", "tcp:127.0.0.1:1", "X"), LP_EXIT_NETWORK,
                 "error[board-unreachable]");
}

static void board_alone_is_found_by_itself(void **state)
{
    scene_t *s = *state;
    publish(s, "lp-00fa4e", 0700);
    assert_int_equal(run(s, "devices", NULL, NULL, NULL), 0);
    assert_non_null(strstr(s->out, "lp-00fa4e"));
    assert_int_equal(run(s, "call", "Sys.GetInfo", NULL, NULL), 0);
    assert_non_null(strstr(s->out, "\"fw_version\":\t\"0.1.0\""));
    assert_int_equal(run(s, "call", "--port", "lp-00fa4e", "RPC.Ping"), 0);
}

static void board_one_of_several_must_be_named(void **state)
{
    scene_t *s = *state;
    static const char *const names[] = {"lp-two", "lp-four", "lp-one", "lp-three"};
    static const char *const in_order[] = {"lp-four", "lp-one", "lp-three", "lp-two"};
    for (size_t i = 0; i < 4; i++) {
        publish(s, names[i], 0700);
    }
    expect_error(s, run(s, "call", "RPC.Ping", NULL, NULL), LP_EXIT_NO_BOARD, "error[board-many]");
    const char *at = s->err;
    for (size_t i = 0; i < 4; i++) {
        at = strstr(at, in_order[i]);
        assert_non_null(at);
    }
    assert_int_equal(run(s, "call", "--port", "lp-two", "RPC.Ping"), 0);
}

static void board_in_a_folder_that_others_can_write_is_not_trusted(void **state)
{
    scene_t *s = *state;
    publish(s, "lp-00fa4e", 0777);
    expect_error(s, run(s, "call", "RPC.Ping", NULL, NULL), LP_EXIT_NO_BOARD, "error[board-none]");
}

static void board_link_to_nowhere_is_not_a_board(void **state)
{
    scene_t *s = *state;
    publish(s, "lp-00fa4e", 0700);
    char path[400];
    snprintf(path, sizeof path, "%s/run/limpet/boards/lp-gone.tty", s->home);
    assert_int_equal(symlink("/dev/pts/99999", path), 0);
    assert_int_equal(run(s, "call", "RPC.Ping", NULL, NULL), 0);
}

// Killed, and its terminal's number belongs to another board now: the lock beside the link is free.
static void board_that_was_killed_is_not_a_board(void **state)
{
    scene_t *s = *state;
    publish(s, "lp-00fa4e", 0700);
    publish(s, "lp-0dead0", 0700);
    char path[400];
    snprintf(path, sizeof path, "%s/run/limpet/boards/lp-0dead0.lock", s->home);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(run(s, "call", "RPC.Ping", NULL, NULL), 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    expect_error(s, run(s, "call", "RPC.Ping", NULL, NULL), LP_EXIT_NO_BOARD, "error[board-many]");
    close(fd);
}

static void board_in_use_is_said(void **state)
{
    scene_t *s = *state;
    int fd = open(s->link, O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    setenv("LIMPET_PORT_WAIT_MS", "300", 1);
    expect_error(s, run(s, "call", "--port", s->link, "RPC.Ping"), LP_EXIT_LOCAL,
                 "error[port-busy]");
    unsetenv("LIMPET_PORT_WAIT_MS");
    close(fd);
    assert_int_equal(run(s, "call", "--port", s->link, "RPC.Ping"), 0);
}

static void board_that_says_nothing_is_told_from_one_that_babbles(void **state)
{
    scene_t *s = *state;
    s->board.fault = BOARD_SILENT_BEFORE;
    s->board.fault_count = -1;
    // The fake answers the opening with a newline, so this one babbles.
    expect_error(s, run(s, "call", "--port", s->link, "RPC.Ping"), LP_EXIT_BOARD,
                 "error[board-no-rpc]");
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    char silent[64];
    snprintf(silent, sizeof silent, "%s", ptsname(master));
    expect_error(s, run(s, "call", "--port", silent, "RPC.Ping"), LP_EXIT_BOARD,
                 "error[board-silent]");
    close(master);
}

static void call_errors_are_the_boards_words(void **state)
{
    scene_t *s = *state;
    const char *args[] = {"call", "--port", s->link, "No.Such", NULL};
    int rc = scene_run(s, args);
    assert_int_equal(rc, LP_EXIT_BOARD);
    assert_non_null(strstr(s->err, "error[board-refused]"));
    const char *bad[] = {"call", "--port", s->link, "RPC.Ping", "{oops", NULL};
    assert_int_equal(scene_run(s, bad), LP_EXIT_USAGE);
}

static void call_reads_are_repeated_and_writes_are_not(void **state)
{
    scene_t *s = *state;
    s->board.fault_method = "Sys.GetInfo";
    s->board.fault = BOARD_DAMAGED;
    s->board.fault_count = 2;
    assert_int_equal(run(s, "call", "--port", s->link, "Sys.GetInfo"), 0);
    fake_board_calm(&s->board);
    s->board.fault_method = "Config.Save";
    s->board.fault = BOARD_DAMAGED;
    s->board.fault_count = 1;
    assert_int_equal(run(s, "call", "--port", s->link, "Config.Save"), LP_EXIT_BOARD);
    assert_int_equal(s->board.n_save, 1);
}

static void config_is_set_all_or_nothing(void **state)
{
    scene_t *s = *state;
    const char *set[] = {"config-set",
                         "--port",
                         s->link,
                         "cloud.server=h:1",
                         "cloud.enable=true",
                         "telemetry.interval_s=30",
                         NULL};
    assert_int_equal(scene_run(s, set), 0);
    assert_string_equal(fake_board_setting(&s->board, "cloud", "server"), "h:1");
    const cJSON *cloud = cJSON_GetObjectItem(s->board.saved, "cloud");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(cloud, "enable")));
    int saves = s->board.n_save;
    static const char *const bad[] = {"novalue", "=x", "a..b=1", ".a=1", "a.=1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *args[] = {"config-set", "--port", s->link, "x.y=1", bad[i], NULL};
        assert_int_equal(scene_run(s, args), LP_EXIT_USAGE);
    }
    const char *twice[] = {"config-set", "--port", s->link, "x.y=1", "x.y=2", NULL};
    assert_int_equal(scene_run(s, twice), LP_EXIT_USAGE);
    assert_int_equal(s->board.n_save, saves);
}

// --- the tool's own face

static void tool_help_is_there_for_each_command(void **state)
{
    scene_t *s = *state;
    static const char *const commands[] = {"aws-iot-setup", "aws-iot-remove", "devices",
                                           "console",       "call",           "config-get",
                                           "config-set",    "version",        "completion"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        assert_int_equal(run(s, commands[i], "--help", NULL, NULL), 0);
        assert_non_null(strstr(s->out, "Examples\n  "));
        assert_non_null(strstr(s->out, "Exit codes\n"));
        assert_int_equal(run(s, "help", commands[i], NULL, NULL), 0);
    }
    assert_int_equal(run(s, "help", "exit-codes", NULL, NULL), 0);
    assert_non_null(strstr(s->out, "130  interrupted"));
    assert_int_equal(run(s, "--help", NULL, NULL, NULL), 0);
}

static void tool_mistakes_get_a_suggestion(void **state)
{
    scene_t *s = *state;
    assert_int_equal(run(s, "aws-iot-stup", NULL, NULL, NULL), LP_EXIT_USAGE);
    assert_non_null(strstr(s->err, "did you mean \"aws-iot-setup\"?"));
    assert_int_equal(run(s, "aws-iot-setup", "--dryrun", NULL, NULL), LP_EXIT_USAGE);
    assert_non_null(strstr(s->err, "did you mean --dry-run?"));
    assert_int_equal(run(s, "aws-iot-setup", "--secret-key=hunter2", NULL, NULL), LP_EXIT_USAGE);
    assert_null(strstr(s->err, "hunter2"));
    assert_int_equal(run(s, "aws-iot-setup", "--baud", "fast", NULL), LP_EXIT_USAGE);
    assert_int_equal(run(s, "aws-iot-setup", "--thing", NULL, NULL), LP_EXIT_USAGE);
    assert_int_equal(run(s, "aws-iot-setup", "extra", NULL, NULL), LP_EXIT_USAGE);
    assert_int_equal(run(s, "aws-iot-setup", "--thing", "a/b", NULL), LP_EXIT_USAGE);
    assert_int_equal(run(s, "aws-iot-setup", "--use-slot", "16", NULL), LP_EXIT_USAGE);
}

static void tool_errors_are_json_on_demand(void **state)
{
    scene_t *s = *state;
    assert_int_equal(run(s, "call", "--json", "RPC.Ping", NULL), LP_EXIT_NO_BOARD);
    assert_string_equal(s->err, "");
    cJSON *tree = cJSON_Parse(s->out);
    const cJSON *error = cJSON_GetObjectItem(tree, "error");
    assert_string_equal(cJSON_GetObjectItem(error, "code")->valuestring, "board-none");
    assert_int_equal(cJSON_GetObjectItem(error, "exit")->valueint, LP_EXIT_NO_BOARD);
    cJSON_Delete(tree);
}

static void tool_shows_no_control_characters_of_others(void **state)
{
    (void)state;
    char out[64];
    lp_ui_clean(out, sizeof out,
                "a\033[31mb\rc\x7f\xc2\x9b"
                "d\xff\xc3\xa4\xe2\x82\xac\xed\xa0\x80\n");
    assert_string_equal(out, "a?[31mb?c??d?\xc3\xa4\xe2\x82\xac???\n");
}

int main(void)
{
#define SCENE_TEST(name)                                                                           \
    cmocka_unit_test_setup_teardown(name, scene_open_for_test, scene_close_for_test)
    const struct CMUnitTest tests[] = {
        SCENE_TEST(board_none_is_said),
        SCENE_TEST(board_alone_is_found_by_itself),
        SCENE_TEST(board_one_of_several_must_be_named),
        SCENE_TEST(board_in_a_folder_that_others_can_write_is_not_trusted),
        SCENE_TEST(board_link_to_nowhere_is_not_a_board),
        SCENE_TEST(board_that_was_killed_is_not_a_board),
        SCENE_TEST(board_in_use_is_said),
        SCENE_TEST(board_that_says_nothing_is_told_from_one_that_babbles),
        SCENE_TEST(call_errors_are_the_boards_words),
        SCENE_TEST(call_reads_are_repeated_and_writes_are_not),
        SCENE_TEST(config_is_set_all_or_nothing),
        SCENE_TEST(tool_help_is_there_for_each_command),
        SCENE_TEST(tool_mistakes_get_a_suggestion),
        SCENE_TEST(tool_errors_are_json_on_demand),
        cmocka_unit_test(tool_shows_no_control_characters_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
