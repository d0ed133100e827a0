// SPDX-License-Identifier: Apache-2.0
// What the kernel's i2c-dev does with read, write and ioctl (Documentation/i2c/dev-interface.rst
// and smbus-protocol.rst of Linux); SMBus commands are made of plain transfers, as the kernel does
// for adapters without SMBus.
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "internal.h"

enum {
    LONGEST = 8192, // i2c-dev's own limit
    JIFFY10_MS = 10,
    FUNCTIONS = I2C_FUNC_I2C | I2C_FUNC_SMBUS_QUICK | I2C_FUNC_SMBUS_BYTE |
                I2C_FUNC_SMBUS_BYTE_DATA | I2C_FUNC_SMBUS_WORD_DATA | I2C_FUNC_SMBUS_I2C_BLOCK,
};

ssize_t lp_i2cdev_read(const lp_i2cdev_file_t *file, void *buf, size_t len)
{
    const uint16_t n = (uint16_t)(len < LONGEST ? len : LONGEST);
    const struct i2c_msg m = {
        .addr = (uint16_t)file->addr, .flags = I2C_M_RD, .len = n, .buf = buf};
    if (buf == NULL && n > 0) {
        return -EFAULT;
    }
    const int err = lp_i2cdev_transfer(file, &m, 1);
    return err != 0 ? err : n;
}

ssize_t lp_i2cdev_write(const lp_i2cdev_file_t *file, const void *buf, size_t len)
{
    const uint16_t n = (uint16_t)(len < LONGEST ? len : LONGEST);
    union {
        const void *given;
        uint8_t *bytes; // the kernel's structure serves both ways; a write leaves them alone
    } data = {.given = buf};
    const struct i2c_msg m = {.addr = (uint16_t)file->addr, .len = n, .buf = data.bytes};
    if (buf == NULL && n > 0) {
        return -EFAULT;
    }
    const int err = lp_i2cdev_transfer(file, &m, 1);
    return err != 0 ? err : n;
}

static int check_message(const struct i2c_msg *m)
{
    if (m->len > LONGEST) {
        return -EINVAL;
    }
    if ((m->flags & ~I2C_M_RD) != 0) {
        return -EOPNOTSUPP; // ten bits, no start, a length from the chip: I2C_FUNCS has none of it
    }
    if (m->addr > 0x7F) {
        return -EINVAL;
    }
    return m->buf == NULL && m->len > 0 ? -EFAULT : 0;
}

static int do_rdwr(const lp_i2cdev_file_t *file, const struct i2c_rdwr_ioctl_data *data)
{
    if (data == NULL || (data->msgs == NULL && data->nmsgs > 0)) {
        return -EFAULT;
    }
    if (data->nmsgs == 0 || data->nmsgs > I2C_RDWR_IOCTL_MAX_MSGS) {
        return -EINVAL;
    }
    for (size_t i = 0; i < data->nmsgs; i++) {
        const int err = check_message(&data->msgs[i]);
        if (err != 0) {
            return err;
        }
    }
    const int err = lp_i2cdev_transfer(file, data->msgs, data->nmsgs);
    return err != 0 ? err : (int)data->nmsgs;
}

// ---- SMBus ------------------------------------------------------------------

// A write, a read, or a write and a read behind a repeated start.
typedef struct {
    uint8_t tx[I2C_SMBUS_BLOCK_MAX + 2];
    size_t tx_len;
    uint8_t rx[I2C_SMBUS_BLOCK_MAX];
    size_t rx_len;
    bool writes;
} smbus_t;

static int prepare_data(smbus_t *s, const struct i2c_smbus_ioctl_data *a)
{
    const bool reads = a->read_write == I2C_SMBUS_READ;
    const bool is_block = a->size == I2C_SMBUS_I2C_BLOCK_DATA;
    const size_t len = is_block ? a->data->block[0] : a->size == I2C_SMBUS_BYTE_DATA ? 1 : 2;
    if (is_block && (len == 0 || len > I2C_SMBUS_BLOCK_MAX)) {
        return -EINVAL;
    }
    s->tx[0] = a->command;
    s->tx_len = 1;
    s->rx_len = reads ? len : 0;
    s->writes = true;
    if (!reads && is_block) {
        memcpy(s->tx + 1, a->data->block + 1, len);
        s->tx_len += len;
    } else if (!reads) {
        s->tx[1] = a->size == I2C_SMBUS_BYTE_DATA ? a->data->byte : (uint8_t)a->data->word;
        s->tx[2] = (uint8_t)(a->data->word >> 8);
        s->tx_len += len;
    }
    return 0;
}

