// SPDX-License-Identifier: Apache-2.0
// Hands on a board that is a process: what is spoken at the socket beside its terminal, and what
// somebody who speaks nonsense there can do, which is nothing.
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "board.h"

enum { CONNECTIONS = 12, WAIT_S = 30, ROUNDS = 400 };

static pid_t board;
static int tty;

static int setup(void **state)
{
    char uart[300];
    (void)state;
    board_folder_make();
    snprintf(uart, sizeof uart, "pty:%s", board_path("board.tty"));
    const char *const argv[] = {
        BOARD,   "--flash", board_path("flash.bin"), "--i2c", "none", "--uart", uart, "--adc0",
        "1.65V", NULL};
    board = board_spawn("board.log", argv);
    tty = board_open("board.tty");
    return tty >= 0 && *board_call(tty, "RPC.Ping", "{}") != '\0' ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    close(tty);
    const int status = board > 0 ? board_end(board, SIGTERM) : 0;
    board_folder_remove();
    return status;
}

static int reach(void)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const struct timeval limit = {.tv_sec = WAIT_S};
    snprintf(addr.sun_path, sizeof addr.sun_path, "%s", board_path("board.tty.hands"));
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    return fd;
}

// What comes up to "ok" or "error". Static. "" when the board hung up.
static const char *answer_of(int fd)
{
    static char text[8192];
    size_t n = 0;
    text[0] = '\0';
    while (n < sizeof text - 1) {
        const ssize_t got = recv(fd, text + n, sizeof text - 1 - n, 0);
        if (got <= 0) {
            return "";
        }
        n += (size_t)got;
        text[n] = '\0';
        if (strcmp(text, "ok\n") == 0 || strncmp(text, "error ", 6) == 0 ||
            (n > 4 && strcmp(text + n - 4, "\nok\n") == 0)) {
            return text;
        }
    }
    return text;
}

static const char *ask(int fd, const char *line)
{
    assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
    return answer_of(fd);
}

static void assert_call(const char *method, const char *params, const char *part)
{
    assert_non_null(strstr(board_call(tty, method, params), part));
}

static void pins_are_driven_and_seen_by_the_board(void **state)
{
    (void)state;
    const int fd = reach();
    assert_string_equal(ask(fd, "pin 5 1\n"), "ok\n");
    assert_call("GPIO.Configure", "{\"pin\":5}", "\"value\":1");
    assert_string_equal(ask(fd, "pin 5 0\n"), "ok\n");
    assert_call("GPIO.Read", "{\"pin\":5}", "\"value\":0");
    assert_string_equal(ask(fd, "pin 5 up\n"), "ok\n");
    assert_call("GPIO.Read", "{\"pin\":5}", "\"value\":1");
    assert_string_equal(ask(fd, "pin 5 off\n"), "ok\n");
    assert_call("GPIO.Read", "{\"pin\":5}", "\"value\":0");
    assert_non_null(strstr(ask(fd, "look\n"), "pin 5 in none 0 off 0 0\nadc 0 1650\nadc 1 0\n"));
    close(fd);
}

// Answered when the finger has let go, and the pin is pressed meanwhile.
static void a_press_lasts_and_ends(void **state)
{
    (void)state;
    const int fd = reach();
    const int other = reach();
    assert_call("GPIO.Configure", "{\"pin\":5,\"pull\":\"up\"}", "\"value\":1");
    static const char line[] = "press 5 700\n";
    assert_int_equal(send(fd, line, sizeof line - 1, MSG_NOSIGNAL), sizeof line - 1);
    unsigned low = 0;
    while (strstr(board_call(tty, "GPIO.Read", "{\"pin\":5}"), "\"value\":1") != NULL) {
        assert_true(++low < 10000);
    }
    assert_string_equal(ask(other, "press 5 10\n"), "error this pin is being pressed\n");
    assert_string_equal(ask(other, "pin 5 1\n"), "error this pin is being pressed\n");
    assert_string_equal(answer_of(fd), "ok\n");
    assert_call("GPIO.Read", "{\"pin\":5}", "\"value\":1");
    close(fd);
    close(other);
}

