// SPDX-License-Identifier: Apache-2.0
// The suite on a board without an operating system. Words: those of the port, peers=, which
// conformance_set_peers() reads, host6=, the same computer's IPv6 address, and jumper=, where there
// is one of pin 4 to pin 5.
#include "bare.h"
#include "conformance.h"
#include "limpet/bare.h"
#include "limpet/bare_hw.h"
#include "limpet/port/clock.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"

enum { EXIT_START = 2 };

int lp_board_main(void);

// The harness speaks through the board's own console, and waits for it.
void lp_bare_put(const char *text, size_t len)
{
    const lp_hw_line_t *line = lp_hw_console();
    while (len > 0) {
        const size_t n = line->write(line->ctx, (const uint8_t *)text, len);
        text += n;
        len -= n;
        if (n == 0) {
            lp_hw_idle(lp_port_now_ms() + 1, lp_hw_interrupts());
        }
    }
}

_Noreturn void lp_bare_end(int status)
{
    lp_hw_exit(status);
}

// Connections, but for those that only wait for their number to be forgotten, and buffers.
unsigned conformance_held(void)
{
    struct pbuf *taken[PBUF_POOL_SIZE] = {0};
    unsigned held = PBUF_POOL_SIZE;
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        held++;
    }
    for (size_t i = 0; i < PBUF_POOL_SIZE; i++) {
        taken[i] = pbuf_alloc(PBUF_RAW, 1, PBUF_POOL);
        held -= taken[i] != NULL ? 1 : 0;
    }
    for (size_t i = 0; i < PBUF_POOL_SIZE && taken[i] != NULL; i++) {
        pbuf_free(taken[i]);
    }
    return held;
}

static void drain_console(void)
{
    const lp_hw_line_t *line = lp_hw_console();
    size_t room;
    do {
        room = line->room(line->ctx);
        lp_hw_idle(lp_port_now_ms() + 50, lp_hw_interrupts());
    } while (room != line->room(line->ctx));
}

// The word fault= wants to see how an exception ends: nothing can be fetched from there.
static void meet_an_exception(void)
{
    void (*const volatile nowhere)(void) = (void (*)(void))0xF0000001;
    nowhere();
}

int lp_board_main(void)
{
    const lp_err_t err = lp_bare_init(&conformance_loop);
    if (err == LP_OK && lp_bare_word("fault") != NULL) {
        meet_an_exception();
    }
    lp_loop_init(&conformance_loop);
    const char *peers = lp_bare_word("peers");
    conformance_host6 = lp_bare_word("host6");
    if (lp_bare_word("jumper") != NULL) {
        conformance_tie = (conformance_tie_t){4, 5};
    }
    if (err != LP_OK || peers == NULL || !conformance_set_peers(peers)) {
        static const char words[] = "the board or its words are wrong\n";
        lp_bare_put(words, sizeof words - 1);
        return EXIT_START;
    }
    lp_bare_net_start("conformance");
    const int failed = conformance_run();
    drain_console();
    return failed;
}
