// SPDX-License-Identifier: Apache-2.0
// The pty that is the board's UART. There is one for each process, so each test has its own
// process.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "limpet/port/clock.h"
#include "limpet/port/system.h"
#include "limpet/posix.h"

static char folder[64];
static char link_path[128];
static char why[512];
static lp_loop_t loop;

static void turn(int times)
{
    for (int i = 0; i < times; i++) {
        lp_loop_turn(&loop, 5);
    }
}

static lp_err_t open_uart(const char *link, const char *id)
{
    static char *argv[] = {NULL};
    lp_posix_log_to_stderr(false);
    lp_loop_init(&loop);
    assert_int_equal(lp_posix_init(&loop, argv), LP_OK);
    return lp_posix_uart_open(LP_POSIX_UART_PTY, link, id, why, sizeof why);
}

// Runs `fn` in a process of its own; true when it returned.
static bool in_process(void (*fn)(void))
{
    const pid_t pid = fork();
    if (pid == 0) {
        fn();
        _exit(0); // a failed assertion ends with another code
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/limpet-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(link_path, sizeof link_path, "%s/board.tty", folder);
    setenv("XDG_RUNTIME_DIR", folder, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

// In the child: a failed check must end the process, cmocka would jump into the parent's frames.
#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                             \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

static size_t read_all(int fd, char *text, size_t cap)
{
    size_t len = 0;
    for (int quiet = 0; quiet < 20;) {
        turn(1);
        const ssize_t n = read(fd, text + len, cap - 1 - len);
        quiet = n > 0 ? 0 : quiet + 1;
        len += n > 0 ? (size_t)n : 0;
    }
    text[len] = '\0';
    return len;
}

static void talk(void)
{
    char text[256];
    size_t n = 0;
    CHECK(open_uart(link_path, "lp-000001") == LP_OK);
    CHECK(strcmp(lp_posix_uart_name(), link_path) == 0);
    const int fd = open(link_path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    CHECK(fd >= 0);
    lp_stream_t *uart = lp_posix_uart_stream();
    CHECK(lp_stream_write(uart, lp_span("a\nb\r\x04", 5), &n) == LP_OK && n == 5);
    lp_port_log_line("hello", 5);
    CHECK(read_all(fd, text, sizeof text) == 12);
    CHECK(memcmp(text, "a\nb\r\x04hello\r\n", 12) == 0); // raw: nothing is translated
    CHECK(write(fd, "\x03\x04xyz\r", 6) == 6);           // nor in the other direction
    turn(3);
    CHECK(lp_stream_read(uart, (uint8_t *)text, sizeof text, &n) == LP_OK && n == 6);
    CHECK(lp_stream_read(uart, (uint8_t *)text, sizeof text, &n) == LP_E_AGAIN);
    close(fd); // the other side goes and comes: no end of the stream
    turn(3);
    CHECK(lp_stream_read(uart, (uint8_t *)text, sizeof text, &n) == LP_E_AGAIN);
    lp_posix_uart_close();
    CHECK(access(link_path, F_OK) != 0);
}

static void uart_is_raw_and_outlives_its_readers(void **state)
{
    (void)state;
    assert_true(in_process(talk));
}

static void flood(void)
{
    static char text[65536];
    static uint8_t frame[6000];
    char line[200];
    size_t n = 0;
    memset(line, 'l', sizeof line);
    memset(frame, 'f', sizeof frame);
    CHECK(open_uart(link_path, "lp-000001") == LP_OK);
    const uint64_t start = lp_port_now_ms();
    for (int i = 0; i < 1000; i++) { // nobody reads; nothing blocks
        lp_port_log_line(line, sizeof line);
        turn(i % 100 == 0);
    }
    CHECK(lp_port_now_ms() - start < 5000);
    lp_stream_t *uart = lp_posix_uart_stream();
    CHECK(lp_stream_write(uart, lp_span(frame, sizeof frame), &n) == LP_OK); // room was kept
    CHECK(n == sizeof frame);
    lp_err_t err = LP_OK;
    for (int i = 0; i < 10 && err == LP_OK; i++) {
        err = lp_stream_write(uart, lp_span(frame, sizeof frame), &n);
        CHECK(err != LP_OK || n == sizeof frame); // whole or not at all
    }
    CHECK(err == LP_E_AGAIN);
    const int fd = open(link_path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    CHECK(read_all(fd, text, sizeof text) > 20000);
    lp_port_log_line("after", 5);
    CHECK(read_all(fd, text, sizeof text) > 0);
    CHECK(strstr(text, "log lines were lost here, nobody read)\r\nafter\r\n") != NULL);
}

static void uart_nobody_reads_loses_log_lines_and_no_frames(void **state)
{
    (void)state;
    assert_true(in_process(flood));
}

static void open_in_place(void)
{
    CHECK(open_uart(NULL, "lp-000001") == LP_OK);
    CHECK(strstr(lp_posix_uart_name(), "/limpet/boards/lp-000001.tty") != NULL);
    struct stat st;
    CHECK(lstat(lp_posix_uart_name(), &st) == 0 && S_ISLNK(st.st_mode));
    char path[300];
    snprintf(path, sizeof path, "%s/limpet/boards", folder);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700);
    const bool second_is_refused = in_process(open_in_place); // exits with 1 at its first check
    CHECK(!second_is_refused);
    CHECK(lstat(lp_posix_uart_name(), &st) == 0); // and took nothing away
    lp_posix_uart_close();
    snprintf(path, sizeof path, "%s/limpet/boards/lp-000001.lock", folder);
    CHECK(access(path, F_OK) != 0);
}

static void uart_link_has_one_owner(void **state)
{
    (void)state;
    assert_true(in_process(open_in_place));
}

static void refuse_open_folder(void)
{
    char path[300];
    umask(0);
    snprintf(path, sizeof path, "%s/limpet", folder);
    CHECK(mkdir(path, 0777) == 0);
    CHECK(open_uart(NULL, "lp-000001") == LP_E_DENIED);
    CHECK(strstr(why, "only you can write to") != NULL);
}

static void uart_folder_that_others_can_write_is_refused(void **state)
{
    (void)state;
    assert_true(in_process(refuse_open_folder));
}

static void refuse_planted_link(void)
{
    char path[300];
    snprintf(path, sizeof path, "%s/limpet", folder);
    CHECK(symlink("/tmp", path) == 0);
    CHECK(open_uart(NULL, "lp-000001") == LP_E_DENIED);
}

static void uart_folder_that_is_a_link_is_refused(void **state)
{
    (void)state;
    assert_true(in_process(refuse_planted_link));
}

static void refuse_file(void)
{
    const int fd = open(link_path, O_CREAT | O_WRONLY, 0600);
    CHECK(fd >= 0 && write(fd, "mine", 4) == 4);
    CHECK(open_uart(link_path, "lp-000001") == LP_E_EXISTS);
    CHECK(strstr(why, "exists and is not a link") != NULL);
    struct stat st;
    CHECK(lstat(link_path, &st) == 0 && st.st_size == 4);
}

static void uart_link_never_replaces_a_file(void **state)
{
    (void)state;
    assert_true(in_process(refuse_file));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(uart_is_raw_and_outlives_its_readers),
        T(uart_nobody_reads_loses_log_lines_and_no_frames),
        T(uart_link_has_one_owner),
        T(uart_folder_that_others_can_write_is_refused),
        T(uart_folder_that_is_a_link_is_refused),
        T(uart_link_never_replaces_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
