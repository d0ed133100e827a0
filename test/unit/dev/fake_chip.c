// SPDX-License-Identifier: Apache-2.0
#include "fake_chip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/crc.h"
#include "limpet/port/clock.h"

void fake_pub(uint8_t n, uint8_t pub[64])
{
    for (uint8_t i = 0; i < 64; i++) {
        pub[i] = (uint8_t)(n * 7 + i);
    }
}

void fake_sig(uint8_t n, const uint8_t digest[32], uint8_t sig[64])
{
    for (uint8_t i = 0; i < 32; i++) {
        sig[i] = (uint8_t)(digest[i] ^ n);
        sig[32 + i] = (uint8_t)(digest[i] + n);
    }
}

unsigned fake_chip_count(const fake_chip_t *chip, uint8_t opcode)
{
    unsigned n = 0;
    for (size_t i = 0; i < chip->log_len; i++) {
        n += chip->log[i] == opcode;
    }
    return n;
}

// ---- the chip ----------------------------------------------------------------------------------

static void answer(fake_chip_t *c, const uint8_t *payload, size_t len)
{
    c->out[0] = (uint8_t)(len + 3);
    memcpy(c->out + 1, payload, len);
    const uint16_t crc = lp_crc16_8005(0, lp_span(c->out, len + 1));
    c->out[len + 1] = (uint8_t)crc;
    c->out[len + 2] = (uint8_t)(crc >> 8);
    c->out_len = len + 3;
    c->out_pos = 0;
}

static size_t status(uint8_t *payload, uint8_t value)
{
    payload[0] = value;
    return 1;
}

static uint8_t *zone_memory(fake_chip_t *c, uint8_t zone, unsigned address, size_t *size)
{
    if ((zone & 3) == 0) {
        *size = 128 - address * 4 % 128;
        return c->config + address * 4 % 128;
    }
    if ((zone & 3) == 1) {
        *size = 64 - address * 4 % 64;
        return c->otp + address * 4 % 64;
    }
    const unsigned offset = (address >> 8 & 15) * 32 + (address & 7) * 4;
    *size = 416 - offset;
    return c->data[address >> 3 & 15] + offset;
}

static size_t do_memory(fake_chip_t *c, const uint8_t *cmd, uint8_t *payload)
{
    size_t size = 0;
    const size_t len = (cmd[1] & 0x80) != 0 ? 32 : 4;
    unsigned address = cmd[2] | (unsigned)cmd[3] << 8;
    if (len == 32) {
        address &= ~7u;
    }
    uint8_t *at = zone_memory(c, cmd[1], address, &size);
    if (size < len) {
        return status(payload, 0x0F);
    }
    if (cmd[0] == 0x12) {
        memcpy(at, cmd + 4, len);
        return status(payload, 0);
    }
    memcpy(payload, at, len);
    return len;
}

static size_t do_genkey(fake_chip_t *c, const uint8_t *cmd, uint8_t *payload)
{
    const unsigned slot = cmd[2] & 15;
    if ((cmd[1] & 4) != 0) {
        c->key[slot] = (uint8_t)++c->keys_made;
    }
    fake_pub(c->key[slot], payload);
    return 64;
}

static size_t do_sign(fake_chip_t *c, const uint8_t *cmd, uint8_t *payload)
{
    if (!c->has_tempkey) {
        return status(payload, 0x0F);
    }
    c->has_tempkey = false;
    c->signatures++;
    fake_sig(c->key[cmd[2] & 15], c->tempkey, payload);
    return 64;
}

static size_t do_verify(fake_chip_t *c, const uint8_t *cmd, uint8_t *payload)
{
    uint8_t want[64];
    if (!c->has_tempkey) {
        return status(payload, 0x0F);
    }
    c->has_tempkey = false;
    fake_sig(cmd[4 + 64], c->tempkey, want); // "key number" is X[0]
    return status(payload, memcmp(want, cmd + 4, 64) == 0 ? 0 : 1);
}

static size_t do_lock(fake_chip_t *c, const uint8_t *cmd, uint8_t *payload)
{
    const unsigned mode = cmd[1];
    const unsigned crc = cmd[2] | (unsigned)cmd[3] << 8;
    if ((mode & 3) == 0) {
        if (c->config[87] == 0 || crc != lp_crc16_8005(0, lp_span(c->config, 128))) {
            return status(payload, 0x0F);
        }
        c->config[87] = 0;
    } else if ((mode & 3) == 1) {
        c->config[86] = 0;
    } else {
        const unsigned slot = mode >> 2 & 15;
        if ((c->config[88 + slot / 8] >> slot % 8 & 1) == 0) {
            return status(payload, 0x0F);
        }
        c->config[88 + slot / 8] &= (uint8_t) ~(1u << slot % 8);
    }
    return status(payload, 0);
}

