// SPDX-License-Identifier: Apache-2.0
// A bus of this computer, /dev/i2c-N. The kernel's transfers block for a millisecond or ten, so
// they are done from the loop and not from start(): a completion never comes from inside the call.
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "limpet/i2c.h"
#include "posix_internal.h"

typedef struct {
    lp_i2c_bus_t bus; // must stay first
    int fd;
    lp_i2c_xfer_t *xfer;
    lp_event_t event;
} i2cdev_t;

static i2cdev_t the_bus;

static lp_err_t error_of(int errnum)
{
    switch (errnum) {
    case ENXIO:
    case EREMOTEIO: // both mean: no acknowledge, depending on the driver
        return LP_E_I2C_NACK;
    case EAGAIN:
    case EBUSY:
        return LP_E_I2C_BUS;
    case ETIMEDOUT:
        return LP_E_TIMEOUT;
    default:
        return LP_E_IO;
    }
}

static lp_err_t transfer(int fd, uint16_t addr, uint16_t flags, void *buf, size_t len)
{
    struct i2c_msg msg = {.addr = addr, .flags = flags, .len = (uint16_t)len, .buf = buf};
    struct i2c_rdwr_ioctl_data data = {.msgs = &msg, .nmsgs = 1};
    return ioctl(fd, I2C_RDWR, &data) == 1 ? LP_OK : error_of(errno);
}

static lp_err_t write_bytes(int fd, uint8_t addr, lp_span_t tx)
{
    uint8_t copy[256]; // the kernel's structure wants bytes that may be written to
    if (tx.len > sizeof copy) {
        return LP_E_RANGE;
    }
    if (tx.len > 0) {
        memcpy(copy, tx.ptr, tx.len);
    }
    const lp_err_t err = transfer(fd, addr, 0, copy, tx.len);
    lp_wipe(copy, sizeof copy);
    return err;
}

static lp_err_t perform(int fd, const lp_i2c_xfer_t *x)
{
    lp_err_t err;
    switch (x->op) {
    case LP_I2C_WRITE:
        return write_bytes(fd, x->addr, x->tx);
    case LP_I2C_READ:
        return transfer(fd, x->addr, I2C_M_RD, x->rx, x->rx_len);
    case LP_I2C_WAKE: // eight low bits of address 0; nobody acknowledges
    case LP_I2C_RECOVER:
        err = write_bytes(fd, x->op == LP_I2C_WAKE ? 0x00 : 0x7F, lp_span(NULL, 0));
        return err == LP_E_I2C_NACK ? LP_OK : err;
    }
    return LP_E_INVALID;
}

static void run(void *ctx)
{
    i2cdev_t *b = ctx;
    const lp_i2c_xfer_t *x = b->xfer;
    const lp_err_t err = perform(b->fd, x);
    b->xfer = NULL;
    x->done(x->ctx, err);
}

static lp_err_t start(lp_i2c_bus_t *bus, lp_i2c_xfer_t *xfer)
{
    i2cdev_t *b = (i2cdev_t *)bus;
    if (b->xfer != NULL) {
        return LP_E_BUSY;
    }
    b->xfer = xfer;
    lp_loop_post(lp_posix_loop, &b->event);
    return LP_OK;
}

// The kernel's bus driver has the rate from the device tree.
static lp_err_t set_rate(lp_i2c_bus_t *bus, uint32_t rate_hz)
{
    (void)bus;
    (void)rate_hz;
    return LP_E_UNSUPPORTED;
}

static const lp_i2c_ops_t ops = {.start = start, .set_rate = set_rate};

lp_err_t lp_posix_i2cdev_open(const char *path, lp_i2c_bus_t **bus, char *why, size_t why_cap)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    unsigned long functions = 0;
    if (fd < 0) {
        snprintf(why, why_cap, "cannot open %s: %s", path, strerror(errno));
        return lp_posix_err(errno);
    }
    if (ioctl(fd, I2C_FUNCS, &functions) != 0 || (functions & I2C_FUNC_I2C) == 0) {
        snprintf(why, why_cap, "%s is not an I2C bus with plain transfers", path);
        close(fd);
        return LP_E_UNSUPPORTED;
    }
    the_bus = (i2cdev_t){.bus = {.ops = &ops}, .fd = fd};
    lp_event_init(&the_bus.event, run, &the_bus);
    *bus = &the_bus.bus;
    return LP_OK;
}
