// SPDX-License-Identifier: Apache-2.0
// What the C library needs from a system, for tests. The product needs none of it: it has no heap
// and no files.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "bare.h"

enum { HEAP_BYTES = 512 * 1024, EXIT_ABORT = 134 };

// In memory that the image does not count as its own.
static uint8_t memory[HEAP_BYTES] __attribute__((section(".nor"), aligned(16)));

void *sbrk(ptrdiff_t more);

void *sbrk(ptrdiff_t more)
{
    static size_t used;
    if (more < 0 ? (size_t)-more > used : (size_t)more > HEAP_BYTES - used) {
        return (void *)-1;
    }
    void *old = memory + used;
    used = (size_t)((ptrdiff_t)used + more);
    return old;
}

static int put(char c, FILE *file)
{
    (void)file;
    lp_bare_put(&c, 1);
    return 0;
}

static FILE screen = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdin = &screen;
FILE *const stdout = &screen;
FILE *const stderr = &screen;

// ---- files of the computer's, to read: pages of docs that a test compares with ------------------

enum { FIRST_FILE = 3, FILES_MAX = 4 };

static struct {
    int file;
    long at, length; // length 0: free
} files[FILES_MAX];

int open(const char *path, int flags, ...);
int close(int fd);
ssize_t read(int fd, void *buf, size_t len);
ssize_t write(int fd, const void *data, size_t len);
off_t lseek(int fd, off_t offset, int whence);

int open(const char *path, int flags, ...)
{
    (void)flags;
    for (int i = 0; i < FILES_MAX; i++) {
        if (files[i].length == 0) {
            files[i].file = lp_bare_open(path);
            files[i].at = 0;
            files[i].length = files[i].file < 0 ? 0 : lp_bare_length(files[i].file);
            return files[i].length > 0 ? FIRST_FILE + i : -1;
        }
    }
    return -1;
}

int close(int fd)
{
    lp_bare_close(files[fd - FIRST_FILE].file);
    files[fd - FIRST_FILE].length = 0;
    return 0;
}

ssize_t read(int fd, void *buf, size_t len)
{
    const int i = fd - FIRST_FILE;
    const size_t left = (size_t)(files[i].length - files[i].at);
    const size_t n = len < left ? len : left;
    if (n > 0 && lp_bare_read(files[i].file, (size_t)files[i].at, buf, n) != (int)n) {
        return -1;
    }
    files[i].at += (long)n;
    return (ssize_t)n;
}

ssize_t write(int fd, const void *data, size_t len)
{
    (void)fd;
    (void)data;
    (void)len;
    return -1;
}

off_t lseek(int fd, off_t offset, int whence)
{
    (void)fd;
    (void)offset;
    (void)whence;
    return -1;
}

_Noreturn void abort(void)
{
    static const char words[] = "[  ERROR   ] abort()\n";
    lp_bare_put(words, sizeof words - 1);
    lp_bare_end(EXIT_ABORT);
}
