// SPDX-License-Identifier: Apache-2.0
// A program that knows nothing of Limpet: wakes the chip on /dev/i2c-1 and asks for its revision
// and a random number, with the kernel's i2c-dev interface alone. `gone`: waits for a line on stdin
// in between, and expects ENODEV afterwards. `fork`: a child may not use the parent's descriptor.
// `threads`: two threads at the same time. A failure names itself and is the exit code.
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int device;

#define CHECK(claim)                                                                               \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            fprintf(stderr, "line %d: not so: %s (errno: %s)\n", __LINE__, #claim,                 \
                    strerror(errno));                                                              \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

static unsigned crc16(const uint8_t *p, size_t n)
{
    unsigned crc = 0;
    for (size_t i = 0; i < n * 8; i++) {
        const unsigned bit = (p[i / 8] >> (i % 8)) & 1;
        crc = (crc << 1) ^ (((crc >> 15) & 1) != bit ? 0x8005 : 0);
        crc &= 0xFFFF;
    }
    return crc;
}

static bool is_packet(const uint8_t *p, size_t n)
{
    return p[0] == n && (p[n - 2] | p[n - 1] << 8) == (int)crc16(p, n - 2);
}

static int wake(int addr)
{
    uint8_t answer[4];
    static const uint8_t awake[4] = {0x04, 0x11, 0x33, 0x43};
    CHECK(ioctl(device, I2C_SLAVE, 0x00) == 0);
    CHECK(write(device, "", 1) == -1 && (errno == ENXIO || errno == EREMOTEIO));
    usleep(2000);
    CHECK(ioctl(device, I2C_SLAVE, addr) == 0);
    CHECK(read(device, answer, sizeof answer) == 4);
    CHECK(memcmp(answer, awake, 4) == 0);
    return 0;
}

static int info(void)
{
    uint8_t command[] = {0x03, 0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D};
    uint8_t answer[7];
    struct i2c_msg w = {.addr = 0x60, .len = sizeof command, .buf = command};
    struct i2c_msg r = {.addr = 0x60, .flags = I2C_M_RD, .len = sizeof answer, .buf = answer};
    struct i2c_rdwr_ioctl_data one = {.msgs = &w, .nmsgs = 1};
    CHECK(ioctl(device, I2C_RDWR, &one) == 1);
    usleep(5000);
    one.msgs = &r;
    CHECK(ioctl(device, I2C_RDWR, &one) == 1);
    CHECK(is_packet(answer, sizeof answer));
    CHECK(answer[3] == 0x50); // the 508's revision
    return 0;
}

static int random_number(void)
{
    static const uint8_t command[] = {0x03, 0x07, 0x1B, 0x00, 0x00, 0x00, 0x24, 0xCD};
    uint8_t answer[35] = {0};
    CHECK(write(device, command, sizeof command) == sizeof command);
    for (int i = 0; i < 100 && read(device, answer, sizeof answer) != sizeof answer; i++) {
        CHECK(errno == ENXIO); // it is computing
        usleep(1000);
    }
    CHECK(is_packet(answer, sizeof answer));
    return 0;
}

// The word address that rewinds the chip's output, a repeated start, the last answer once more.
static int several_messages(void)
{
    uint8_t rewind[] = {0x00};
    uint8_t answer[35];
    struct i2c_msg both[] = {
        {.addr = 0x60, .len = 1, .buf = rewind},
        {.addr = 0x60, .flags = I2C_M_RD, .len = sizeof answer, .buf = answer},
    };
    struct i2c_rdwr_ioctl_data data = {.msgs = both, .nmsgs = 2};
    CHECK(ioctl(device, I2C_RDWR, &data) == 2);
    CHECK(is_packet(answer, sizeof answer));
    both[1].addr = 0x61; // the second part is refused, and nothing is out of step behind it
    CHECK(ioctl(device, I2C_RDWR, &data) == -1 && errno == ENXIO);
    both[1].addr = 0x60;
    CHECK(ioctl(device, I2C_RDWR, &data) == 2 && is_packet(answer, sizeof answer));
    return 0;
}

static int refusals(void)
{
    uint8_t byte = 0;
    unsigned long functions = 0;
    struct i2c_msg m = {.addr = 0x61, .flags = I2C_M_RD, .len = 1, .buf = &byte};
    struct i2c_rdwr_ioctl_data data = {.msgs = &m, .nmsgs = 0};
    CHECK(ioctl(device, I2C_FUNCS, &functions) == 0 && (functions & I2C_FUNC_I2C) != 0);
    CHECK(ioctl(device, I2C_RDWR, &data) == -1 && errno == EINVAL);
    data.nmsgs = 1;
    CHECK(ioctl(device, I2C_RDWR, &data) == -1 && errno == ENXIO); // nobody at 0x61
    m.flags |= I2C_M_TEN;
    CHECK(ioctl(device, I2C_RDWR, &data) == -1 && errno == EOPNOTSUPP);
    CHECK(ioctl(device, I2C_SLAVE, 0x80) == -1 && errno == EINVAL);
    CHECK(ioctl(device, 0x0799, 0) == -1 && errno == ENOTTY);
    CHECK(ioctl(device, I2C_TIMEOUT, 20) == 0 && ioctl(device, I2C_RETRIES, 3) == 0);
    return 0;
}

static int go_to_sleep(void)
{
    CHECK(write(device, "\x01", 1) == 1);
    return 0;
}

static int talk(void)
{
    return wake(0x60) != 0 || info() != 0 || random_number() != 0 || several_messages() != 0 ||
           refusals() != 0 || go_to_sleep() != 0;
}

static int gone(void)
{
    uint8_t byte;
    CHECK(talk() == 0);
    printf("kill it\n");
    fflush(stdout);
    CHECK(getchar() == '\n');
    CHECK(read(device, &byte, 1) == -1 && errno == ENODEV);
    CHECK(read(device, &byte, 1) == -1 && errno == ENODEV); // and it stays so
    CHECK(open("/dev/i2c-1", O_RDWR) == -1 && errno == ENODEV);
    return 0;
}

static int forked(void)
{
    uint8_t byte;
    int status = 1;
    const pid_t child = fork();
    if (child == 0) {
        _exit(read(device, &byte, 1) == -1 && errno == ENODEV ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(talk() == 0);
    return 0;
}

static void *ask_nobody(void *result)
{
    uint8_t bytes[16];
    struct i2c_msg m = {.addr = 0x61, .flags = I2C_M_RD, .len = sizeof bytes, .buf = bytes};
    struct i2c_rdwr_ioctl_data data = {.msgs = &m, .nmsgs = 1};
    for (int i = 0; i < 500; i++) {
        if (ioctl(device, I2C_RDWR, &data) != -1 || errno != ENXIO) {
            *(bool *)result = false;
        }
    }
    return NULL;
}

static int threads(void)
{
    pthread_t other;
    bool is_fine = true;
    CHECK(pthread_create(&other, NULL, ask_nobody, &is_fine) == 0);
    const int failed = talk();
    CHECK(pthread_join(other, NULL) == 0);
    CHECK(failed == 0 && is_fine);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "talk";
    device = open("/dev/i2c-1", O_RDWR | O_CLOEXEC);
    CHECK(device >= 0);
    const int result = strcmp(what, "gone") == 0      ? gone()
                       : strcmp(what, "fork") == 0    ? forked()
                       : strcmp(what, "threads") == 0 ? threads()
                                                      : talk();
    close(device);
    return result;
}
