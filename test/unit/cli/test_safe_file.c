// SPDX-License-Identifier: Apache-2.0
// A file that is replaced is the old one or the new one, whatever goes wrong.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "limpet/safe_file.h"

static char home[] = "/tmp/lp-safe-XXXXXX";
static char path[64];
static char beside[64];

static void assert_content(const char *name, const char *want)
{
    char got[64] = "";
    const int fd = open(name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, got, sizeof got - 1), strlen(want));
    close(fd);
    assert_string_equal(got, want);
}

static void safe_file_replaces_with_exact_mode(void **state)
{
    (void)state;
    struct stat st;
    const mode_t mask = umask(077);
    assert_true(lp_file_replace(path, "old", 3, 0644));
    umask(mask);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    assert_true(lp_file_replace(path, "newer", 5, 0600));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_content(path, "newer");
    assert_int_equal(access(beside, F_OK), -1);
    assert_true(lp_file_sync_folder(path));
}

// What somebody laid there for us to write through is taken away, not followed.
static void safe_file_link_beside_is_not_followed(void **state)
{
    (void)state;
    char victim[64];
    snprintf(victim, sizeof victim, "%s/victim", home);
    assert_true(lp_file_replace(victim, "mine", 4, 0600));
    assert_int_equal(symlink(victim, beside), 0);
    assert_true(lp_file_replace(path, "new", 3, 0600));
    assert_content(victim, "mine");
    assert_content(path, "new");
}

// A disk that is full in the middle, as a limit on the size of files makes it.
static void safe_file_full_disk_keeps_old(void **state)
{
    (void)state;
    static char large[8192];
    struct rlimit limit;
    assert_true(lp_file_replace(path, "old", 3, 0600));
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    const struct rlimit small = {.rlim_cur = 4096, .rlim_max = limit.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    const bool is_written = lp_file_replace(path, large, sizeof large, 0600);
    const int error = errno;
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_false(is_written);
    assert_int_equal(error, EFBIG);
    assert_content(path, "old");
    assert_int_equal(access(beside, F_OK), -1);
}

static void safe_file_place_of_a_folder_is_refused(void **state)
{
    (void)state;
    char folder[64];
    char far[4200];
    snprintf(folder, sizeof folder, "%s/folder", home);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_false(lp_file_replace(folder, "x", 1, 0600));
    assert_int_equal(errno, EISDIR);
    memset(far, 'a', sizeof far - 1);
    far[sizeof far - 1] = '\0';
    assert_false(lp_file_replace(far, "x", 1, 0600));
    assert_int_equal(errno, ENAMETOOLONG);
    assert_false(lp_file_replace("/no/such/folder", "x", 1, 0600));
    assert_int_equal(errno, ENOENT);
    assert_false(lp_file_sync_folder("no-slash"));
}

static int make_home(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/file", mkdtemp(home) != NULL ? home : "/");
    snprintf(beside, sizeof beside, "%s.new", path);
    return home[0] == '/' ? 0 : -1;
}

static int remove_home(void **state)
{
    (void)state;
    char command[80];
    snprintf(command, sizeof command, "rm -r %s", home);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safe_file_replaces_with_exact_mode),
        cmocka_unit_test(safe_file_link_beside_is_not_followed),
        cmocka_unit_test(safe_file_full_disk_keeps_old),
        cmocka_unit_test(safe_file_place_of_a_folder_is_refused),
    };
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
