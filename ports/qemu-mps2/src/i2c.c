// SPDX-License-Identifier: Apache-2.0
// The board's I2C buses: a register to let pins go, one to pull them low, and their levels.
// @source Arm, Application Note AN385, 4.9; ARM DDI 0224 (serial bus)
#include "limpet/i2cbb.h"
#include "limpet/mps2.h"
#include "mps2.h"

enum { LEVELS = 0, SET = 0, CLEAR = 1, SCL = 1, SDA = 2 };

static const uintptr_t bases[LP_MPS2_I2C_BUSES] = MPS2_I2C;
static lp_i2cbb_pins_t pins[LP_MPS2_I2C_BUSES];
static lp_i2cbb_t buses[LP_MPS2_I2C_BUSES];

static volatile uint32_t *regs_of(void *ctx)
{
    return mps2_regs(*(const uintptr_t *)ctx);
}

// The clock goes down before the data moves and up after it: START and STOP are made by whoever
// moves the data alone.
static void set(void *ctx, bool scl, bool sda)
{
    volatile uint32_t *regs = regs_of(ctx);
    if (!scl) {
        regs[CLEAR] = SCL;
    }
    regs[sda ? SET : CLEAR] = SDA;
    if (scl) {
        regs[SET] = SCL;
    }
}

static bool scl_level(void *ctx)
{
    return (regs_of(ctx)[LEVELS] & SCL) != 0;
}

static bool sda_level(void *ctx)
{
    return (regs_of(ctx)[LEVELS] & SDA) != 0;
}

static void wait_ns(void *ctx, uint32_t ns)
{
    (void)ctx;
    const uint32_t ticks = ns / (1000 / MPS2_TICKS_PER_US) + 1;
    const uint32_t began = mps2_ticks();
    while (mps2_ticks() - began < ticks) {
    }
}

bool mps2_i2c_is_open(unsigned which)
{
    return pins[which].set != NULL;
}

lp_i2c_bus_t *lp_mps2_i2c_open(lp_loop_t *loop, lp_mps2_i2c_t which)
{
    static uintptr_t base[LP_MPS2_I2C_BUSES];
    base[which] = bases[which];
    pins[which] = (lp_i2cbb_pins_t){
        .set = set, .scl = scl_level, .sda = sda_level, .wait_ns = wait_ns, .ctx = &base[which]};
    lp_i2cbb_init(&buses[which], loop, &pins[which]);
    return &buses[which].bus;
}
