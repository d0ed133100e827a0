// SPDX-License-Identifier: Apache-2.0
// What of the board's pins QEMU has: ten LEDs, two buttons and eight switches, which nobody can
// move there and which always read low, and the I2C buses of the two shields, which are pairs of
// open-drain pins in a register. None of them has an interrupt, on the board neither. The GPIO
// blocks of the expansion connectors are empty in QEMU and therefore left out.
// @source Arm, Application Note AN385, 4.4 (FPGA registers), 4.9 (I2C), 4.10 (SCC)
#include "limpet/port/gpio.h"

#include <stddef.h>

#include "limpet/mps2.h"
#include "mps2.h"

typedef enum { KIND_LED, KIND_BUTTON, KIND_WIRE } kind_t;

enum { LEDS = 0, BUTTONS = 8 };                // FPGAIO
enum { MCC_LEDS = 4, MCC_SWITCHES = 12 };      // SCC
enum { SET = 0, CLEAR = 1, SCL = 0, SDA = 1 }; // of an I2C bus

typedef struct {
    const char *name;
    kind_t kind;
    uint8_t bit;
    uint8_t bus;   // LP_MPS2_I2C_*, of a wire
    uintptr_t reg; // of the others
} row_t;

#define MCC_LED(n)                                                                                 \
    {                                                                                              \
        "LED" #n, KIND_LED, n, 0, MPS2_SCC + MCC_LEDS                                              \
    }
#define MCC_SWITCH(n)                                                                              \
    {                                                                                              \
        "SW" #n, KIND_BUTTON, n, 0, MPS2_SCC + MCC_SWITCHES                                        \
    }
#define WIRE(name, n, line)                                                                        \
    {                                                                                              \
        name, KIND_WIRE, line, LP_MPS2_I2C_SHIELD##n, 0                                            \
    }

static const row_t rows[] = {
    {"USERLED0", KIND_LED, 0, 0, MPS2_FPGAIO + LEDS},
    {"USERLED1", KIND_LED, 1, 0, MPS2_FPGAIO + LEDS},
    {"USERPB0", KIND_BUTTON, 0, 0, MPS2_FPGAIO + BUTTONS},
    {"USERPB1", KIND_BUTTON, 1, 0, MPS2_FPGAIO + BUTTONS},
    MCC_LED(0),
    MCC_LED(1),
    MCC_LED(2),
    MCC_LED(3),
    MCC_LED(4),
    MCC_LED(5),
    MCC_LED(6),
    MCC_LED(7),
    MCC_SWITCH(0),
    MCC_SWITCH(1),
    MCC_SWITCH(2),
    MCC_SWITCH(3),
    MCC_SWITCH(4),
    MCC_SWITCH(5),
    MCC_SWITCH(6),
    MCC_SWITCH(7),
    WIRE("SHIELD0_SCL", 0, SCL),
    WIRE("SHIELD0_SDA", 0, SDA),
    WIRE("SHIELD1_SCL", 1, SCL),
    WIRE("SHIELD1_SDA", 1, SDA),
};
enum { PINS = sizeof rows / sizeof rows[0] };
static const uint8_t can[] = {
    [KIND_LED] = LP_GPIO_CAN_OUTPUT,
    [KIND_BUTTON] = LP_GPIO_CAN_INPUT,
    [KIND_WIRE] = LP_GPIO_CAN_INPUT | LP_GPIO_CAN_OPEN_DRAIN | LP_GPIO_CAN_PULL_UP,
};
static lp_gpio_mode_t modes[PINS];

static volatile uint32_t *reg_of(const row_t *row)
{
    static const uintptr_t buses[LP_MPS2_I2C_BUSES] = MPS2_I2C;
    return mps2_regs(row->kind == KIND_WIRE ? buses[row->bus] : row->reg);
}

uint16_t lp_port_gpio_end(void)
{
    return PINS;
}

lp_err_t lp_port_gpio_info(uint16_t pin, lp_gpio_info_t *info)
{
    if (pin >= PINS) {
        return LP_E_NOT_FOUND;
    }
    const row_t *row = &rows[pin];
    const bool is_i2c = row->kind == KIND_WIRE && mps2_i2c_is_open(row->bus);
    *info = (lp_gpio_info_t){
        .can = can[row->kind], .name = row->name, .taken_by = is_i2c ? "i2c" : NULL};
    return LP_OK;
}

static void put(const row_t *row, bool level)
{
    volatile uint32_t *reg = reg_of(row);
    const uint32_t mask = 1U << row->bit;
    if (row->kind == KIND_WIRE) {
        reg[level ? SET : CLEAR] = mask;
    } else {
        *reg = level ? *reg | mask : *reg & ~mask;
    }
}

static uint8_t needs_of(const lp_gpio_config_t *c)
{
    static const uint8_t of_mode[] = {[LP_GPIO_OFF] = 0,
                                      [LP_GPIO_INPUT] = LP_GPIO_CAN_INPUT,
                                      [LP_GPIO_OUTPUT] = LP_GPIO_CAN_OUTPUT,
                                      [LP_GPIO_OPEN_DRAIN] = LP_GPIO_CAN_OPEN_DRAIN};
    static const uint8_t of_pull[] = {[LP_GPIO_PULL_NONE] = 0,
                                      [LP_GPIO_PULL_UP] = LP_GPIO_CAN_PULL_UP,
                                      [LP_GPIO_PULL_DOWN] = LP_GPIO_CAN_PULL_DOWN};
    return of_mode[c->mode] | of_pull[c->pull];
}

// An LED that is off is dark; a wire that is off or read is let go.
lp_err_t lp_port_gpio_configure(uint16_t pin, const lp_gpio_config_t *config)
{
    if (pin >= PINS) {
        return LP_E_NOT_FOUND;
    }
    const row_t *row = &rows[pin];
    if ((needs_of(config) & ~can[row->kind]) != 0) {
        return LP_E_UNSUPPORTED;
    }
    const bool drives = config->mode == LP_GPIO_OUTPUT || config->mode == LP_GPIO_OPEN_DRAIN;
    modes[pin] = config->mode;
    if (row->kind != KIND_BUTTON) {
        put(row, drives ? config->level : row->kind == KIND_WIRE);
    }
    return LP_OK;
}

bool lp_port_gpio_read(uint16_t pin)
{
    return pin < PINS && modes[pin] != LP_GPIO_OFF &&
           (*reg_of(&rows[pin]) >> rows[pin].bit & 1) != 0;
}

void lp_port_gpio_write(uint16_t pin, bool level)
{
    if (pin < PINS && (modes[pin] == LP_GPIO_OUTPUT || modes[pin] == LP_GPIO_OPEN_DRAIN)) {
        put(&rows[pin], level);
    }
}

lp_err_t lp_port_gpio_watch(uint16_t pin, lp_gpio_edge_t edges, lp_gpio_edge_fn *fn, void *ctx)
{
    (void)edges;
    (void)fn;
    (void)ctx;
    return pin < PINS ? LP_E_UNSUPPORTED : LP_E_NOT_FOUND;
}

void lp_port_gpio_unwatch(uint16_t pin)
{
    (void)pin;
}