static size_t do_sha(fake_chip_t *c, const uint8_t *cmd, size_t len, uint8_t *payload)
{
    // Not SHA-256: a sum that shows order, losses and repetitions.
    if (cmd[1] == 0) {
        memset(c->tempkey, 0, 32);
        c->has_tempkey = true;
        return status(payload, 0);
    }
    if (!c->has_tempkey) {
        return status(payload, 0x0F);
    }
    for (size_t i = 4; i < len; i++) {
        for (size_t k = 0; k < 32; k++) {
            c->tempkey[k] = (uint8_t)(c->tempkey[k] * 5 + cmd[i] + k);
        }
    }
    if (cmd[1] != 2) {
        return status(payload, 0);
    }
    memcpy(payload, c->tempkey, 32);
    c->has_tempkey = false;
    return 32;
}

size_t fake_chip_default(fake_chip_t *c, const uint8_t *cmd, size_t len, uint8_t *payload)
{
    static const uint8_t revision[4] = {0, 0, 0x50, 0};
    switch (cmd[0]) {
    case 0x30:
        memcpy(payload, revision, 4);
        return 4;
    case 0x02:
    case 0x12:
        return do_memory(c, cmd, payload);
    case 0x1B:
        memset(payload, 0x5A, 32);
        return 32;
    case 0x16:
        c->has_tempkey = true;
        memcpy(c->tempkey, cmd + 4, cmd[1] == 3 ? 32 : 20);
        memset(payload, 0x33, 32);
        return cmd[1] == 3 ? status(payload, 0) : 32;
    case 0x40:
        return do_genkey(c, cmd, payload);
    case 0x41:
        return do_sign(c, cmd, payload);
    case 0x45:
        return do_verify(c, cmd, payload);
    case 0x43:
        memcpy(payload, cmd + 4, 32);
        payload[0] ^= c->key[cmd[2] & 15];
        return 32;
    case 0x17:
        return do_lock(c, cmd, payload);
    case 0x47:
        return do_sha(c, cmd, len, payload);
    default:
        return status(payload, 0x03);
    }
}

static void execute(fake_chip_t *c)
{
    uint8_t payload[160];
    const size_t count = c->in[0];
    const uint16_t crc = lp_crc16_8005(0, lp_span(c->in, count - 2));
    const uint64_t now = lp_port_now_ms();
    c->in_len = 0;
    if (c->in[count - 2] != (uint8_t)crc || c->in[count - 1] != (uint8_t)(crc >> 8)) {
        c->has_tempkey = c->has_tempkey && !c->is_hashing; // any error ends a digest (9.17)
        answer(c, (const uint8_t[]){0xFF}, 1);
        return;
    }
    if (now + c->exec_ms > c->awake_since_ms + c->watchdog_ms) {
        answer(c, (const uint8_t[]){0xEE}, 1);
        return;
    }
    if (c->force_times > 0) {
        c->force_times--;
        if (!c->force_before) {
            (void)c->handler(c, c->in + 1, count - 3, payload);
            c->log[c->log_len++ % sizeof c->log] = c->in[1];
        }
        answer(c, &c->force_status, 1);
        return;
    }
    c->is_hashing = c->in[1] == 0x47;
    c->log[c->log_len++ % sizeof c->log] = c->in[1];
    answer(c, payload, c->handler(c, c->in + 1, count - 3, payload));
    c->busy_until_ms = now + c->exec_ms;
}

static void fall_asleep(fake_chip_t *c)
{
    c->power = POWER_ASLEEP;
    c->has_tempkey = false;
    c->in_len = 0;
    c->out_len = 0;
    c->busy_until_ms = 0;
}

static void take_write(fake_chip_t *c, const uint8_t *bytes, size_t len)
{
    switch (len > 0 ? bytes[0] : 0xFF) {
    case 0x00:
        c->out_pos = 0;
        c->in_len = 0;
        break;
    case 0x01:
        c->sleeps++;
        fall_asleep(c);
        break;
    case 0x02:
        c->idles++;
        c->power = POWER_IDLE;
        c->in_len = 0;
        break;
    case 0x03:
        if (c->out_pos > 0) {
            c->in_len = 0;
        }
        c->out_len = 0;
        for (size_t i = 1; i < len && c->in_len < sizeof c->in; i++) {
            c->in[c->in_len++] = bytes[i];
        }
        if (c->in_len > 4 && c->in[0] >= 7 && c->in_len >= c->in[0]) {
            execute(c);
        }
        break;
    default:
        break;
    }
}

