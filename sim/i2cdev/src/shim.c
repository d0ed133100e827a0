// SPDX-License-Identifier: Apache-2.0
// libc's calls, for LD_PRELOAD: open of a /dev/i2c-N named in LIMPET_I2C gives a descriptor of an
// empty file in memory, by which read, write, ioctl and close are known again. Everything else goes
// straight on to libc. A look-up takes no lock, so what is safe in a signal handler stays so.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define EXPORT __attribute__((visibility("default")))

// glibc's names for the same calls when a program is compiled with _FORTIFY_SOURCE
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
ssize_t __read_chk(int fd, void *buf, size_t len, size_t size);

enum { FILES = 64 };

typedef struct {
    atomic_int key; // descriptor + 1; 0: free
    dev_t dev;
    ino_t ino; // of the file in memory: closed behind our back, the number may be another's
    lp_i2cdev_file_t file;
} slot_t;

static slot_t slots[FILES];
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;

// ---- libc -------------------------------------------------------------------

typedef void any_fn(void);
typedef int open_fn(const char *path, int flags, ...);
typedef int openat_fn(int dir, const char *path, int flags, ...);
typedef int close_fn(int fd);
typedef int ioctl_fn(int fd, unsigned long request, ...);
typedef ssize_t read_fn(int fd, void *buf, size_t len);
typedef ssize_t write_fn(int fd, const void *buf, size_t len);

// POSIX has it that a function's address fits a pointer to data; C does not.
static any_fn *next(const char *name)
{
    union {
        void *data;
        any_fn *fn;
    } symbol = {.data = dlsym(RTLD_NEXT, name)};
    return symbol.fn;
}

#define REAL(type, name)                                                                           \
    static type *real_##name(void)                                                                 \
    {                                                                                              \
        static _Atomic(any_fn *) found;                                                            \
        any_fn *fn = atomic_load(&found);                                                          \
        if (fn == NULL) {                                                                          \
            fn = next(#name);                                                                      \
            atomic_store(&found, fn);                                                              \
        }                                                                                          \
        return (type *)fn;                                                                         \
    }

REAL(open_fn, open)
REAL(openat_fn, openat)
REAL(close_fn, close)
REAL(ioctl_fn, ioctl)
REAL(read_fn, read)
REAL(write_fn, write)

int lp_i2cdev_real_close(int fd)
{
    return real_close()(fd);
}

// ---- our descriptors --------------------------------------------------------

static void forget(slot_t *s)
{
    lp_i2cdev_detach(s->file.bus, s->file.generation);
    atomic_store(&s->key, 0);
}

static slot_t *slot_of(int fd)
{
    struct stat st;
    for (size_t i = 0; fd >= 0 && i < FILES; i++) {
        slot_t *s = &slots[i];
        if (atomic_load(&s->key) == fd + 1) {
            const bool is_ours = fstat(fd, &st) == 0 && st.st_ino == s->ino && st.st_dev == s->dev;
            return is_ours ? s : NULL;
        }
    }
    return NULL;
}

static slot_t *free_slot(int fd)
{
    slot_t *empty = NULL;
    for (size_t i = 0; i < FILES; i++) {
        const int key = atomic_load(&slots[i].key);
        if (key == fd + 1) { // dup2() closed it and close() of that one gave the number back
            forget(&slots[i]);
            return &slots[i];
        }
        empty = key == 0 && empty == NULL ? &slots[i] : empty;
    }
    return empty;
}

static int remember(int fd, lp_i2cdev_bus_t *bus, unsigned generation)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return -EIO;
    }
    pthread_mutex_lock(&slots_lock);
    slot_t *s = free_slot(fd);
    if (s != NULL) {
        s->dev = st.st_dev;
        s->ino = st.st_ino;
        s->file.bus = bus;
        s->file.generation = generation;
        s->file.addr = 0;
        s->file.timeout_ms = 1000; // the kernel's adapters
        atomic_store(&s->key, fd + 1);
    }
    pthread_mutex_unlock(&slots_lock);
    return s != NULL ? 0 : -EMFILE;
}

