// SPDX-License-Identifier: Apache-2.0
// A board as a process: opens what the command line names and starts the application on it.
#include <stdio.h>
#include <string.h>

#include "bus.h"
#include "limpet/app_board.h"
#include "limpet/hands.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/port/system.h"
#include "limpet/posix.h"
#include "options.h"

#define LOG_MODULE "board"

enum { EXIT_USAGE = 2, EXIT_LOCAL = 11, GOODBYE_MS = 2000, GOODBYE_TURN_MS = 20 };

static lp_loop_t loop;

static int refuse(const char *code, const char *why)
{
    fprintf(stderr, "error[%s]: %s\n", code, why);
    return EXIT_LOCAL;
}

static void name_board(char id[LP_APP_ID_BYTES])
{
    uint8_t hw[6];
    lp_port_hw_id(hw);
    snprintf(id, LP_APP_ID_BYTES, "lp-%02x%02x%02x", hw[3], hw[4], hw[5]);
}

static lp_err_t wire_lines(const options_t *o, char *why, size_t why_cap)
{
    lp_err_t err = LP_OK;
    for (unsigned n = LP_POSIX_SERIAL_FIRST; n < LP_POSIX_SERIAL_END && err == LP_OK; n++) {
        const char *where = o->serial[n - LP_POSIX_SERIAL_FIRST];
        err = where != NULL ? lp_posix_serial_wire(n, where, why, why_cap) : LP_OK;
    }
    return err;
}

// What somebody turned while the board ran stays turned over its restarts.
static lp_err_t wire_inputs(const options_t *o, char *why, size_t why_cap)
{
    lp_err_t err = LP_OK;
    for (unsigned n = 0; n < LP_POSIX_ADC_COUNT && err == LP_OK; n++) {
        const bool is_wired = lp_posix_adc_restore(n) || o->adc[n] == NULL;
        err = is_wired ? LP_OK : lp_posix_adc_wire(n, o->adc[n], why, why_cap);
    }
    return err;
}

static void close_lines(void)
{
    lp_posix_hands_close();
    lp_posix_serial_end();
    lp_posix_uart_close();
}

// Until all servers have been told, but a server that does not listen does not keep us. Asking
// posts events, and with events to run a turn does not wait: so the second turn is the one that
// waits.
static void say_goodbye(void)
{
    const uint64_t end_ms = lp_port_now_ms() + GOODBYE_MS;
    while (lp_app_stop() && lp_port_now_ms() < end_ms) {
        lp_loop_turn(&loop, 0);
        lp_loop_turn(&loop, GOODBYE_TURN_MS);
    }
}

// Everything that comes to the board from outside. The code of what cannot be wired; null: all is.
static const char *wire(const options_t *o, lp_app_board_t *board, char *why, size_t why_cap)
{
    if (bus_open(&loop, o->i2c, &board->i2c, why, why_cap) != LP_OK) {
        return "board-i2c";
    }
    if (wire_lines(o, why, why_cap) != LP_OK) {
        return "board-uart";
    }
    return wire_inputs(o, why, why_cap) != LP_OK ? "board-adc" : NULL;
}

static int run(const options_t *o, char **argv)
{
    char why[512] = "";
    char id[LP_APP_ID_BYTES];
    lp_loop_init(&loop);
    if (lp_posix_init(&loop, argv) != LP_OK) {
        return refuse("board-start", "this computer gives no pipe for signals");
    }
    if (lp_posix_flash_open(o->flash, why, sizeof why) != LP_OK) {
        return refuse("board-flash", why);
    }
    const bool is_kept = lp_posix_retained_open(o->flash, lp_posix_flash_is_new());
    if (lp_posix_hw_id_open(o->flash, o->hw_id, why, sizeof why) != LP_OK) {
        return refuse("board-id", why);
    }
    if (o->air != NULL) {
        lp_posix_wifi_wire(o->air);
    }
    name_board(id);
    if (lp_posix_uart_open(o->uart, o->uart_link, id, why, sizeof why) != LP_OK) {
        return refuse("board-uart", why);
    }
    if (!is_kept) {
        LP_LOGW("%s.ram cannot be used: log and crashes are lost when the process ends", o->flash);
    }
    lp_app_board_t board = {.loop = &loop,
                            .id = id,
                            .uart = lp_posix_uart_stream(),
                            .i2c_name = o->i2c != NULL ? o->i2c : "none",
                            .wants_reset = o->wants_reset,
                            .has_fixed_log_levels = o->log_level != NULL};
    const char *code = wire(o, &board, why, sizeof why);
    if (code != NULL) {
        close_lines();
        return refuse(code, why);
    }
    if (o->uart == LP_POSIX_UART_PTY &&
        lp_posix_hands_open(lp_posix_uart_name(), why, sizeof why) != LP_OK) {
        LP_LOGW("nobody can press this board's buttons (%s)", why);
    }
    const lp_err_t err = lp_app_start(&board);
    if (err == LP_OK) {
        lp_loop_run(&loop);
        say_goodbye();
        lp_app_end();
    }
    close_lines();
    return err == LP_OK ? 0 : refuse("board-start", lp_err_text(err));
}

int main(int argc, char **argv)
{
    options_t options;
    switch (options_parse(&options, argc, argv)) {
    case OPTIONS_HELP:
        return 0;
    case OPTIONS_BAD:
        return EXIT_USAGE;
    case OPTIONS_RUN:
        break;
    }
    lp_posix_log_to_stderr(options.uart == LP_POSIX_UART_PTY);
    if (options.log_level != NULL) {
        (void)lp_log_set_levels(options.log_level);
    }
    return run(&options, argv);
}
