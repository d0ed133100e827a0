// SPDX-License-Identifier: Apache-2.0
// A shared port from its owner's side: guests as they should be, and as they should not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "limpet/rpc_frame.h"
#include "share.h"

static const char port[] = "/dev/pts/4";
static char home[] = "/tmp/lp-share-XXXXXX";

static void turn(lp_share_t *s)
{
    struct pollfd polls[LP_SHARE_POLLS];
    const size_t n = lp_share_polls(s, polls);
    assert_true(n <= LP_SHARE_POLLS);
    if (poll(polls, n, 0) > 0) {
        lp_share_turn(s, polls, n);
    }
}

static int join(lp_share_t *s)
{
    char name[64];
    char hello[64] = "";
    long pid = 0;
    const int folder = lp_share_folder(false);
    assert_true(folder >= 0 && lp_share_name(port, name, sizeof name));
    const int fd = lp_share_connect(folder, name, &pid);
    close(folder);
    assert_true(fd >= 0);
    assert_int_equal(pid, getpid());
    turn(s);
    if (recv(fd, hello, sizeof hello - 1, MSG_DONTWAIT) > 0) {
        assert_int_equal(strncmp(hello, "limpet-share 1 ", 15), 0);
    }
    return fd;
}

static void put(lp_share_t *s, int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    for (int i = 0; i < 8; i++) {
        turn(s);
    }
}

static void expect_pending(lp_share_t *s, const char *text)
{
    size_t len = 0;
    const char *got = lp_share_pending(s, &len);
    assert_int_equal(len, strlen(text));
    assert_memory_equal(got, text, len);
    lp_share_sent(s, len);
}

static void expect_got(int fd, const char *text)
{
    char got[200] = "";
    const ssize_t n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    assert_string_equal(n > 0 ? got : "", text);
}

static bool answer(lp_share_t *s, const char *text)
{
    cJSON *frame = cJSON_Parse(text);
    assert_non_null(frame);
    const bool is_theirs = lp_share_answer(s, text, frame);
    cJSON_Delete(frame);
    return is_theirs;
}

static void share_answers_go_to_who_asked(void **state)
{
    (void)state;
    lp_share_t *s = lp_share_start(port);
    assert_non_null(s);
    const int a = join(s);
    const int b = join(s);
    put(s, a, "\n\x04\n{\"id\":1,\"method\":\"A\"}\n");
    expect_pending(s, "\n\x04\n{\"id\":1,\"method\":\"A\"}\n");
    put(s, b, "{\"id\":2,\"method\":\"B\"}\n");
    expect_pending(s, "\n\x04\n{\"id\":2,\"method\":\"B\"}\n");
    assert_true(answer(s, "{\"id\":2,\"result\":{}}"));
    assert_false(answer(s, "{\"id\":2,\"result\":{}}"));    // once
    assert_false(answer(s, "{\"id\":3,\"result\":{}}"));    // the owner's own
    assert_false(answer(s, "{\"id\":1,\"method\":\"X\"}")); // a request is no answer
    assert_false(answer(s, "{\"id\":\"1\",\"result\":1}"));
    expect_got(a, "");
    expect_got(b, "{\"id\":2,\"result\":{}}\n");
    assert_false(answer(s, "{\"method\":\"GPIO.Int\",\"params\":{}}")); // the owner's as well
    expect_got(a, "{\"method\":\"GPIO.Int\",\"params\":{}}\n");
    expect_got(b, "{\"method\":\"GPIO.Int\",\"params\":{}}\n");
    lp_share_tell(s, "I 1.000 boot: hello");
    expect_got(a, "I 1.000 boot: hello\n");
    expect_got(b, "I 1.000 boot: hello\n");
    lp_share_end(s);
    char byte;
    assert_int_equal(read(a, &byte, 1), 0);
    close(a);
    close(b);
}

static void share_sends_whole_lines_only(void **state)
{
    (void)state;
    lp_share_t *s = lp_share_start(port);
    const int a = join(s);
    const int b = join(s);
    put(s, a, "{\"id\":1,");
    put(s, b, "plain words\n");
    put(s, a, "\"method\":\"A\"}\n");
    expect_pending(s, "\n\x04\nplain words\n\n\x04\n{\"id\":1,\"method\":\"A\"}\n");
    put(s, a, "{\"id\":9,\"method\":\"cut");
    close(a);
    turn(s);
    turn(s);
    put(s, b, "more\n");
    expect_pending(s, "more\n");
    assert_false(answer(s, "{\"id\":1,\"result\":{}}")); // who asked has left
    close(b);
    lp_share_end(s);
}

static void share_takes_no_damaged_and_no_endless_line(void **state)
{
    (void)state;
    static char longer[LP_RPC_MAX_REQUEST + 600];
    lp_share_t *s = lp_share_start(port);
    const int a = join(s);
    put(s, a, "{\"id\":1,\"method\":\"A\"}00000000\n{not json}\n");
    memset(longer, 'x', sizeof longer - 2);
    longer[sizeof longer - 2] = '\n';
    put(s, a, longer);
    expect_pending(s, "");
    put(s, a, "{\"id\":1,\"method\":\"A\"}\n");
    expect_pending(s, "\n\x04\n{\"id\":1,\"method\":\"A\"}\n");
    close(a);
    lp_share_end(s);
}

