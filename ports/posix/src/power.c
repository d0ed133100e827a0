// SPDX-License-Identifier: Apache-2.0
// Deep sleep of a process: it does nothing, answers nobody and reads nothing until its time is over
// or SIGUSR1, its wake button, is pressed; then the program starts again. Whoever has a connection
// to it learns nothing, as with a board that is switched off.
#include "limpet/port/power.h"

#include <stdlib.h>

#include "limpet/port/clock.h"
#include "posix_internal.h"

_Noreturn void lp_port_deep_sleep(uint64_t ms)
{
    bool is_pressed = false;
    const uint64_t began_ms = lp_port_now_ms();
    lp_posix_watchdog_stop();
    lp_posix_uart_flush();
    if (!lp_posix_doze(ms, &is_pressed)) {
        lp_posix_uart_close(); // SIGTERM: the board is switched off in its sleep
        exit(0);
    }
    lp_posix_restart_slept(is_pressed ? "pin" : "timer", lp_port_now_ms() - began_ms);
}