// Who goes away in the middle of a press leaves no button pressed for ever, and no answer to
// nobody.
static void a_press_of_somebody_who_goes_ends(void **state)
{
    (void)state;
    const int fd = reach();
    assert_call("GPIO.Configure", "{\"pin\":5,\"pull\":\"up\"}", "\"value\":1");
    static const char line[] = "press 5 50\n";
    assert_int_equal(send(fd, line, sizeof line - 1, MSG_NOSIGNAL), sizeof line - 1);
    close(fd);
    const int other = reach();
    const char *answer = "error";
    for (time_t end = time(NULL) + WAIT_S; time(NULL) < end && strcmp(answer, "ok\n") != 0;) {
        answer = ask(other, "pin 5 off\n");
    }
    assert_string_equal(answer, "ok\n");
    assert_call("GPIO.Read", "{\"pin\":5}", "\"value\":1");
    close(other);
}

static void nonsense_is_refused(void **state)
{
    static const char *const lines[] = {
        "\n",          "dance\n",      "press\n",        "press 5\n",       "press 5 0\n",
        "press 5 x\n", "press -1 5\n", "press 32 5\n",   "press 5 60001\n", "press 4294967301 5\n",
        "pin 5\n",     "pin 5 2\n",    "pin 99 1\n",     "pin x 1\n",       "adc 0\n",
        "adc x 1V\n",  "adc 4 1V\n",   "adc 0 /no/no\n", "adc 65536 1V\n"};
    (void)state;
    const int fd = reach();
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (strncmp(ask(fd, lines[i]), "error ", 6) != 0) {
            fail_msg("\"%s\" was taken", lines[i]);
        }
    }
    close(fd);
}

// A line without an end, bytes that are no text, more connections than there is room for, answers
// that nobody reads: the board goes on, and takes who comes next.
static void garbage_harms_nobody(void **state)
{
    static char noise[65536];
    int fds[CONNECTIONS];
    (void)state;
    srand(1);
    for (size_t i = 0; i < sizeof noise; i++) {
        noise[i] = (char)(rand() & 0xFF);
    }
    int fd = reach();
    (void)send(fd, noise, sizeof noise, MSG_NOSIGNAL);
    close(fd);
    fd = reach();
    memset(noise, 'a', sizeof noise);
    (void)send(fd, noise, sizeof noise, MSG_NOSIGNAL);
    assert_string_equal(answer_of(fd), "");
    close(fd);
    for (int i = 0; i < CONNECTIONS; i++) {
        fds[i] = reach();
    }
    for (int i = 0; i < ROUNDS * 10; i++) {
        (void)send(fds[0], "look\n", 5, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        close(fds[i]);
    }
    for (time_t end = time(NULL) + WAIT_S; time(NULL) < end;) {
        fd = reach();
        const bool is_heard = send(fd, "look\n", 5, MSG_NOSIGNAL) == 5 && *answer_of(fd) != '\0';
        close(fd);
        if (is_heard) {
            assert_call("RPC.Ping", "{}", "result");
            return;
        }
    }
    fail_msg("nobody is heard any more");
}

static void the_socket_is_ours_alone_and_goes_with_the_board(void **state)
{
    struct stat st;
    (void)state;
    assert_int_equal(stat(board_path("board.tty.hands"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(board_end(board, SIGTERM), 0);
    board = 0;
    assert_int_not_equal(stat(board_path("board.tty.hands"), &st), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(pins_are_driven_and_seen_by_the_board),
        T(a_press_lasts_and_ends),
        T(a_press_of_somebody_who_goes_ends),
        T(nonsense_is_refused),
        T(garbage_harms_nobody),
        T(the_socket_is_ours_alone_and_goes_with_the_board),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
