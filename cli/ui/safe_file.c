// SPDX-License-Identifier: Apache-2.0
#include "limpet/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4096 };

bool lp_file_write_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        const ssize_t n = write(fd, at, len);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

bool lp_file_sync_folder(const char *path_of_file)
{
    char folder[PATH];
    snprintf(folder, sizeof folder, "%s", path_of_file);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return is_synced;
}

static bool write_new(const char *path, const void *bytes, size_t len, unsigned mode)
{
    // One that a run which died has left could have another mode, or be somebody's link.
    (void)unlink(path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    const bool is_written =
        lp_file_write_all(fd, bytes, len) && fchmod(fd, (mode_t)mode) == 0 && fsync(fd) == 0;
    const int error = errno;
    const bool is_closed = close(fd) == 0;
    errno = is_written ? errno : error;
    return is_written && is_closed;
}

bool lp_file_replace(const char *path, const void *bytes, size_t len, unsigned mode)
{
    char temporary[PATH];
    const int n = snprintf(temporary, sizeof temporary, "%s.new", path);
    if (n < 0 || (size_t)n >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (write_new(temporary, bytes, len, mode) && rename(temporary, path) == 0) {
        return true;
    }
    const int error = errno;
    (void)unlink(temporary);
    errno = error;
    return false;
}
