// SPDX-License-Identifier: Apache-2.0
// The OpenCores Ethernet MAC of the lx60 board: a ring of descriptors each way. What the card says
// of a frame is checked before the frame is touched.
// @source OpenCores, Ethernet IP Core Specification, 3 and 4
#include <string.h>

#include "limpet/endian.h"
#include "lx106.h"

enum { RX_SLOTS = 4, TX_SLOTS = 2, SLOT_BYTES = 1536, CHECKSUM_BYTES = 4, SHORTEST = 14 };

// Registers, in words.
enum { MODER = 0, INT_SOURCE = 1, INT_MASK = 2, TX_BD_NUM = 8 };
enum { MIICOMMAND = 11, MIIADDRESS = 12, MIIRX_DATA = 14, MIISTATUS = 15 };
enum { MAC_LOW = 16, MAC_HIGH = 17, HASH_LOW = 18, HASH_HIGH = 19 };
enum { RXEN = 1, TXEN = 2, PAD_SHORT = 1 << 15, RESET = 1 << 11 };
enum { PHY = 1, PHY_STATUS = 1 << 8, READ_PHY = 2, PHY_BUSY = 2, HAS_LINK = 1 << 2, TRIES = 1000 };
enum { RECEIVED = 1 << 2, BUSY = 1 << 4, ALL_SOURCES = 0x7F };

// Descriptors.
enum {
    IS_EMPTY = 1 << 15,
    IS_READY = 1 << 15,
    ASK_IRQ = 1 << 14,
    WRAP = 1 << 13,
    TX_PAD = 1 << 12
};
enum { RX_ERRORS = 0x7F, TX_CRC = 1 << 11 }; // overrun .. late collision; a miss is no error

typedef struct {
    uint32_t flags; // length in the upper half
    uint32_t address;
} descriptor_t;

static volatile uint32_t *const regs = (volatile uint32_t *)0x9D030000;
static volatile descriptor_t *const descriptors = (volatile descriptor_t *)0x9D030400;
// The card has packet memory of its own.
typedef uint8_t slot_t[SLOT_BYTES];
static slot_t *const rx_slots = (slot_t *)0x9D800000;
static slot_t *const tx_slots = (slot_t *)(0x9D800000 + RX_SLOTS * SLOT_BYTES);
static unsigned rx_next, tx_next;
static size_t rx_at, tx_at; // of the frame that is being taken or put

static volatile descriptor_t *rx_descriptor(unsigned i)
{
    return &descriptors[TX_SLOTS + i];
}

static void give_back(unsigned i)
{
    rx_descriptor(i)->flags = IS_EMPTY | ASK_IRQ | (i == RX_SLOTS - 1 ? WRAP : 0);
}

// Received frames stay where they are; the interrupt only ends a sleep.
static void on_eth(void)
{
    regs[INT_SOURCE] = ALL_SOURCES;
}

void lp_hw_eth_init(const uint8_t mac[6])
{
    // A reset alone leaves the line up that a frame raised before a restart, for ever.
    regs[INT_MASK] = 0;
    regs[INT_SOURCE] = ALL_SOURCES;
    regs[MODER] = RESET;
    regs[MODER] = PAD_SHORT;
    regs[MAC_LOW] = lp_get_be32(mac + 2);
    regs[MAC_HIGH] = lp_get_be16(mac);
    regs[HASH_LOW] = regs[HASH_HIGH] = ~0U; // all multicast: neighbour discovery of IPv6
    regs[TX_BD_NUM] = TX_SLOTS;
    for (unsigned i = 0; i < RX_SLOTS; i++) {
        rx_descriptor(i)->address = (uint32_t)(uintptr_t)rx_slots[i];
        give_back(i);
    }
    for (unsigned i = 0; i < TX_SLOTS; i++) {
        descriptors[i].address = (uint32_t)(uintptr_t)tx_slots[i];
        descriptors[i].flags = i == TX_SLOTS - 1 ? WRAP : 0;
    }
    lx106_irq_attach(LX106_IRQ_ETH, on_eth);
    regs[INT_MASK] = RECEIVED | BUSY;
    regs[MODER] |= RXEN | TXEN;
}

// The card looks at a descriptor when its transmitter is switched on, so that is done for each.
void lp_hw_eth_send_end(void)
{
    volatile descriptor_t *d = &descriptors[tx_next];
    d->flags = (uint32_t)tx_at << 16 | IS_READY | TX_PAD | TX_CRC | (d->flags & WRAP);
    tx_next = (tx_next + 1) % TX_SLOTS;
}

bool lp_hw_eth_send_begin(size_t len)
{
    tx_at = 0;
    return len >= SHORTEST && len <= LP_HW_FRAME_MAX &&
           (descriptors[tx_next].flags & IS_READY) == 0;
}

void lp_hw_eth_send_put(const uint8_t *bytes, size_t len)
{
    memcpy(tx_slots[tx_next] + tx_at, bytes, len);
    tx_at += len;
}

void lp_hw_eth_receive_end(void)
{
    give_back(rx_next);
    rx_next = (rx_next + 1) % RX_SLOTS;
}

size_t lp_hw_eth_receive_begin(void)
{
    rx_at = 0;
    // Not for ever: where there is no card nothing is ever empty.
    for (int i = 0; i < RX_SLOTS && (rx_descriptor(rx_next)->flags & IS_EMPTY) == 0; i++) {
        const uint32_t flags = rx_descriptor(rx_next)->flags;
        const size_t got = flags >> 16;
        if ((flags & RX_ERRORS) == 0 && got >= SHORTEST + CHECKSUM_BYTES &&
            got <= LP_HW_FRAME_MAX + CHECKSUM_BYTES) {
            return got - CHECKSUM_BYTES;
        }
        lp_hw_eth_receive_end();
    }
    return 0;
}

void lp_hw_eth_receive_take(uint8_t *bytes, size_t len)
{
    memcpy(bytes, rx_slots[rx_next] + rx_at, len);
    rx_at += len;
}

bool lp_hw_eth_has_link(void)
{
    regs[MIIADDRESS] = PHY_STATUS | PHY;
    regs[MIICOMMAND] = READ_PHY;
    for (int i = 0; i < TRIES && (regs[MIISTATUS] & PHY_BUSY) != 0; i++) {
    }
    regs[MIICOMMAND] = 0;
    return (regs[MIIRX_DATA] & HAS_LINK) != 0;
}
