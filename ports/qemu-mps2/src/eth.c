// SPDX-License-Identifier: Apache-2.0
// The LAN9118 of the board: two FIFOs of words. What the card says of a frame is checked before its
// bytes are taken; a frame that is not wanted is read out all the same, else the next one is lost.
// @source SMSC LAN9118 data sheet, 3.12 (FIFOs), 5.3 (registers), 5.4 (MAC), 5.5 (PHY)
#include "limpet/endian.h"
#include "mps2.h"

enum { SHORTEST = 14, CHECKSUM_BYTES = 4, FIFO_TRIES = 1000 };

// Registers, in words.
enum {
    RX_DATA = 0x00 / 4,
    TX_DATA = 0x20 / 4,
    RX_STATUS = 0x40 / 4,
    TX_STATUS = 0x48 / 4,
    IRQ_CFG = 0x54 / 4,
    INT_STS = 0x58 / 4,
    INT_EN = 0x5C / 4,
    FIFO_INT = 0x68 / 4,
    RX_CFG = 0x6C / 4,
    TX_CFG = 0x70 / 4,
    HW_CFG = 0x74 / 4,
    RX_FIFO_INF = 0x7C / 4,
    TX_FIFO_INF = 0x80 / 4,
    MAC_CSR_CMD = 0xA4 / 4,
    MAC_CSR_DATA = 0xA8 / 4,
};
enum { SOFT_RESET = 1, IRQ_ON = 1 << 8 | 1 << 4 | 1, STATUS_LEVEL = 1 << 3, TX_ON = 1 << 1 };
enum { MUST_BE_ONE = 1 << 20, TX_FIFO_KB = 5 << 16 };
enum { RX_ERROR = 1 << 15, FIRST = 1 << 13, LAST = 1 << 12 };

// The MAC behind two registers, and the PHY behind two of the MAC's.
enum { MAC_CR = 1, ADDR_HIGH = 2, ADDR_LOW = 3, MII_ACC = 6, MII_DATA = 7 };
enum { CR_RX = 1 << 2, CR_TX = 1 << 3, CR_ALL_MULTICAST = 1 << 19 };
enum { PHY = 1 << 11, MII_WRITE = 1 << 1, PHY_CONTROL = 0, PHY_STATUS = 1 };
enum { AUTO_NEGOTIATE = 0x1200, HAS_LINK = 1 << 2 };
static const uint32_t csr_busy = 1U << 31, csr_read = 1U << 30;

static volatile uint32_t *const regs = (volatile uint32_t *)MPS2_ETH;

// The frame that is being put or taken: the FIFOs are of words, the pieces of bytes.
static struct {
    uint32_t word;
    size_t at;   // bytes put or taken
    size_t left; // in the FIFO, the checksum included
} tx, rx;

static void wait_csr(void)
{
    for (int i = 0; i < FIFO_TRIES && (regs[MAC_CSR_CMD] & csr_busy) != 0; i++) {
    }
}

static void write_csr(uint32_t n, uint32_t value)
{
    wait_csr();
    regs[MAC_CSR_DATA] = value;
    regs[MAC_CSR_CMD] = csr_busy | n;
    wait_csr();
}

static uint32_t read_csr(uint32_t n)
{
    wait_csr();
    regs[MAC_CSR_CMD] = csr_busy | csr_read | n;
    wait_csr();
    return regs[MAC_CSR_DATA];
}

static uint32_t read_phy(uint32_t n)
{
    write_csr(MII_ACC, PHY | n << 6 | 1);
    return read_csr(MII_DATA);
}

static void write_phy(uint32_t n, uint32_t value)
{
    write_csr(MII_DATA, value);
    write_csr(MII_ACC, PHY | n << 6 | MII_WRITE | 1);
}

// The cause stays until the frames are read, so the interrupt is switched off until they are.
static void on_eth(void)
{
    regs[INT_EN] = 0;
}

void lp_hw_eth_init(const uint8_t mac[6])
{
    regs[HW_CFG] = SOFT_RESET;
    for (int i = 0; i < FIFO_TRIES && (regs[HW_CFG] & SOFT_RESET) != 0; i++) {
    }
    regs[HW_CFG] = MUST_BE_ONE | TX_FIFO_KB;
    regs[RX_CFG] = 0;
    regs[FIFO_INT] = 0; // a single frame counts
    write_csr(ADDR_LOW, lp_get_le32(mac));
    write_csr(ADDR_HIGH, lp_get_le16(mac + 4));
    write_phy(PHY_CONTROL, AUTO_NEGOTIATE);
    regs[TX_CFG] = TX_ON;
    write_csr(MAC_CR, CR_RX | CR_TX | CR_ALL_MULTICAST); // neighbour discovery of IPv6
    regs[INT_STS] = UINT32_MAX;
    regs[IRQ_CFG] = IRQ_ON;
    mps2_irq_attach(MPS2_IRQ_ETH, on_eth);
    regs[INT_EN] = STATUS_LEVEL;
}

static uint32_t words_of(size_t len)
{
    return (uint32_t)(len + 3) / 4;
}

// Every frame leaves a word of status, which nobody needs and which would fill its FIFO.
static void drop_statuses(void)
{
    while ((regs[TX_FIFO_INF] >> 16 & 0xFF) != 0) {
        (void)regs[TX_STATUS];
    }
}

bool lp_hw_eth_send_begin(size_t len)
{
    drop_statuses();
    const size_t room = regs[TX_FIFO_INF] & 0xFFFF;
    if (len < SHORTEST || len > LP_HW_FRAME_MAX || room < 4 * (words_of(len) + 2)) {
        return false;
    }
    regs[TX_DATA] = FIRST | LAST | (uint32_t)len;
    regs[TX_DATA] = (uint32_t)len;
    tx.word = 0;
    tx.at = 0;
    return true;
}

static void flush_word(void)
{
    regs[TX_DATA] = tx.word;
    tx.word = 0;
}

void lp_hw_eth_send_put(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        tx.word |= (uint32_t)bytes[i] << tx.at % 4 * 8;
        tx.at++;
        if (tx.at % 4 == 0) {
            flush_word();
        }
    }
}

void lp_hw_eth_send_end(void)
{
    if (tx.at % 4 != 0) {
        flush_word();
    }
}

static void take_word(void)
{
    rx.word = regs[RX_DATA];
    rx.left = rx.left > 4 ? rx.left - 4 : 0;
}

void lp_hw_eth_receive_end(void)
{
    while (rx.left > 0) {
        take_word();
    }
}

size_t lp_hw_eth_receive_begin(void)
{
    while ((regs[RX_FIFO_INF] >> 16 & 0xFF) != 0) {
        const uint32_t status = regs[RX_STATUS];
        rx.at = 0;
        rx.left = status >> 16 & 0x3FFF;
        if ((status & RX_ERROR) == 0 && rx.left >= SHORTEST + CHECKSUM_BYTES &&
            rx.left <= LP_HW_FRAME_MAX + CHECKSUM_BYTES) {
            return rx.left - CHECKSUM_BYTES;
        }
        lp_hw_eth_receive_end();
    }
    regs[INT_STS] = UINT32_MAX;
    regs[INT_EN] = STATUS_LEVEL;
    return 0;
}

void lp_hw_eth_receive_take(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++, rx.at++) {
        if (rx.at % 4 == 0) {
            take_word();
        }
        bytes[i] = (uint8_t)(rx.word >> rx.at % 4 * 8);
    }
}

bool lp_hw_eth_has_link(void)
{
    return (read_phy(PHY_STATUS) & HAS_LINK) != 0;
}
