// SPDX-License-Identifier: Apache-2.0
// The board's SPI controllers, PL022. No more bytes are under way than the FIFO for the received
// ones holds; the interrupt comes when it is half full, or has something while nothing more comes,
// and the last one posts the end. Chip select is a pin of its own, since the controller's would let
// go between bytes.
// @source ARM DDI 0194 (PrimeCell SSP, PL022), 3.3 and 3.4; Arm, Application Note AN385, 3.9
// and 4.4
#include "limpet/spi.h"
#include "limpet/mps2.h"
#include "mps2.h"

enum { CR0 = 0, CR1 = 1, DR = 2, SR = 3, CPSR = 4, IMSC = 5, ICR = 8 };
enum { EIGHT_BITS = 7, POLARITY = 1 << 6, PHASE = 1 << 7, CLOCK_RATE_SHIFT = 8 };
enum { LOOP_BACK = 1, ENABLE = 2 };
enum { TX_NOT_FULL = 2, RX_NOT_EMPTY = 4, BUSY = 16 };
enum { ON_TIMEOUT = 2, ON_HALF_FULL = 4 };
enum { FIFO_BYTES = 8, PRESCALE = 2, MOST_DIVIDER = 256, SLOWEST_PRESCALE = 254 };
enum { MISC = 0x4C / 4 }; // of the FPGA's registers: the select pins

typedef struct {
    lp_spi_bus_t bus; // must stay first
    volatile uint32_t *regs;
    uint32_t select_bit;
    bool is_looped;
    const lp_spi_xfer_t *xfer;
    lp_event_t event;
    size_t sent, received;
} pl022_t;

static pl022_t buses[LP_MPS2_SPI_BUSES];

static void set_select(const pl022_t *p, bool is_selected)
{
    volatile uint32_t *fpga = mps2_regs(MPS2_FPGAIO);
    fpga[MISC] = is_selected ? fpga[MISC] & ~p->select_bit : fpga[MISC] | p->select_bit;
}

// Prescaler (even) and divider for a rate that is not higher. False: too slow.
static bool find_rate(uint32_t rate_hz, uint32_t *prescale, uint32_t *divider)
{
    for (uint32_t pre = PRESCALE; pre <= SLOWEST_PRESCALE; pre += 2) {
        const uint32_t div = (MPS2_CLOCK_HZ / pre + rate_hz - 1) / rate_hz;
        if (div <= MOST_DIVIDER) {
            *prescale = pre;
            *divider = div > 0 ? div : 1;
            return true;
        }
    }
    return false;
}

static void take(pl022_t *p)
{
    while ((p->regs[SR] & RX_NOT_EMPTY) != 0 && p->received < p->sent) {
        lp_spi_in(p->xfer, p->received, (uint8_t)p->regs[DR]);
        p->received++;
    }
}

// What has come, and as much more as surely has room when it comes. An emulator, which is through
// at once, has no interrupt for the last bytes that are less than half a FIFO.
static void move(pl022_t *p)
{
    const size_t len = lp_spi_len(p->xfer);
    take(p);
    while (p->sent < len && p->sent - p->received < FIFO_BYTES &&
           (p->regs[SR] & TX_NOT_FULL) != 0) {
        p->regs[DR] = lp_spi_out(p->xfer, p->sent);
        p->sent++;
    }
    if (p->sent == len) {
        take(p);
    }
}

static bool is_through(const pl022_t *p)
{
    return p->received == lp_spi_len(p->xfer);
}

// @context interrupt, and begin() before there can be one
static void advance(pl022_t *p)
{
    p->regs[ICR] = ON_TIMEOUT;
    move(p);
    p->regs[IMSC] = is_through(p) ? 0 : ON_HALF_FULL | ON_TIMEOUT;
    if (is_through(p)) {
        lp_loop_post(p->bus.loop_, &p->event);
    }
}

// Two of them share a line on the board with a Cortex-M3.
static void on_spi(void)
{
    for (size_t i = 0; i < LP_MPS2_SPI_BUSES; i++) {
        if (buses[i].regs != NULL && buses[i].regs[IMSC] != 0) {
            advance(&buses[i]);
        }
    }
}

// The last bit may still be on the wire.
static void end(void *ctx)
{
    pl022_t *p = ctx;
    if ((p->regs[SR] & BUSY) != 0) {
        lp_loop_post(p->bus.loop_, &p->event);
        return;
    }
    set_select(p, false);
    lp_spi_finished(&p->bus, LP_OK);
}

static lp_err_t begin(lp_spi_bus_t *bus, const lp_spi_xfer_t *xfer)
{
    pl022_t *p = (pl022_t *)bus; // bus is its first member
    uint32_t prescale = 0;
    uint32_t divider = 0;
    if (xfer->to->select != 0 || !find_rate(xfer->to->rate_hz, &prescale, &divider)) {
        return LP_E_UNSUPPORTED;
    }
    p->regs[CR1] = p->is_looped ? LOOP_BACK : 0;
    p->regs[CPSR] = prescale;
    p->regs[CR0] = EIGHT_BITS | (xfer->to->mode >= 2 ? POLARITY : 0) |
                   (xfer->to->mode % 2 == 1 ? PHASE : 0) | (divider - 1) << CLOCK_RATE_SHIFT;
    p->regs[CR1] |= ENABLE;
    while ((p->regs[SR] & RX_NOT_EMPTY) != 0) {
        (void)p->regs[DR]; // of nobody
    }
    p->xfer = xfer;
    p->sent = 0;
    p->received = 0;
    set_select(p, true);
    advance(p);
    return LP_OK;
}

lp_spi_bus_t *lp_mps2_spi_open(lp_loop_t *loop, lp_mps2_spi_t which, bool is_looped)
{
    static const lp_spi_ops_t ops = {.begin = begin};
    static const uintptr_t bases[LP_MPS2_SPI_BUSES] = MPS2_SPI;
    static const mps2_irq_t irqs[LP_MPS2_SPI_BUSES] = MPS2_SPI_IRQS;
    static const uint32_t select_bits[LP_MPS2_SPI_BUSES] = {1u << 1, 1u << 8, 1u << 9};
    pl022_t *p = &buses[which];
    *p = (pl022_t){
        .regs = mps2_regs(bases[which]), .select_bit = select_bits[which], .is_looped = is_looped};
    lp_spi_init(&p->bus, loop, &ops);
    lp_event_init(&p->event, end, p);
    p->regs[IMSC] = 0;
    mps2_irq_attach(irqs[which], on_spi);
    set_select(p, false);
    return &p->bus;
}
