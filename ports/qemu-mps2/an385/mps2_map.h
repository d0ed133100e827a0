// SPDX-License-Identifier: Apache-2.0
// Where things are on the board with a Cortex-M3 or a Cortex-M4.
// @source Arm, Application Notes AN385 and AN386 (memory map, interrupts)
#ifndef LP_MPS2_MAP_H
#define LP_MPS2_MAP_H

enum { MPS2_CLOCK_HZ = 25000000, MPS2_TICKS_PER_US = 25 };

// Lines of the interrupt controller, by number.
typedef enum {
    MPS2_IRQ_UART0_RX = 0,
    MPS2_IRQ_UART0_TX = 1,
    MPS2_IRQ_UART1_RX = 2,
    MPS2_IRQ_UART1_TX = 3,
    MPS2_IRQ_UART2_RX = 4,
    MPS2_IRQ_UART2_TX = 5,
    MPS2_IRQ_TIMER1 = 9,
    MPS2_IRQ_SPI = 11,
    MPS2_IRQ_ETH = 13,
    MPS2_IRQ_UART3_RX = 18,
    MPS2_IRQ_UART3_TX = 19,
    MPS2_IRQ_UART4_RX = 20,
    MPS2_IRQ_UART4_TX = 21,
    MPS2_IRQ_SPI_SHIELDS = 24,
    MPS2_IRQS = 32,
} mps2_irq_t;

#define MPS2_TIMER0   0x40000000u
#define MPS2_TIMER1   0x40001000u
#define MPS2_UART0    0x40004000u
#define MPS2_UART1    0x40005000u
#define MPS2_WATCHDOG 0x40008000u
#define MPS2_ETH      0x40200000u
#define MPS2_FPGAIO   0x40028000u
#define MPS2_SCC      0x4002F000u
#define MPS2_SERIAL                                                                                \
    {                                                                                              \
        0x40006000u, 0x40007000u, 0x40009000u                                                      \
    }
#define MPS2_SPI                                                                                   \
    {                                                                                              \
        0x40020000u, 0x40026000u, 0x40027000u                                                      \
    }
#define MPS2_SPI_IRQS                                                                              \
    {                                                                                              \
        MPS2_IRQ_SPI, MPS2_IRQ_SPI_SHIELDS, MPS2_IRQ_SPI_SHIELDS                                   \
    }
#define MPS2_I2C                                                                                   \
    {                                                                                              \
        0x40022000u, 0x40023000u, 0x40029000u, 0x4002A000u                                         \
    }

#endif
