// SPDX-License-Identifier: Apache-2.0
// Where things are on the board with a Cortex-M33, as the secure world sees them. The image is that
// world alone: there is no other one, and nothing is handed over to it.
// @source Arm, Application Note AN505 (memory map, interrupts); ARM DDI 0571 (SSE-200 subsystem)
#ifndef LP_MPS2_MAP_H
#define LP_MPS2_MAP_H

enum { MPS2_CLOCK_HZ = 20000000, MPS2_TICKS_PER_US = 20 };

// Lines of the interrupt controller, by number; the board's own begin at 32.
typedef enum {
    MPS2_IRQ_TIMER1 = 4,
    MPS2_IRQ_UART0_RX = 32,
    MPS2_IRQ_UART0_TX = 33,
    MPS2_IRQ_UART1_RX = 34,
    MPS2_IRQ_UART1_TX = 35,
    MPS2_IRQ_UART2_RX = 36,
    MPS2_IRQ_UART2_TX = 37,
    MPS2_IRQ_UART3_RX = 38,
    MPS2_IRQ_UART3_TX = 39,
    MPS2_IRQ_UART4_RX = 40,
    MPS2_IRQ_UART4_TX = 41,
    MPS2_IRQ_ETH = 48,
    MPS2_IRQ_SPI0 = 51,
    MPS2_IRQ_SPI1 = 52,
    MPS2_IRQ_SPI2 = 53,
    MPS2_IRQS = 64,
} mps2_irq_t;

#define MPS2_TIMER0   0x50000000u
#define MPS2_TIMER1   0x50001000u
#define MPS2_UART0    0x50200000u
#define MPS2_UART1    0x50201000u
#define MPS2_WATCHDOG 0x50081000u
#define MPS2_ETH      0x52000000u
#define MPS2_FPGAIO   0x50302000u
#define MPS2_SCC      0x50300000u
#define MPS2_SERIAL                                                                                \
    {                                                                                              \
        0x50202000u, 0x50203000u, 0x50204000u                                                      \
    }
#define MPS2_SPI                                                                                   \
    {                                                                                              \
        0x50205000u, 0x50206000u, 0x50209000u                                                      \
    }
#define MPS2_SPI_IRQS                                                                              \
    {                                                                                              \
        MPS2_IRQ_SPI0, MPS2_IRQ_SPI1, MPS2_IRQ_SPI2                                                \
    }
#define MPS2_I2C                                                                                   \
    {                                                                                              \
        0x50207000u, 0x50208000u, 0x5020C000u, 0x5020D000u                                         \
    }

#endif
