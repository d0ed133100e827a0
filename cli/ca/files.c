// SPDX-License-Identifier: Apache-2.0
// Files that are there whole, or as they were before.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca_private.h"

char *lp_ca_read_file(const char *path, size_t max)
{
    FILE *file = fopen(path, "rbe");
    struct stat st;
    if (file == NULL) {
        return NULL;
    }
    if (fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode) || (uintmax_t)st.st_size > max) {
        fclose(file);
        errno = EINVAL;
        return NULL;
    }
    char *text = calloc(1, (size_t)st.st_size + 1);
    size_t n = text != NULL ? fread(text, 1, (size_t)st.st_size, file) : 0;
    fclose(file);
    if (text != NULL && n != (size_t)st.st_size) {
        free(text);
        errno = EIO;
        return NULL;
    }
    return text;
}

// A rename is on disk only when its folder is.
bool lp_ca_sync_folder(const char *path_of_file)
{
    char folder[LP_CA_PATH + 64];
    snprintf(folder, sizeof folder, "%s", path_of_file);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return is_synced;
}

static bool write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

bool lp_ca_write_atomic(const char *path, const char *text, unsigned mode)
{
    char temporary[LP_CA_PATH + 64];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    // One that a run which died has left could have another mode, or be somebody's link.
    (void)unlink(temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    bool is_written =
        write_all(fd, text, strlen(text)) && fchmod(fd, (mode_t)mode) == 0 && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && is_written) {
        error = errno;
        is_written = false;
    }
    if (is_written && rename(temporary, path) == 0) {
        return lp_ca_sync_folder(path);
    }
    error = is_written ? errno : error;
    (void)unlink(temporary);
    errno = error;
    return false;
}

lp_exit_t lp_ca_write_file(const lp_ca_t *ca, const char *name, const char *text, unsigned mode,
                           lp_fault_t *f)
{
    char path[LP_CA_PATH + 64];
    snprintf(path, sizeof path, "%s/%s", lp_ca_dir(ca), name);
    if (lp_ca_write_atomic(path, text, mode)) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_LOCAL, "ca-dir", "a file of the CA cannot be written");
    lp_fault_why(f, "%s: %s", path, strerror(errno));
    lp_fault_next(f, "make room or give yourself the right to, then run the same command again");
    return f->exit;
}