static void give_read(fake_chip_t *c, uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        buf[i] = c->out_pos < c->out_len ? c->out[c->out_pos++] : 0xFF;
    }
}

// ---- the bus -----------------------------------------------------------------------------------

static bool is_deaf(fake_chip_t *c, uint8_t addr)
{
    const uint64_t now = lp_port_now_ms();
    if (c->power == POWER_AWAKE && now > c->awake_since_ms + c->watchdog_ms) {
        fall_asleep(c);
    }
    if (c->is_sleeping_late && now >= c->busy_until_ms) {
        c->is_sleeping_late = false;
        fall_asleep(c);
    }
    return c->is_vanished || addr != c->addr || c->power != POWER_AWAKE || now < c->busy_until_ms;
}

static lp_err_t write_bytes(fake_chip_t *c, const lp_i2c_xfer_t *x, fault_t fault)
{
    uint8_t bytes[200];
    size_t len = x->tx.len;
    assert_true(len <= sizeof bytes);
    memcpy(bytes, x->tx.ptr, len);
    if (fault == FAULT_FLIP && len > 3) {
        bytes[len / 2] ^= 0x10;
    } else if (fault == FAULT_SHORT && len > 1) {
        len--;
    } else if (fault == FAULT_LOST && len > 1) {
        len = 0;
    }
    take_write(c, bytes, len);
    if (fault == FAULT_SLEEP_LATE) {
        c->is_sleeping_late = true;
    }
    return LP_OK;
}

static lp_err_t run(fake_chip_t *c, lp_i2c_xfer_t *x, fault_t fault)
{
    if (x->op == LP_I2C_RECOVER) {
        c->recoveries++;
        c->is_stuck = c->is_stuck && c->fault == FAULT_DEAD_BUS;
        return LP_OK;
    }
    if (c->is_stuck) {
        return LP_E_I2C_BUS;
    }
    if (x->op == LP_I2C_WAKE) {
        if (c->power != POWER_AWAKE && !c->is_vanished) {
            c->power = POWER_AWAKE;
            c->awake_since_ms = lp_port_now_ms();
            answer(c, (const uint8_t[]){0x11}, 1);
        }
        return LP_OK;
    }
    if (is_deaf(c, x->addr)) {
        c->polls += x->op == LP_I2C_READ;
        return LP_E_I2C_NACK;
    }
    if (x->op == LP_I2C_WRITE) {
        c->writes++;
        return write_bytes(c, x, fault);
    }
    give_read(c, x->rx, x->rx_len);
    if (c->is_alien) {
        memset(x->rx, 0x42, x->rx_len);
    }
    if (fault == FAULT_FLIP || fault == FAULT_FLIP_ONCE) {
        x->rx[x->rx_len / 2] ^= 0x04;
    } else if (fault == FAULT_FF) {
        memset(x->rx, 0xFF, x->rx_len);
    }
    return LP_OK;
}

// What the fault of this transfer does instead of the transfer. LP_E_AGAIN: carry it out.
static lp_err_t strike(fake_chip_t *c, fault_t fault)
{
    switch (fault) {
    case FAULT_NACK:
        return LP_E_I2C_NACK;
    case FAULT_BUS:
        return LP_E_I2C_BUS;
    case FAULT_TIMEOUT:
        return LP_E_TIMEOUT;
    case FAULT_IO:
        return LP_E_IO;
    case FAULT_SLEEP:
        fall_asleep(c);
        return LP_E_AGAIN;
    case FAULT_VANISH:
        c->is_vanished = true;
        return LP_E_AGAIN;
    case FAULT_STUCK:
    case FAULT_DEAD_BUS:
        c->is_stuck = true;
        return LP_E_AGAIN;
    case FAULT_NONE:
    case FAULT_FLIP:
    case FAULT_FLIP_ONCE:
    case FAULT_FF:
    case FAULT_SHORT:
    case FAULT_LOST:
    case FAULT_SLEEP_LATE:
    case FAULT_KINDS:
        break;
    }
    return LP_E_AGAIN;
}

