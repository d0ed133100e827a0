// SPDX-License-Identifier: Apache-2.0
// The three parts of the /dev/i2c-N shim: shim.c takes libc's calls, device.c is what the kernel's
// i2c-dev does with them, bus.c speaks to the virtual chip. All of them answer 0 (or a count) or
// a negative errno.
#ifndef LIMPET_I2CDEV_INTERNAL_H
#define LIMPET_I2CDEV_INTERNAL_H

#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/types.h>

// One bus of LIMPET_I2C and the connection to its adapter, shared by all descriptors of the process
// since the adapter serves one client at a time.
typedef struct {
    unsigned number;
    char target[256]; // "unix:PATH" or "tcp:HOST:PORT"
    pthread_mutex_t lock;
    int fd;         // -1: not connected
    ino_t ino;      // of fd: whoever closes all descriptors does not have us write to a stranger
    pid_t pid;      // who connected: a child of fork must not talk into it
    unsigned users; // open descriptors of this connection
    unsigned generation; // counts connections: a descriptor belongs to one
} lp_i2cdev_bus_t;

// What an open descriptor is.
typedef struct {
    lp_i2cdev_bus_t *bus;
    unsigned generation;
    atomic_uint addr;       // I2C_SLAVE
    atomic_uint timeout_ms; // I2C_TIMEOUT
} lp_i2cdev_file_t;

// Takes "1=unix:chip.sock,2=tcp:localhost:4000". -EINVAL: not understood, no bus is there.
int lp_i2cdev_configure(const char *text);

// Null: not one of ours.
lp_i2cdev_bus_t *lp_i2cdev_find(unsigned number);

// Connects if nobody has. -ENODEV: no adapter there. -EBUSY: it serves somebody else.
int lp_i2cdev_attach(lp_i2cdev_bus_t *bus, unsigned *generation);
void lp_i2cdev_detach(lp_i2cdev_bus_t *bus, unsigned generation);

// In the child of fork(): lets go of the parent's connections. Its descriptors are dead there.
void lp_i2cdev_forked(void);

// One transaction with repeated starts, checked by the caller. -ENXIO, -EREMOTEIO, -ETIMEDOUT, -EIO
// as i2c-dev; -ENODEV: the adapter is gone; -EOPNOTSUPP: longer than the adapter takes.
int lp_i2cdev_transfer(const lp_i2cdev_file_t *file, const struct i2c_msg *msgs, size_t n);

ssize_t lp_i2cdev_read(const lp_i2cdev_file_t *file, void *buf, size_t len);
ssize_t lp_i2cdev_write(const lp_i2cdev_file_t *file, const void *buf, size_t len);
int lp_i2cdev_ioctl(lp_i2cdev_file_t *file, unsigned long request, unsigned long arg);

// libc's own close().
int lp_i2cdev_real_close(int fd);

#endif
