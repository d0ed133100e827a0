// SPDX-License-Identifier: Apache-2.0
// The program in the place of the running one. A power cut at any moment leaves one of the two.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "limpet/safe_file.h"
#include "update.h"

static lp_exit_t fail_write(const char *path, lp_fault_t *f)
{
    const int err = errno;
    lp_fault_set(f, LP_EXIT_LOCAL, "update-write", "this program cannot be replaced");
    lp_fault_why(f, "%.300s: %s; it is as it was", path, strerror(err));
    lp_fault_next(f, err == EACCES || err == EPERM || err == EROFS
                         ? "it belongs to the system: update it with its package, or as root"
                         : "look at the disk, then run the same command again");
    return f->exit;
}

// Starts it as "limpet version" and reads what it says.
static bool says_version(const char *path, const char *version)
{
    char want[64];
    char said[64] = "";
    int fds[2];
    int status = 0;
    if (pipe(fds) != 0) {
        return false;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        char word[] = "version";
        char name[] = "limpet";
        char *argv[] = {name, word, NULL};
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        execv(path, argv);
        _exit(127);
    }
    close(fds[1]);
    size_t n = 0;
    for (ssize_t got = 1; got > 0 && n<sizeof said - 1; n += got> 0 ? (size_t)got : 0) {
        got = read(fds[0], said + n, sizeof said - 1 - n);
    }
    close(fds[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    snprintf(want, sizeof want, "limpet %s\n", version);
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 && strcmp(said, want) == 0;
}

lp_exit_t update_replace(const uint8_t *program, size_t len, const char *version, lp_fault_t *f)
{
    char path[UPDATE_PATH];
    char tmp[UPDATE_PATH + 16];
    struct stat st;
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    if (n <= 0 || stat(path, &st) != 0) {
        return fail_write("/proc/self/exe", f);
    }
    snprintf(tmp, sizeof tmp, "%s.XXXXXX", path);
    const int fd = mkstemp(tmp);
    if (fd < 0) {
        return fail_write(path, f);
    }
    const bool is_written =
        lp_file_write_all(fd, program, len) && fchmod(fd, st.st_mode & 0777) == 0 && fsync(fd) == 0;
    if (close(fd) != 0 || !is_written) {
        fail_write(path, f);
        (void)unlink(tmp);
        return f->exit;
    }
    if (!says_version(tmp, version)) {
        (void)unlink(tmp);
        lp_fault_set(f, LP_EXIT_LOCAL, "update-start",
                     "the new program does not start here; this one is as it was");
        lp_fault_why(f, "it was asked for its version and did not say %s", version);
        lp_fault_next(f, "is it for this computer? build from the sources otherwise");
        return f->exit;
    }
    if (rename(tmp, path) != 0) {
        fail_write(path, f);
        (void)unlink(tmp);
        return f->exit;
    }
    (void)lp_file_sync_folder(path);
    return LP_EXIT_OK;
}