// The board takes nothing: what guests send waits with them, in bounds.
static void share_with_a_board_that_does_not_read_stays_in_bounds(void **state)
{
    (void)state;
    static char line[4000];
    size_t len = 0;
    lp_share_t *s = lp_share_start(port);
    const int a = join(s);
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 2] = '\n';
    for (int i = 0; i < 400; i++) {
        (void)send(a, line, sizeof line - 1, MSG_DONTWAIT);
        turn(s);
    }
    (void)lp_share_pending(s, &len);
    assert_in_range(len, 40000, 64 * 1024);
    lp_share_sent(s, len);
    turn(s);
    close(a);
    lp_share_end(s);
}

// A guest that does not read misses log lines, is told how many, and holds up nobody.
static void share_with_a_guest_that_does_not_read_goes_on(void **state)
{
    (void)state;
    static char got[2 * 1024 * 1024];
    size_t n = 0;
    char line[200];
    lp_share_t *s = lp_share_start(port);
    const int a = join(s);
    const int b = join(s);
    memset(line, 'y', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    for (int i = 0; i < 8000; i++) {
        lp_share_tell(s, line);
        assert_true(recv(b, got, sizeof got, MSG_DONTWAIT) > 0);
    }
    for (int i = 0; i < 4000; i++) {
        const ssize_t more = recv(a, got + n, sizeof got - n - 1, MSG_DONTWAIT);
        n += more > 0 ? (size_t)more : 0;
        turn(s);
    }
    lp_share_tell(s, "the last one");
    n += (size_t)recv(a, got + n, sizeof got - n - 1, MSG_DONTWAIT);
    got[n] = '\0';
    assert_true(n < 8000 * 200);
    assert_non_null(strstr(got, "lines are left out"));
    assert_non_null(strstr(got, "the last one"));
    put(s, a, "{\"id\":5,\"method\":\"A\"}\n");
    expect_pending(s, "\n\x04\n{\"id\":5,\"method\":\"A\"}\n");
    close(a);
    close(b);
    lp_share_end(s);
}

static void share_has_an_end_of_guests(void **state)
{
    (void)state;
    int fds[LP_SHARE_GUESTS + 4];
    char byte;
    lp_share_t *s = lp_share_start(port);
    for (int i = 0; i < LP_SHARE_GUESTS; i++) {
        fds[i] = join(s);
    }
    const int late = join(s);
    assert_int_equal(recv(late, &byte, 1, MSG_DONTWAIT), 0); // at once, not after a silence
    close(late);
    close(fds[0]);
    turn(s);
    fds[0] = join(s);
    put(s, fds[0], "hi\n");
    expect_pending(s, "\n\x04\nhi\n");
    for (int i = 0; i < LP_SHARE_GUESTS; i++) {
        close(fds[i]);
    }
    lp_share_end(s);
}

static void share_has_one_owner_and_clears_what_a_dead_one_left(void **state)
{
    (void)state;
    char path[200];
    struct stat st;
    lp_share_t *s = lp_share_start(port);
    assert_non_null(s);
    assert_null(lp_share_start(port)); // a live one is left alone
    close(join(s));
    snprintf(path, sizeof path, "%s/limpet/ports/pts%%2F4.sock", home);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    lp_share_end(s);
    assert_int_equal(stat(path, &st), -1);
    FILE *left = fopen(path, "w");
    assert_non_null(left);
    fclose(left);
    s = lp_share_start(port);
    assert_non_null(s);
    lp_share_end(s);
}

static void share_needs_a_folder_of_its_own(void **state)
{
    (void)state;
    char path[200];
    snprintf(path, sizeof path, "%s/limpet/ports", home);
    assert_int_equal(chmod(path, 0770), 0);
    assert_null(lp_share_start(port));
    assert_int_equal(lp_share_folder(false), -1);
    assert_int_equal(chmod(path, 0700), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_null(lp_share_start(port));
    assert_int_equal(unlink(path), 0);
}

static void share_names_are_one_for_each_port(void **state)
{
    (void)state;
    char a[64];
    char b[64];
    char longer[80];
    assert_true(lp_share_name("/dev/ttyUSB0", a, sizeof a));
    assert_string_equal(a, "ttyUSB0.sock");
    assert_true(lp_share_name("/dev/pts/4", a, sizeof a) &&
                lp_share_name("/dev/pts%2F4", b, sizeof b));
    assert_string_not_equal(a, b);
    assert_true(lp_share_name("/dev/../x", a, sizeof a) && strchr(a, '/') == NULL && a[0] != '.');
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_false(lp_share_name(longer, a, sizeof a));
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(home) != NULL && setenv("XDG_RUNTIME_DIR", home, 1) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char path[200];
    snprintf(path, sizeof path, "%s/limpet", home);
    (void)rmdir(path);
    return rmdir(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(share_answers_go_to_who_asked),
        cmocka_unit_test(share_sends_whole_lines_only),
        cmocka_unit_test(share_takes_no_damaged_and_no_endless_line),
        cmocka_unit_test(share_with_a_board_that_does_not_read_stays_in_bounds),
        cmocka_unit_test(share_with_a_guest_that_does_not_read_goes_on),
        cmocka_unit_test(share_has_an_end_of_guests),
        cmocka_unit_test(share_has_one_owner_and_clears_what_a_dead_one_left),
        cmocka_unit_test(share_names_are_one_for_each_port),
        cmocka_unit_test(share_needs_a_folder_of_its_own),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
