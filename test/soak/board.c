// SPDX-License-Identifier: Apache-2.0
// The board: its image, its power, its clock, its flash, the wires of its chip.
#include <dlfcn.h>
#include <string.h>

#include "limpet/port/clock.h"
#include "limpet/port/crash.h"
#include "limpet/port/retained.h"
#include "soak.h"

enum {
    FLASH_BYTES = 256 * 1024,
    PROGRAM_US = 700, // of 256 bytes
    PROGRAM_BYTES = 256,
    ERASE_US = 45000, // of a sector; as on usual parts
    REBOOT_WITHIN_MS = 30000,
    TURN_MS = 100,
};

// -- time

static void on_flash(size_t programmed, size_t erased)
{
    fake_clock_advance_us(PROGRAM_US * ((programmed + PROGRAM_BYTES - 1) / PROGRAM_BYTES) +
                          ERASE_US * erased);
}

static void on_wait(uint64_t until_ms)
{
    const uint64_t now = lp_port_now_ms();
    const uint64_t took = now - soak.turn_began_ms;
    soak.longest_turn_ms = took > soak.longest_turn_ms ? took : soak.longest_turn_ms;
    if (took > SOAK_BLOCKED_MS) {
        soak_fail("the loop stood still for %u ms", (unsigned)took);
    }
    soak.turn_began_ms = until_ms > now && until_ms != UINT64_MAX ? until_ms : now;
}

// -- the chip's wires

static struct {
    lp_i2c_bus_t bus; // must stay first
    lp_timer_t timer;
    lp_i2c_xfer_t inner;
    lp_i2c_xfer_t *xfer;
    lp_err_t err;
} wires;

static void end_transfer(lp_err_t err)
{
    lp_i2c_xfer_t *x = wires.xfer;
    wires.xfer = NULL;
    x->done(x->ctx, err);
}

static void on_wrong(void *ctx)
{
    (void)ctx;
    end_transfer(wires.err);
}

static void on_inner(void *ctx, lp_err_t err)
{
    (void)ctx;
    if (err == LP_OK && wires.inner.rx_len > 0 && soak_pick(1000) < soak.garble) {
        wires.inner.rx[soak_pick((uint32_t)wires.inner.rx_len)] ^= (uint8_t)(1u << soak_pick(8));
    }
    end_transfer(err);
}

static lp_err_t start_transfer(lp_i2c_bus_t *bus, lp_i2c_xfer_t *x)
{
    (void)bus;
    if (wires.xfer != NULL) {
        return LP_E_BUSY;
    }
    wires.xfer = x;
    const bool is_late = soak_pick(1000) < soak.timeout;
    if (is_late || soak_pick(1000) < soak.nack) {
        wires.err = is_late ? LP_E_TIMEOUT : LP_E_I2C_NACK;
        lp_timer_start(&soak.world->loop, &wires.timer, is_late ? 100 : 1);
        return LP_OK;
    }
    wires.inner = *x;
    wires.inner.done = on_inner;
    return lp_i2c_start(&soak.world->i2c, &wires.inner);
}

static lp_err_t set_rate(lp_i2c_bus_t *bus, uint32_t rate_hz)
{
    (void)bus;
    (void)rate_hz;
    return LP_E_UNSUPPORTED;
}

void soak_chip_power(bool is_on)
{
    (is_on ? lp_chipsim_power_on : lp_chipsim_power_off)(soak.world->sim);
}

static void wires_reset(void)
{
    static const lp_i2c_ops_t ops = {.start = start_transfer, .set_rate = set_rate};
    memset(&wires, 0, sizeof wires);
    wires.bus.ops = &ops;
    lp_timer_init(&wires.timer, on_wrong, NULL);
    soak.world->xfer = NULL;
    soak.world->timer.is_running = false;
    soak.world->end_timer.is_running = false;
}

// -- memory that a restart leaves alone; a power cut leaves anything in it

static uint8_t retained[4096];

uint8_t *lp_port_retained_log(size_t *bytes)
{
    *bytes = sizeof retained;
    return retained;
}

// A crash ends the soak: the image is code of this process.
void lp_port_crash_start(const char *app, uint32_t boots)
{
    (void)app;
    (void)boots;
}

uint8_t *lp_port_crash_area(size_t *bytes)
{
    static uint8_t area[4096];
    *bytes = sizeof area;
    return area;
}

const uint8_t *lp_port_build_id(size_t *len)
{
    static const uint8_t id[20] = {1};
    *len = sizeof id;
    return id;
}

