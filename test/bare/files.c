// SPDX-License-Identifier: Apache-2.0
// Files for the C library. What a test makes itself is kept in memory; all others are the
// computer's, to read: pages of docs that a test compares with.
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "bare.h"

enum { FIRST_FILE = 3, FILES_MAX = 4, OWN_MAX = 4, NAME_BYTES = 64, OWN_BYTES = 512 };

// Of the test's own.
static struct own {
    char name[NAME_BYTES]; // "": free
    size_t length;
    uint8_t bytes[OWN_BYTES];
} owns[OWN_MAX];

static struct {
    bool is_open;
    struct own *own; // null: the computer's
    int file;
    size_t at, length;
} files[FILES_MAX];

static struct own *find_own(const char *path)
{
    for (int i = 0; i < OWN_MAX; i++) {
        if (strcmp(owns[i].name, path) == 0) {
            return &owns[i];
        }
    }
    return NULL;
}

static struct own *make_own(const char *path)
{
    struct own *own = find_own("");
    if (own == NULL || strlen(path) >= NAME_BYTES) {
        errno = ENOSPC;
        return NULL;
    }
    strcpy(own->name, path);
    own->length = 0;
    return own;
}

static int open_own(int i, struct own *own, int flags)
{
    files[i].is_open = true;
    files[i].own = own;
    files[i].at = 0;
    if ((flags & O_TRUNC) != 0) {
        own->length = 0;
    }
    return FIRST_FILE + i;
}

static int open_computers(int i, const char *path)
{
    files[i].file = lp_bare_open(path);
    const long length = files[i].file < 0 ? 0 : lp_bare_length(files[i].file);
    if (length <= 0) {
        errno = ENOENT;
        return -1;
    }
    files[i].is_open = true;
    files[i].own = NULL;
    files[i].at = 0;
    files[i].length = (size_t)length;
    return FIRST_FILE + i;
}

int open(const char *path, int flags, ...)
{
    int i = 0;
    struct own *own = find_own(path);
    while (i < FILES_MAX && files[i].is_open) {
        i++;
    }
    if (i == FILES_MAX) {
        errno = EMFILE;
        return -1;
    }
    if (own == NULL && (flags & O_CREAT) == 0) {
        return open_computers(i, path);
    }
    own = own != NULL ? own : make_own(path);
    return own != NULL ? open_own(i, own, flags) : -1;
}

int close(int fd)
{
    const int i = fd - FIRST_FILE;
    if (files[i].own == NULL) {
        lp_bare_close(files[i].file);
    }
    files[i].is_open = false;
    return 0;
}

ssize_t read(int fd, void *buf, size_t len)
{
    const int i = fd - FIRST_FILE;
    const struct own *own = files[i].own;
    const size_t left = (own != NULL ? own->length : files[i].length) - files[i].at;
    const size_t n = len < left ? len : left;
    if (own != NULL) {
        memcpy(buf, own->bytes + files[i].at, n);
    } else if (n > 0 && lp_bare_read(files[i].file, files[i].at, buf, n) != (int)n) {
        return -1;
    }
    files[i].at += n;
    return (ssize_t)n;
}

ssize_t write(int fd, const void *data, size_t len)
{
    const int i = fd - FIRST_FILE;
    struct own *own = files[i].own;
    if (own == NULL || len > OWN_BYTES - files[i].at) {
        errno = own == NULL ? EACCES : ENOSPC;
        return -1;
    }
    memcpy(own->bytes + files[i].at, data, len);
    files[i].at += len;
    own->length = files[i].at > own->length ? files[i].at : own->length;
    return (ssize_t)len;
}

off_t lseek(int fd, off_t offset, int whence)
{
    (void)fd;
    (void)offset;
    (void)whence;
    return -1;
}

int unlink(const char *path)
{
    struct own *own = find_own(path);
    if (own == NULL || path[0] == '\0') {
        errno = ENOENT;
        return -1;
    }
    own->name[0] = '\0';
    return 0;
}

// No test wants it; what emulated displays draw into is no file here.
int rename(const char *from, const char *to)
{
    (void)from;
    (void)to;
    errno = ENOTSUP;
    return -1;
}