static void on_timer(void *ctx)
{
    fake_chip_t *c = ctx;
    lp_i2c_xfer_t *x = c->xfer;
    const int n = c->transfers++;
    const bool is_struck = c->fault_at >= 0 && n >= c->fault_at && n < c->fault_at + c->fault_times;
    const fault_t fault = is_struck ? c->fault : FAULT_NONE;
    lp_err_t err = strike(c, fault);
    if (err == LP_E_AGAIN) {
        err = run(c, x, fault);
    }
    c->xfer = NULL;
    x->done(x->ctx, err);
}

static lp_err_t start(lp_i2c_bus_t *bus, lp_i2c_xfer_t *x)
{
    fake_chip_t *c = (fake_chip_t *)bus;
    if (c->xfer != NULL) {
        return LP_E_BUSY;
    }
    c->xfer = x;
    lp_timer_start(c->loop, &c->timer, x->rx_len + x->tx.len > 16 ? 3 : 1);
    return LP_OK;
}

static lp_err_t set_rate(lp_i2c_bus_t *bus, uint32_t rate_hz)
{
    (void)bus;
    (void)rate_hz;
    return LP_E_UNSUPPORTED;
}

void fake_chip_init(fake_chip_t *c, lp_loop_t *loop)
{
    static const lp_i2c_ops_t ops = {.start = start, .set_rate = set_rate};
    static const uint8_t head[20] = {0x01, 0x23, 0x11, 0x22, 0,    0,    0x50, 0x00, 0x33, 0x44,
                                     0x55, 0x66, 0xEE, 0xC0, 0x59, 0x00, 0xC0, 0x00, 0x55, 0x00};
    *c = (fake_chip_t){
        .bus = {.ops = &ops},
        .loop = loop,
        .addr = LP_ATECC_ADDR,
        .watchdog_ms = 1300,
        .handler = fake_chip_default,
        .exec_ms = 12,
        .fault_at = -1,
        .fault_times = 1,
    };
    lp_timer_init(&c->timer, on_timer, c);
    memcpy(c->config, head, sizeof head);
    memset(c->config + 52, 0xFF, 4);
    memset(c->config + 60, 0xFF, 4);
    memset(c->config + 68, 0xFF, 16);
    memset(c->config + 86, 0x55, 2);
    memset(c->config + 88, 0xFF, 2);
}

// ---- the bench ---------------------------------------------------------------------------------

static void on_wear(void *ctx, uint16_t slot)
{
    bench_t *b = ctx;
    (void)slot;
    b->wear++;
}

void bench_init(bench_t *b)
{
    fake_clock_reset();
    memset(b, 0, sizeof *b);
    lp_loop_init(&b->loop);
    fake_chip_init(&b->fake, &b->loop);
    const lp_atecc_config_t cfg = {.loop = &b->loop,
                                   .bus = &b->fake.bus,
                                   .addr = LP_ATECC_ADDR,
                                   .wear = on_wear,
                                   .wear_ctx = b};
    lp_atecc_init(&b->chip, &cfg);
}

void bench_done(void *ctx, lp_err_t err)
{
    bench_t *b = ctx;
    b->done++;
    b->err = err;
}

lp_err_t bench_wait(bench_t *b, unsigned count)
{
    const uint64_t end = lp_port_now_ms() + 60000;
    while (b->done < count) {
        lp_loop_turn(&b->loop, 1000);
        assert_true(lp_port_now_ms() < end);
    }
    return b->err;
}

void bench_settle(bench_t *b, uint32_t ms)
{
    const uint64_t end = lp_port_now_ms() + ms;
    while (lp_port_now_ms() < end) {
        lp_loop_turn(&b->loop, 10);
    }
}

lp_err_t bench_lock_config(bench_t *b, lp_atecc_plan_op_t *op)
{
    const lp_atecc_token_t token = op->token;
    const unsigned n = b->done + 1;
    const lp_err_t err = lp_atecc_lock_config(&b->chip, op, &token, bench_done, b);
    return err != LP_OK ? err : bench_wait(b, n);
}

lp_err_t bench_fill(bench_t *b, lp_atecc_plan_op_t *op)
{
    const unsigned n = b->done + 1;
    assert_int_equal(
        lp_atecc_plan_fill(&b->chip, op, &lp_atecc_plan_limpet1, NULL, 0, bench_done, b), LP_OK);
    return bench_wait(b, n);
}

lp_err_t bench_lock_data(bench_t *b, lp_atecc_plan_op_t *op)
{
    const lp_atecc_token_t token = op->token;
    const unsigned n = b->done + 1;
    const lp_err_t err = lp_atecc_lock_data(&b->chip, op, &token, bench_done, b);
    return err != LP_OK ? err : bench_wait(b, n);
}
