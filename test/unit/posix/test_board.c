// SPDX-License-Identifier: Apache-2.0
// The board as its users meet it: a process with a flash file and a pty.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "board.h"

static pid_t board;
static pid_t chip;
static int tty;

static pid_t start(const char *log, const char *flash, const char *i2c, const char *link)
{
    char uart[300];
    snprintf(uart, sizeof uart, "pty:%s", board_path(link));
    const char *const argv[] = {BOARD, "--flash", board_path(flash), "--i2c", i2c, "--uart",
                                uart,  NULL};
    return board_spawn(log, argv);
}

static int setup(void **state)
{
    (void)state;
    board_folder_make();
    board = start("board.log", "flash.bin", "none", "board.tty");
    tty = board_open("board.tty");
    return tty >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    close(tty);
    if (board > 0) {
        (void)board_end(board, SIGTERM);
    }
    if (chip > 0) {
        (void)board_end(chip, SIGTERM);
    }
    board = chip = 0;
    board_folder_remove();
    return 0;
}

static void assert_answer(const char *method, const char *params, const char *part)
{
    const char *answer = board_call(tty, method, params);
    if (strstr(answer, part) == NULL) {
        fail_msg("%s answered %s, not %s", method, answer, part);
    }
}

static void board_keeps_its_port_over_a_reboot(void **state)
{
    (void)state;
    assert_answer("Sys.GetInfo", "{}", "\"boot\":{\"count\":1,\"reason\":\"power-on\"");
    for (int i = 2; i <= 4; i++) {
        char boot[64];
        snprintf(boot, sizeof boot, "\"boot\":{\"count\":%d,\"reason\":\"software\"", i);
        assert_answer("Sys.Reboot", "{\"delay_ms\":0}", "\"result\":{}");
        while (board_log_count("board.log", "started by software") < (unsigned)i - 1) {
            assert_true(board_log_has("board.log", "started by software", 10));
        }
        assert_answer("Sys.GetInfo", "{}", boot); // through the descriptor that was open all along
    }
    assert_int_equal(board_end(board, SIGTERM), 0);
    board = 0;
    assert_int_not_equal(access(board_path("board.tty"), F_OK), 0);
}

static void board_killed_at_any_time_keeps_what_was_saved(void **state)
{
    (void)state;
    assert_answer("Config.Set", "{\"config\":{\"cloud\":{\"server\":\"kept.example\"}}}", "{}");
    assert_answer("Config.Save", "{}", "\"result\":{}");
    assert_answer("Config.Set", "{\"config\":{\"cloud\":{\"server\":\"lost.example\"}}}", "{}");
    assert_int_equal(board_end(board, SIGKILL), -SIGKILL);
    close(tty);
    board = start("board.log", "flash.bin", "none", "second.tty"); // the old link is still there
    tty = board_open("second.tty");
    assert_answer("Config.Get", "{\"key\":\"cloud.server\"}", "\"result\":\"kept.example\"");
    assert_answer("Sys.GetInfo", "{}", "\"count\":2,\"reason\":\"power-on\"");
}

static void board_with_the_same_id_or_flash_is_refused(void **state)
{
    (void)state;
    const char *const same_flash[] = {BOARD,   "--flash", board_path("flash.bin"),
                                      "--i2c", "none",    NULL};
    assert_int_equal(board_wait_exit(board_spawn("second.log", same_flash)), 11);
    assert_true(board_log_has("second.log", "error[board-flash]", 1));
    assert_true(board_log_has("second.log", "is the flash of a board that is running", 1));
    const char *const first[] = {BOARD,  "--flash", board_path("a.bin"), "--i2c",
                                 "none", "--hw-id", "020000abcdef",      NULL};
    const pid_t a = board_spawn("a.log", first);
    const int fd = board_open("limpet/boards/lp-abcdef.tty");
    assert_true(fd >= 0);
    const char *const second[] = {BOARD,  "--flash", board_path("b.bin"), "--i2c",
                                  "none", "--hw-id", "030000abcdef",      NULL};
    assert_int_equal(board_wait_exit(board_spawn("b.log", second)), 11);
    assert_true(board_log_has("b.log", "a board with the id lp-abcdef runs already", 1));
    assert_non_null(strstr(board_call(fd, "Sys.GetInfo", "{}"), "lp-abcdef"));
    close(fd);
    assert_int_equal(board_end(a, SIGTERM), 0);
    assert_int_not_equal(access(board_path("limpet/boards/lp-abcdef.tty"), F_OK), 0);
    const pid_t b = board_spawn("b.log", second); // now the name is free
    const int again = board_open("limpet/boards/lp-abcdef.tty");
    assert_true(again >= 0);
    close(again);
    assert_int_equal(board_end(b, SIGTERM), 0);
}

static void board_survives_garbage_on_its_uart(void **state)
{
    (void)state;
    uint32_t x = 99;
    for (int round = 0; round < 200; round++) {
        uint8_t noise[512];
        for (size_t i = 0; i < sizeof noise; i++) {
            x = x * 1664525u + 1013904223u;
            noise[i] = round % 2 == 0 ? (uint8_t)(x >> 24) : (uint8_t) "{}[]\":,\n1e\\u"[x >> 29];
        }
        size_t at = 0;
        while (at < sizeof noise) {
            char drain[4096];
            const ssize_t n = write(tty, noise + at, sizeof noise - at);
            at += n > 0 ? (size_t)n : 0;
            while (read(tty, drain, sizeof drain) > 0) {
            }
        }
    }
    assert_answer("RPC.Ping", "{}", "\"result\":{}");
}

