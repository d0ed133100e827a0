// SPDX-License-Identifier: Apache-2.0
// limpet/mps2.h - what the MPS2 board offers beyond limpet/bare.h.
#ifndef LIMPET_MPS2_H
#define LIMPET_MPS2_H

#include "limpet/i2c.h"
#include "limpet/loop.h"
#include "limpet/spi.h"

// The I2C buses of the board, each two pins in a register.
typedef enum {
    LP_MPS2_I2C_TOUCH,
    LP_MPS2_I2C_AUDIO,
    LP_MPS2_I2C_SHIELD0,
    LP_MPS2_I2C_SHIELD1,
    LP_MPS2_I2C_BUSES,
} lp_mps2_i2c_t;

// Static: one driver a bus. `loop` is lent for ever.
lp_i2c_bus_t *lp_mps2_i2c_open(lp_loop_t *loop, lp_mps2_i2c_t which);

// The SPI buses of the board, each a PL022 with one select line, 0.
typedef enum {
    LP_MPS2_SPI_PMOD,
    LP_MPS2_SPI_SHIELD0,
    LP_MPS2_SPI_SHIELD1,
    LP_MPS2_SPI_BUSES,
} lp_mps2_spi_t;

// Static: one opener a bus. `loop` is lent for ever. `is_looped`: what is sent comes back and
// leaves no pin, for tests of the controller.
lp_spi_bus_t *lp_mps2_spi_open(lp_loop_t *loop, lp_mps2_spi_t which, bool is_looped);

#endif
