// SPDX-License-Identifier: Apache-2.0
// A mutual handshake of TLS 1.2 on the ESP8266's core, client and server in one image. Counted are
// the client's instructions alone, from nothing to an open connection: under -icount shift=0
// CCOUNT moves once in 25. Its stack is what it overwrites of a pattern.
#include <string.h>

#include "limpet/fmt.h"
#include "lx106.h"
#include "side.h"

enum { INSTRUCTIONS_A_TICK = 25, THOUSAND = 1000, TURNS_MAX = 100, PAINT = 0x5A, GAP = 256 };

extern unsigned char lp_stack_bottom[], lp_stack_top[];

int lp_board_main(void);
void lp_lx106_exception(void *frame);

static uint32_t ticks;
static size_t stack_peak;

static void say(const char *line)
{
    lx106_sim_write(1, line, strlen(line));
}

void lp_lx106_exception(void *frame)
{
    (void)frame;
    say("an exception\n");
    lx106_sim_exit(70);
}

static int fail(const char *why)
{
    say(why);
    return 1;
}

// ---- the client's work, counted

static bool init(void)
{
    return client_init();
}

static side_state_t state;

static bool turn(void)
{
    state = client_turn();
    return state != SIDE_FAILED;
}

static const unsigned char message[64] =
    "sixty-four bytes of a message, to show that keys are the same";

static bool send(void)
{
    return client_send(message, sizeof message);
}

// Everything below this frame is free; the gap is for the calls of this function's own.
static bool counted(bool (*work)(void))
{
    unsigned char here;
    size_t deep = (size_t)(&here - lp_stack_bottom);
    memset(lp_stack_bottom, PAINT, deep - GAP);
    uint32_t began = lx106_ccount();
    bool is_right = work();
    ticks += lx106_ccount() - began;
    size_t clean = 0;
    while (clean < deep && lp_stack_bottom[clean] == PAINT) {
        clean++;
    }
    stack_peak = deep - clean > stack_peak ? deep - clean : stack_peak;
    return is_right;
}

// ---- the whole

static bool handshake(void)
{
    side_state_t server = SIDE_GOING;
    for (int i = 0; i < TURNS_MAX && (state != SIDE_OPEN || server != SIDE_OPEN); i++) {
        if (!counted(turn) || (server = server_turn()) == SIDE_FAILED) {
            return false;
        }
    }
    return state == SIDE_OPEN && server == SIDE_OPEN;
}

static void row(const char *what, size_t value)
{
    char line[80];
    (void)lp_fmt_str(line, sizeof line, "%s-%s %u\n", side_library, what, (unsigned)value);
    say(line);
}

int lp_board_main(void)
{
    if (!server_init() || !counted(init)) {
        return fail("a side does not begin\n");
    }
    if (!handshake()) {
        return fail("the handshake failed\n");
    }
    row("handshake", ticks / (THOUSAND / INSTRUCTIONS_A_TICK));
    row("ram-peak", client_ram_peak());
    row("ram-connected", client_ram_now());
    row("stack-peak", stack_peak);
    ticks = 0;
    if (!counted(send) || server_turn() != SIDE_OPEN || !server_has(message, sizeof message)) {
        return fail("the message did not arrive\n");
    }
    return 0;
}