static int prepare(smbus_t *s, const struct i2c_smbus_ioctl_data *a)
{
    const bool reads = a->read_write == I2C_SMBUS_READ;
    const bool needs_data = a->size != I2C_SMBUS_QUICK && (a->size != I2C_SMBUS_BYTE || reads);
    if (needs_data && a->data == NULL) {
        return -EINVAL;
    }
    switch (a->size) {
    case I2C_SMBUS_QUICK:
    case I2C_SMBUS_BYTE:
        s->writes = !reads;
        s->tx[0] = a->command;
        s->tx_len = reads || a->size == I2C_SMBUS_QUICK ? 0 : 1;
        s->rx_len = reads && a->size == I2C_SMBUS_BYTE ? 1 : 0;
        return 0;
    case I2C_SMBUS_BYTE_DATA:
    case I2C_SMBUS_WORD_DATA:
    case I2C_SMBUS_I2C_BLOCK_DATA:
        return prepare_data(s, a);
    default:
        return -EOPNOTSUPP;
    }
}

static void take(const smbus_t *s, const struct i2c_smbus_ioctl_data *a)
{
    if (a->size == I2C_SMBUS_WORD_DATA) {
        a->data->word = (uint16_t)(s->rx[0] | s->rx[1] << 8);
    } else if (a->size == I2C_SMBUS_I2C_BLOCK_DATA) {
        memcpy(a->data->block + 1, s->rx, s->rx_len);
    } else {
        a->data->byte = s->rx[0];
    }
}

static int do_smbus(const lp_i2cdev_file_t *file, const struct i2c_smbus_ioctl_data *a)
{
    smbus_t s = {.tx_len = 0};
    if (a == NULL) {
        return -EFAULT;
    }
    if (a->read_write > I2C_SMBUS_READ) {
        return -EINVAL;
    }
    int err = prepare(&s, a);
    const uint16_t addr = (uint16_t)file->addr;
    const struct i2c_msg msgs[2] = {
        {.addr = addr, .len = (uint16_t)s.tx_len, .buf = s.tx},
        {.addr = addr, .flags = I2C_M_RD, .len = (uint16_t)s.rx_len, .buf = s.rx}};
    const size_t first = s.writes ? 0 : 1;
    const size_t n = s.writes && s.rx_len > 0 ? 2 : 1;
    err = err == 0 ? lp_i2cdev_transfer(file, msgs + first, n) : err;
    if (err == 0 && s.rx_len > 0) {
        take(&s, a);
    }
    explicit_bzero(&s, sizeof s);
    return err;
}

// ---- ioctl ------------------------------------------------------------------

union argument {
    unsigned long number;
    unsigned long *functions;
    const struct i2c_rdwr_ioctl_data *rdwr;
    const struct i2c_smbus_ioctl_data *smbus;
};

static int set_timeout(lp_i2cdev_file_t *file, unsigned long tens_of_ms)
{
    if (tens_of_ms > 60000 / JIFFY10_MS) {
        return -EINVAL;
    }
    file->timeout_ms = (unsigned)tens_of_ms * JIFFY10_MS;
    return 0;
}

static int set_address(lp_i2cdev_file_t *file, unsigned long addr)
{
    if (addr > 0x7F) {
        return -EINVAL;
    }
    file->addr = (unsigned)addr;
    return 0;
}

static int tell_functions(unsigned long *functions)
{
    if (functions == NULL) {
        return -EFAULT;
    }
    *functions = FUNCTIONS;
    return 0;
}

int lp_i2cdev_ioctl(lp_i2cdev_file_t *file, unsigned long request, unsigned long arg)
{
    const union argument a = {.number = arg};
    switch ((unsigned)request) {
    case I2C_SLAVE:
    case I2C_SLAVE_FORCE:
        return set_address(file, arg);
    case I2C_FUNCS:
        return tell_functions(a.functions);
    case I2C_RDWR:
        return do_rdwr(file, a.rdwr);
    case I2C_SMBUS:
        return do_smbus(file, a.smbus);
    case I2C_TIMEOUT:
        return set_timeout(file, arg);
    case I2C_RETRIES: // nothing is ever lost in arbitration here
        return arg > 0x7FFFFFFF ? -EINVAL : 0;
    case I2C_TENBIT:
    case I2C_PEC:
        return arg != 0 ? -EINVAL : 0;
    default:
        return -ENOTTY;
    }
}
