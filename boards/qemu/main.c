// SPDX-License-Identifier: Apache-2.0
// A board in QEMU: the application on the bare-metal port, its chip behind the bridge.
#include <string.h>

#include "limpet/app_board.h"
#include "limpet/bare.h"
#include "limpet/bare_hw.h"
#include "limpet/fmt.h"
#include "limpet/log.h"
#include "limpet/port/system.h"
#include "limpet/sc18im.h"

#define LOG_MODULE "board"

enum { EXIT_START = 11 };

static lp_loop_t loop;
static lp_sc18im_t adapter;
static char id[LP_APP_ID_BYTES];

static int refuse(const char *what, lp_err_t err)
{
    LP_LOGE("%s (%s)", what, lp_err_text(err));
    return EXIT_START;
}

static lp_i2c_bus_t *bus(void)
{
    lp_stream_t *line = lp_bare_chip_line();
    if (line == NULL) {
        return NULL;
    }
    lp_sc18im_init(&adapter, &loop, line);
    return &adapter.bus;
}

int lp_board_main(void);

int lp_board_main(void)
{
    uint8_t hw[6];
    lp_err_t err = lp_bare_init(&loop);
    lp_loop_init(&loop);
    if (err != LP_OK) {
        return refuse("the board cannot start: its words or the file of its flash are wrong", err);
    }
    const char *levels = lp_bare_word("log");
    if (levels != NULL && lp_log_set_levels(levels) != LP_OK) {
        return refuse("log= is no list of levels", LP_E_FORMAT);
    }
    lp_port_hw_id(hw);
    (void)lp_fmt_str(id, sizeof id, "lp-%02x%02x%02x", hw[3], hw[4], hw[5]);
    LP_LOGW("random numbers come from the computer below; this board has no source of its own");
    if (!lp_app_is_in_safe_mode()) {
        lp_bare_net_start(id);
    }
    lp_app_board_t board = {.loop = &loop,
                            .id = id,
                            .uart = lp_bare_console(),
                            .i2c = bus(),
                            .i2c_name = lp_bare_chip_line() != NULL ? "UART bridge" : "none",
                            .wants_reset = lp_bare_word("factory-reset") != NULL,
                            .has_fixed_log_levels = levels != NULL};
    err = lp_app_start(&board);
    if (err != LP_OK) {
        return refuse("the board cannot start", err);
    }
    lp_loop_run(&loop);
    return 0;
}
