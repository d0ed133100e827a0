// SPDX-License-Identifier: Apache-2.0
// An application that crashes when it is asked to, in functions whose names and lines
// test/system/boards/crashes looks for. What it is given as `secret` lies on the stack and in
// registers then.
#include <string.h>

#include "limpet/app.h"
#include "limpet/hex.h"
#include "limpet/port/crash.h"
#include "limpet/port/fiber.h"

enum { SECRET_BYTES = 32, FIBER_BYTES = 12 * 1024, DEEP = 1 << 20 };

typedef struct {
    char how[16];
    uint8_t secret[SECRET_BYTES];
} order_t;

#if defined(LP_SMALL)
static _Alignas(16) uint8_t fiber_stack[2048];
#else
static _Alignas(16) uint8_t fiber_stack[FIBER_BYTES];
#endif
static lp_fiber_t fiber;
static volatile uint32_t sink;
static volatile uintptr_t nowhere = 0xD0000010; // where none of the boards has anything

__attribute__((noinline)) static void crash_here(const order_t *order)
{
    uint8_t copy[SECRET_BYTES];
    memcpy(copy, order->secret, sizeof copy);
    for (size_t i = 0; i < sizeof copy; i++) {
        sink += copy[i];
    }
    *(volatile uint32_t *)nowhere = sink; // the line that is looked for: CRASH-HERE
    sink += copy[sink % SECRET_BYTES];
}

__attribute__((noinline)) static uint32_t dig(uint32_t depth)
{
    volatile uint32_t room[16] = {depth};
    const uint32_t below = depth < DEEP ? dig(depth + 1) : 0;
    return below + room[depth % 16];
}

__attribute__((noinline)) static void hang_here(void)
{
    while (true) {
        sink++;
    }
}

static void in_a_fiber(void *ctx)
{
    crash_here(ctx);
    sink++; // no tail call: this one is in the backtrace
}

static void dig_in_a_fiber(void *ctx)
{
    (void)ctx;
    sink += dig(0);
}

// As if it had needed a word more than there is.
static void use_up_a_fiber(void *ctx)
{
    (void)ctx;
    fiber_stack[0] ^= 1;
}

static void resume(void (*entry)(void *ctx), order_t *order)
{
    (void)lp_port_fiber_init(&fiber, entry, order, fiber_stack, sizeof fiber_stack);
    lp_port_fiber_resume(&fiber);
}

__attribute__((noinline)) static void crash_as_told(order_t *order)
{
    if (strcmp(order->how, "panic") == 0) {
        lp_port_panic("this was no accident");
    } else if (strcmp(order->how, "stack") == 0) {
        sink += dig(0);
    } else if (strcmp(order->how, "hang") == 0) {
        hang_here();
    } else if (strcmp(order->how, "fiber") == 0) {
        resume(in_a_fiber, order);
    } else if (strcmp(order->how, "fiber-stack") == 0) {
        resume(dig_in_a_fiber, order);
    } else if (strcmp(order->how, "fiber-end") == 0) {
        resume(use_up_a_fiber, order);
    } else {
        crash_here(order);
    }
    sink++;
}

static void on_crash(void *ctx, lp_rpc_req_t *req)
{
    static order_t order;
    char hex[2 * SECRET_BYTES + 1] = "";
    lp_buf_t secret = lp_buf(order.secret, sizeof order.secret);
    (void)ctx;
    (void)lp_rpc_param_str(req, "how", order.how, sizeof order.how);
    (void)lp_rpc_param_str(req, "secret", hex, sizeof hex);
    (void)lp_hex_decode(&secret, lp_span_str(hex));
    crash_as_told(&order);
    lp_rpc_ok(req);
}

void lp_app_main(lp_app_t *app)
{
    static const lp_rpc_method_t methods[] = {
        {"Test.Crash", LP_RPC_WRITE, on_crash, "how, secret", "none"}};
    static lp_rpc_set_t set = {.methods = methods, .count = 1};
    lp_rpc_add(app->rpc, &set);
}