_Noreturn void lp_port_panic(const char *why)
{
    soak_fail("the image gave up: %s", why);
}

static void fade(void)
{
    for (size_t n = soak_pick(sizeof retained); n > 0; n--) {
        retained[soak_pick(sizeof retained)] ^= (uint8_t)(1u << soak_pick(8));
    }
}

// -- power

static void unload(void)
{
    if (soak.handle != NULL) {
        (void)dlclose(soak.handle);
        void *still = dlopen(SOAK_FILE, RTLD_NOW | RTLD_NOLOAD);
        if (still != NULL) {
            soak_fail("the image stays in memory: a start would not be one");
        }
    }
    soak.handle = NULL;
    soak.image = NULL;
}

void soak_power_off(void)
{
    callers_off();
    soak_net_forget();
    unload();
    soak_chip_power(false);
}

void soak_power_on(void)
{
    soak.handle = dlopen(SOAK_FILE, RTLD_NOW | RTLD_LOCAL);
    soak.image = soak.handle != NULL ? dlsym(soak.handle, SOAK_IMAGE) : NULL;
    if (soak.image == NULL) {
        soak_fail("the image cannot be loaded: %s", dlerror());
    }
    soak.boot++;
    soak.boot_ms = soak_now();
    soak.reboot_until_ms = 0;
    fake_flash_power_on();
    soak_chip_power(true);
    lp_loop_init(&soak.world->loop);
    wires_reset();
    fake_stream_init(&soak.uart, &soak.world->loop);
    soak.turn_began_ms = soak_now();
    const lp_app_board_t board = {.loop = &soak.world->loop,
                                  .id = SOAK_ID,
                                  .uart = &soak.uart.stream,
                                  .i2c = &wires.bus,
                                  .i2c_name = "emulated"};
    if (soak_chance(50)) {
        fade();
    }
    soak_note("start %u", (unsigned)soak.boot);
    const lp_err_t err = soak.image->start(&board, soak_broker_witness(), soak.boot);
    if (err != LP_OK && !fake_flash_is_cut()) {
        soak_fail("start %u: %s", (unsigned)soak.boot, lp_err_name(err));
    }
    soak.turn_began_ms = soak_now();
    ledger_start();
    callers_on();
}

static void on_reboot(void)
{
    longjmp(soak.rebooted, 1); // the firmware's stack is left as it is, as by a reset
}

bool soak_may_restart(void)
{
    const uint64_t done = soak_now() - soak.begun_ms;
    return done < soak.length_ms / 8 || done > soak.length_ms / 8 * 7;
}

void soak_expect_reboot(void)
{
    soak.reboot_until_ms = soak_now() + REBOOT_WITHIN_MS;
}

static void restart(void)
{
    if (soak.reboot_until_ms == 0) {
        soak_fail("the board restarted, and nobody had asked for it");
    }
    soak.restarts++;
    soak_power_off();
    soak_power_on();
}

void soak_turn(void)
{
    if (setjmp(soak.rebooted) != 0) {
        restart();
        return;
    }
    lp_loop_turn(&soak.world->loop, TURN_MS);
    soak_broker_serve();
    callers_step();
    if (soak.reboot_until_ms != 0 && soak_now() > soak.reboot_until_ms) {
        soak_fail("the board did not restart as it was asked to");
    }
    if (fake_flash_is_cut()) {
        soak.power_cuts++;
        soak_note("power went in a write");
        soak_power_off();
        fake_clock_advance_ms(1 + soak_pick(5000));
        soak_power_on();
    }
}

void soak_probe(soak_probe_t *probe)
{
    soak.image->probe(probe);
}

void soak_board_make(void)
{
    fake_system_reset();
    fake_flash_reset(
        (lp_flash_geometry_t){.size_bytes = FLASH_BYTES, .sector_bytes = 4096, .page_bytes = 4});
    soak.world = world_new(LP_CHIPSIM_ATECC508A);
    assert_int_equal(world_provision(soak.world), LP_OK);
    world_settle(soak.world, 5000);
    fake_clock_set_utc_s(PKI_NOW_S);
    fake_log_echo(soak.is_loud);
    fake_on_reboot = on_reboot;
    fake_on_wait = on_wait;
    fake_flash_on_op = on_flash;
    soak.begun_ms = soak_now();
}

void soak_board_free(void)
{
    fake_on_wait = NULL;
    fake_flash_on_op = NULL;
    soak_power_off();
    world_free(soak.world);
}