static void board_with_damaged_flash_starts_with_defaults(void **state)
{
    (void)state;
    assert_int_equal(board_end(board, SIGTERM), 0);
    close(tty);
    const int fd = open(board_path("flash.bin"), O_RDWR);
    static uint8_t noise[65536];
    uint32_t x = 7;
    for (size_t i = 0; i < sizeof noise; i++) {
        x = x * 1664525u + 1013904223u;
        noise[i] = (uint8_t)(x >> 24);
    }
    assert_int_equal(pwrite(fd, noise, sizeof noise, 0), sizeof noise);
    close(fd);
    board = start("damaged.log", "flash.bin", "none", "board.tty");
    tty = board_open("board.tty");
    assert_true(board_log_has("damaged.log", "the flash is damaged", 10));
    assert_answer("Config.Get", "{\"key\":\"cloud.enable\"}", "\"result\":false");
    assert_answer("Sys.Reboot", "{}", "\"result\":{}");
    assert_true(board_log_has("damaged.log", "started by software", 10));
    assert_answer("RPC.Ping", "{}", "\"result\":{}");
    assert_int_equal(board_log_count("damaged.log", "the flash is damaged"), 1); // once
}

static void board_without_a_chip_says_so(void **state)
{
    (void)state;
    assert_answer("Chip.Scan", "{}", "\"chips\":[]");
    assert_answer("Chip.Info", "{}", "LP_E_CHIP_MISSING");
    assert_answer("Identity.Info", "{}", "\"source\":\"none\"");
}

static void bad_command_lines_end_with_two_and_a_reason(void **state)
{
    (void)state;
    static const char *const bad[][8] = {
        {BOARD, NULL},
        {BOARD, "--flash", "f", NULL},
        {BOARD, "--flash", "", "--i2c", "none", NULL},
        {BOARD, "--flash", NULL},
        {BOARD, "--nonsense", NULL},
        {BOARD, "--flash", "f", "--i2c", "none", "--uart", "pty:", NULL},
        {BOARD, "--flash", "f", "--i2c", "none", "--log-level", "loud", NULL},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(board_wait_exit(board_spawn("bad.log", bad[i])), 2);
        assert_int_equal(board_log_count("bad.log", "error[usage]"), i + 1);
    }
    const char *const i2c[] = {BOARD, "--flash", board_path("x.bin"), "--i2c", "nowhere", NULL};
    assert_int_equal(board_wait_exit(board_spawn("bad.log", i2c)), 11);
    assert_true(board_log_has("bad.log", "error[board-i2c]", 1));
    const char *const dev[] = {BOARD, "--flash", board_path("x.bin"), "--i2c", "/dev/i2c-99", NULL};
    assert_int_equal(board_wait_exit(board_spawn("bad.log", dev)), 11);
    assert_true(board_log_has("bad.log", "cannot open /dev/i2c-99", 1));
    const char *const help[] = {BOARD, "--help", NULL};
    assert_int_equal(board_wait_exit(board_spawn("help.log", help)), 0);
    assert_true(board_log_has("help.log", "usage: limpet-board", 1));
}

static void stdio_board_ends_with_its_input(void **state)
{
    (void)state;
    const char *const argv[] = {BOARD,   "--flash", board_path("s.bin"), "--i2c", "none", "--uart",
                                "stdio", NULL};
    assert_int_equal(board_wait_exit(board_spawn("stdio.log", argv)), 0);
    assert_true(board_log_has("stdio.log", "switched off", 1));
}

#ifdef LIMPET
static void start_chip(void)
{
    char listen_on[300];
    snprintf(listen_on, sizeof listen_on, "unix:%s", board_path("chip.sock"));
    const char *const argv[] = {
        LIMPET,     "chip",    "serve", "--model", "atecc508a", "--state", board_path("chip.state"),
        "--listen", listen_on, NULL};
    (void)unlink(board_path("chip.sock"));
    chip = board_spawn("chip.log", argv);
}

static void board_survives_an_adapter_that_is_unplugged(void **state)
{
    (void)state;
    char i2c[300];
    snprintf(i2c, sizeof i2c, "unix:%s", board_path("chip.sock"));
    (void)board_end(board, SIGTERM);
    close(tty);
    board = start("unplug.log", "flash.bin", i2c, "board.tty"); // before there is a chip
    tty = board_open("board.tty");
    assert_true(board_log_has("unplug.log", "no I2C adapter at", 10));
    assert_answer("Chip.Info", "{}", "LP_E_CHIP_MISSING");
    start_chip();
    assert_true(board_log_has("unplug.log", "chip.sock connected", 10));
    assert_answer("Chip.Info", "{}", "ATECC508A");
    for (int i = 0; i < 2; i++) {
        assert_true(board_end(chip, SIGKILL) != 0);
        assert_answer("Chip.Info", "{}", "LP_E_CHIP_MISSING");
        assert_true(board_log_count("unplug.log", "the crypto chip is gone") > 0);
        start_chip();
        const char *answer = "";
        for (int k = 0; k < 50 && strstr(answer, "ATECC508A") == NULL; k++) {
            usleep(100 * 1000); // it looks twice a second whether the adapter is back
            answer = board_call(tty, "Chip.Info", "{}");
        }
        assert_non_null(strstr(answer, "ATECC508A"));
    }
}
#endif

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(board_keeps_its_port_over_a_reboot),
        T(board_killed_at_any_time_keeps_what_was_saved),
        T(board_with_the_same_id_or_flash_is_refused),
        T(board_survives_garbage_on_its_uart),
        T(board_with_damaged_flash_starts_with_defaults),
        T(board_without_a_chip_says_so),
        T(bad_command_lines_end_with_two_and_a_reason),
        T(stdio_board_ends_with_its_input),
#ifdef LIMPET
        T(board_survives_an_adapter_that_is_unplugged),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
