// SPDX-License-Identifier: Apache-2.0
// The board's own I2C against a part that QEMU models and we do not: a TMP105 temperature sensor on
// one of the buses. Says where it is, what it measures, and what an address without a part answers.
#include <string.h>

#include "limpet/bare.h"
#include "limpet/bare_hw.h"
#include "limpet/endian.h"
#include "limpet/fmt.h"
#include "limpet/mps2.h"
#include "limpet/port/clock.h"
#include "limpet/port/system.h"

enum { ADDR = 0x48, NOBODY = 0x21, TEMPERATURE = 0, T_HIGH = 3, LIMIT_MS = 5000, EXIT_BAD = 1 };

int lp_board_main(void);

static lp_loop_t loop;
static bool is_done;
static lp_err_t result;

static void on_done(void *ctx, lp_err_t err)
{
    (void)ctx;
    is_done = true;
    result = err;
}

static lp_err_t transfer(lp_i2c_bus_t *bus, lp_i2c_xfer_t x)
{
    x.done = on_done;
    is_done = false;
    const lp_err_t err = lp_i2c_start(bus, &x);
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    while (err == LP_OK && !is_done && lp_port_now_ms() < end_ms) {
        lp_loop_turn(&loop, 10);
    }
    return err != LP_OK ? err : is_done ? result : LP_E_TIMEOUT;
}

static lp_err_t write_to(lp_i2c_bus_t *bus, uint8_t addr, const void *bytes, size_t len)
{
    return transfer(bus,
                    (lp_i2c_xfer_t){.op = LP_I2C_WRITE, .addr = addr, .tx = lp_span(bytes, len)});
}

static lp_err_t read_register(lp_i2c_bus_t *bus, uint8_t reg, uint16_t *value)
{
    uint8_t got[2] = {0};
    lp_err_t err = write_to(bus, ADDR, &reg, 1);
    if (err == LP_OK) {
        err =
            transfer(bus, (lp_i2c_xfer_t){.op = LP_I2C_READ, .addr = ADDR, .rx = got, .rx_len = 2});
    }
    *value = lp_get_be16(got);
    return err;
}

static void say(const char *what, unsigned bus, lp_err_t err, unsigned value)
{
    char line[96];
    (void)lp_fmt_str(line, sizeof line, "%s bus %u %s %04x", what, bus, lp_err_name(err), value);
    lp_port_log_line(line, strlen(line));
}

static bool measure(unsigned n)
{
    static const uint8_t high[] = {T_HIGH, 0x3A, 0xC0};
    lp_i2c_bus_t *bus = lp_mps2_i2c_open(&loop, (lp_mps2_i2c_t)n);
    uint16_t value = 0;
    lp_err_t err = write_to(bus, ADDR, NULL, 0);
    say("probe", n, err, 0);
    if (err != LP_OK) {
        return false;
    }
    err = read_register(bus, TEMPERATURE, &value);
    say("temperature", n, err, value);
    err = write_to(bus, ADDR, high, sizeof high);
    if (err == LP_OK) {
        err = read_register(bus, T_HIGH, &value);
    }
    say("written", n, err, value);
    say("nobody", n, write_to(bus, NOBODY, "x", 1), 0);
    return true;
}

int lp_board_main(void)
{
    bool is_found = false;
    const lp_err_t err = lp_bare_init(&loop);
    lp_loop_init(&loop);
    for (unsigned n = 0; err == LP_OK && n < LP_MPS2_I2C_BUSES; n++) {
        is_found = measure(n) || is_found;
    }
    lp_loop_turn(&loop, 100); // the console speaks
    return is_found ? 0 : EXIT_BAD;
}