static int open_bus(lp_i2cdev_bus_t *bus, int flags)
{
    unsigned generation;
    int err = lp_i2cdev_attach(bus, &generation);
    if (err != 0) {
        return err;
    }
    const int fd = memfd_create("i2c", (flags & O_CLOEXEC) != 0 ? MFD_CLOEXEC : 0);
    err = fd < 0 ? -errno : remember(fd, bus, generation);
    if (err != 0) {
        lp_i2cdev_detach(bus, generation);
        if (fd >= 0) {
            lp_i2cdev_real_close(fd);
        }
        return err;
    }
    return fd;
}

static lp_i2cdev_bus_t *bus_of(const char *path)
{
    static const char prefix[] = "/dev/i2c-";
    if (path == NULL || strncmp(path, prefix, sizeof prefix - 1) != 0) {
        return NULL;
    }
    const char *digits = path + sizeof prefix - 1;
    const size_t n = strspn(digits, "0123456789");
    const bool is_number = n > 0 && n <= 3 && digits[n] == '\0';
    return is_number ? lp_i2cdev_find((unsigned)strtoul(digits, NULL, 10)) : NULL;
}

static ssize_t answer(ssize_t result)
{
    if (result >= 0) {
        return result;
    }
    errno = (int)-result;
    return -1;
}

static int open_any(int dir, const char *path, int flags, mode_t mode)
{
    lp_i2cdev_bus_t *bus = bus_of(path);
    return bus != NULL ? (int)answer(open_bus(bus, flags)) : real_openat()(dir, path, flags, mode);
}

static mode_t mode_of(int flags, va_list args)
{
    const bool has_mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    return has_mode ? va_arg(args, mode_t) : 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *where = getenv("LIMPET_I2C");
    (void)pthread_atfork(NULL, NULL, lp_i2cdev_forked);
    if (where != NULL && lp_i2cdev_configure(where) != 0) {
        fprintf(stderr,
                "LIMPET_I2C is not understood: \"%s\"; write 1=unix:PATH or "
                "1=tcp:HOST:PORT, several with commas\n",
                where);
    }
}

// ---- what the program calls -------------------------------------------------

EXPORT int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    const mode_t mode = mode_of(flags, args);
    va_end(args);
    lp_i2cdev_bus_t *bus = bus_of(path);
    return bus != NULL ? (int)answer(open_bus(bus, flags)) : real_open()(path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    const mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_any(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    const mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_any(dir, path, flags, mode);
}

EXPORT int openat64(int dir, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    const mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_any(dir, path, flags | O_LARGEFILE, mode);
}

EXPORT int __open_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}

EXPORT int __open64_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags | O_LARGEFILE, 0);
}

EXPORT int __openat_2(int dir, const char *path, int flags)
{
    return open_any(dir, path, flags, 0);
}

EXPORT int __openat64_2(int dir, const char *path, int flags)
{
    return open_any(dir, path, flags | O_LARGEFILE, 0);
}

EXPORT int close(int fd)
{
    slot_t *s = slot_of(fd);
    if (s != NULL) {
        pthread_mutex_lock(&slots_lock);
        if (atomic_load(&s->key) == fd + 1) { // nobody else closed it in between
            forget(s);
        }
        pthread_mutex_unlock(&slots_lock);
    }
    return real_close()(fd);
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    va_start(args, request);
    const unsigned long arg = va_arg(args, unsigned long);
    va_end(args);
    slot_t *s = slot_of(fd);
    return s != NULL ? (int)answer(lp_i2cdev_ioctl(&s->file, request, arg))
                     : real_ioctl()(fd, request, arg);
}

EXPORT ssize_t read(int fd, void *buf, size_t len)
{
    slot_t *s = slot_of(fd);
    return s != NULL ? answer(lp_i2cdev_read(&s->file, buf, len)) : real_read()(fd, buf, len);
}

EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t size)
{
    if (len > size) {
        abort();
    }
    return read(fd, buf, len);
}

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
    slot_t *s = slot_of(fd);
    return s != NULL ? answer(lp_i2cdev_write(&s->file, buf, len)) : real_write()(fd, buf, len);
}
