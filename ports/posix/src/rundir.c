// SPDX-License-Identifier: Apache-2.0
#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "posix_internal.h"

enum { PATH_CAP = 200 };

static char lock_path[PATH_CAP + 64];

// A folder that only we can write to. In /tmp somebody else may have been there first.
static lp_err_t make_private_folder(const char *path, char *why, size_t why_cap)
{
    struct stat st;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        snprintf(why, why_cap, "cannot make the folder %s: %s", path, strerror(errno));
        return lp_posix_err(errno);
    }
    if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != getuid() ||
        (st.st_mode & 022) != 0) {
        snprintf(why, why_cap, "%s is not a folder that only you can write to", path);
        return LP_E_DENIED;
    }
    return LP_OK;
}

static lp_err_t make_run_folder(char path[PATH_CAP], char *why, size_t why_cap)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int n;
    if (runtime != NULL && runtime[0] == '/') {
        n = snprintf(path, PATH_CAP - 8, "%s/limpet", runtime);
    } else {
        n = snprintf(path, PATH_CAP - 8, "/tmp/limpet-%lu", (unsigned long)getuid());
    }
    if (n < 0 || n >= PATH_CAP - 8) {
        snprintf(why, why_cap, "XDG_RUNTIME_DIR is too long");
        return LP_E_NOSPACE;
    }
    lp_err_t err = make_private_folder(path, why, why_cap);
    if (err == LP_OK) {
        memcpy(path + n, "/boards", sizeof "/boards");
        err = make_private_folder(path, why, why_cap);
    }
    return err;
}

// Whoever lists boards holds each one's lock for a moment, to see whether it is held.
static bool lock_soon(int fd)
{
    for (int tries = 0; tries < 10; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            return true;
        }
        if (errno != EWOULDBLOCK) {
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return false;
}

// Locks the file, and makes sure that it is still the one of that name.
static int lock_file(const char *path)
{
    for (int tries = 0; tries < 3; tries++) {
        struct stat mine;
        struct stat named;
        const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 || !lock_soon(fd)) {
            if (fd >= 0) {
                close(fd);
            }
            return -1;
        }
        if (fstat(fd, &mine) == 0 && stat(path, &named) == 0 && mine.st_ino == named.st_ino) {
            return fd;
        }
        close(fd);
    }
    return -1;
}

lp_err_t lp_posix_claim_id(const char *device_id, char *link, size_t link_cap, char *why,
                           size_t why_cap)
{
    char folder[PATH_CAP];
    const lp_err_t err = make_run_folder(folder, why, why_cap);
    if (err != LP_OK) {
        return err;
    }
    snprintf(link, link_cap, "%s/%s.tty", folder, device_id);
    snprintf(lock_path, sizeof lock_path, "%s/%s.lock", folder, device_id);
    int fd = lp_posix_inherited_fd("lock");
    if (fd < 0) {
        fd = lock_file(lock_path);
    }
    if (fd < 0) {
        snprintf(why, why_cap,
                 "a board with the id %s runs already; give this one another with --hw-id",
                 device_id);
        return LP_E_EXISTS;
    }
    lp_posix_bequeath_fd("lock", fd);
    return LP_OK;
}

lp_err_t lp_posix_put_link(const char *link, const char *target, char *why, size_t why_cap)
{
    struct stat st;
    if (lstat(link, &st) == 0 && !S_ISLNK(st.st_mode)) {
        snprintf(why, why_cap, "%s exists and is not a link", link);
        return LP_E_EXISTS;
    }
    char fresh[PATH_CAP + 80];
    if (snprintf(fresh, sizeof fresh, "%s.%ld", link, (long)getpid()) >= (int)sizeof fresh) {
        snprintf(why, why_cap, "the path of the link is too long");
        return LP_E_NOSPACE;
    }
    (void)unlink(fresh);
    if (symlink(target, fresh) != 0 || rename(fresh, link) != 0) {
        snprintf(why, why_cap, "cannot make the link %s: %s", link, strerror(errno));
        (void)unlink(fresh);
        return lp_posix_err(errno);
    }
    return LP_OK;
}

void lp_posix_drop_link(const char *link, int tty_fd)
{
    char target[PATH_CAP];
    char ours[PATH_CAP];
    const ssize_t n = readlink(link, target, sizeof target - 1);
    if (n > 0 && ttyname_r(tty_fd, ours, sizeof ours) == 0) {
        target[n] = '\0';
        if (strcmp(target, ours) == 0) {
            (void)unlink(link);
        }
    }
}

void lp_posix_remove_link(const char *link, int tty_fd)
{
    lp_posix_drop_link(link, tty_fd);
    if (lock_path[0] != '\0') {
        (void)unlink(lock_path);
    }
}
