// SPDX-License-Identifier: Apache-2.0
// Files of the computer below, by Arm's semihosting.
// @source Arm, Semihosting for AArch32 and AArch64, release 2.0, 5
#include <string.h>

#include "mps2.h"

enum {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_SEEK = 0x0A,
    SYS_FLEN = 0x0C,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20,
    APPLICATION_EXIT = 0x20026,
};

static long call(unsigned number, const void *block)
{
    register long r0 __asm__("r0") = (long)number;
    register const void *r1 __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static uintptr_t word(const void *p)
{
    return (uintptr_t)p;
}

int mps2_file_open(const char *path, mps2_open_t how)
{
    const uintptr_t block[] = {word(path), (uintptr_t)how, strlen(path)};
    return (int)call(SYS_OPEN, block);
}

void mps2_file_close(int fd)
{
    const uintptr_t block[] = {(uintptr_t)fd};
    (void)call(SYS_CLOSE, block);
}

// Both calls tell how many bytes were not done.
size_t mps2_file_read_some(int fd, void *buf, size_t cap)
{
    const uintptr_t block[] = {(uintptr_t)fd, word(buf), cap};
    const long undone = call(SYS_READ, block);
    return undone >= 0 && (size_t)undone <= cap ? cap - (size_t)undone : 0;
}

bool mps2_file_read(int fd, void *buf, size_t len)
{
    return mps2_file_read_some(fd, buf, len) == len;
}

bool mps2_file_write(int fd, const void *data, size_t len)
{
    const uintptr_t block[] = {(uintptr_t)fd, word(data), len};
    return call(SYS_WRITE, block) == 0;
}

bool mps2_file_seek(int fd, size_t offset)
{
    const uintptr_t block[] = {(uintptr_t)fd, offset};
    return call(SYS_SEEK, block) == 0;
}

long mps2_file_length(int fd)
{
    const uintptr_t block[] = {(uintptr_t)fd};
    return call(SYS_FLEN, block);
}

bool mps2_command_line(char *text, size_t cap)
{
    uintptr_t block[] = {word(text), cap};
    return call(SYS_GET_CMDLINE, block) == 0;
}

_Noreturn void mps2_exit(int status)
{
    const uintptr_t block[] = {APPLICATION_EXIT, (uintptr_t)status};
    while (true) {
        (void)call(SYS_EXIT_EXTENDED, block);
    }
}
