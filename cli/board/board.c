// SPDX-License-Identifier: Apache-2.0
// Boards: opened, closed, opened again, listened to.
#include "limpet/board.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "board_private.h"

enum { PING_MS = 700 };

const lp_board_error_t *lp_board_last_error(const lp_board_t *board)
{
    return &board->error;
}

const char *lp_board_where(const lp_board_t *board)
{
    return board->where;
}

void lp_board_on_log(lp_board_t *board, lp_board_log_fn *fn, void *ctx)
{
    board->on_log = fn;
    board->log_ctx = ctx;
}

// Who shared the port with us has ended: it is ours now, or the next one's.
static bool is_rejoined(lp_board_t *b)
{
    lp_fault_t ignored;
    if (!b->is_gone || !b->line.is_shared) {
        return !b->is_gone;
    }
    lp_ui_detail("the owner of the port has ended; opening %s again", b->wanted);
    lp_board_close_line(b);
    return lp_board_open_line(b, &ignored) == LP_EXIT_OK;
}

bool lp_board_say_hello(lp_board_t *b, uint64_t deadline_ms)
{
    while (is_rejoined(b) && !lp_interrupt_seen() && lp_ui_now_ms() < deadline_ms) {
        if (b->wire == NULL && !lp_board_send_text(b, "\n\x04\n", 3)) {
            continue; // gone
        }
        cJSON *answer = lp_board_try_once(b, "RPC.Ping", NULL, PING_MS);
        if (answer != NULL) {
            cJSON_Delete(answer);
            return true;
        }
    }
    return false;
}

lp_exit_t lp_board_open_line(lp_board_t *b, lp_fault_t *f)
{
    char port[256];
    lp_exit_t rc = LP_EXIT_OK;
    if (lp_wire_is_address(b->wanted)) {
        snprintf(port, sizeof port, "%s", b->wanted);
        snprintf(b->where, sizeof b->where, "%s", b->wanted);
        rc = lp_wire_open(port, &b->wire, f);
    } else {
        rc = lp_line_find(b->wanted, port, sizeof port, f);
    }
    if (rc == LP_EXIT_OK && b->wire == NULL) {
        rc = lp_line_open(port, b->baud, b->wait_ms, &b->line, f);
        snprintf(b->where, sizeof b->where, "%s", b->line.where);
    }
    if (rc == LP_EXIT_OK) {
        // After a reboot the same board is meant, whatever else was plugged in meanwhile.
        snprintf(b->wanted, sizeof b->wanted, "%s", port);
        lp_rpc_reader_reset(&b->reader);
        b->n_bytes = b->used = 0;
        b->n_received = 0;
        b->is_gone = false;
        b->share = b->is_sharing && b->line.real[0] != '\0' && !b->line.is_shared
                       ? lp_share_start(b->line.real)
                       : NULL;
    }
    return rc;
}

static lp_board_t *new_board(const lp_board_options_t *options)
{
    lp_board_t *b = calloc(1, sizeof *b);
    if (b != NULL) {
        b->line.fd = -1;
        b->baud = options->baud;
        b->wait_ms = options->wait_ms;
        b->is_sharing = options->is_sharing;
        snprintf(b->wanted, sizeof b->wanted, "%s", options->port != NULL ? options->port : "auto");
        // Random, so that a late answer to another run's call is never taken for ours.
        if (getrandom(&b->next_id, sizeof b->next_id, 0) != (ssize_t)sizeof b->next_id) {
            b->next_id = (uint32_t)lp_ui_now_ms();
        }
    }
    return b;
}

lp_exit_t lp_board_listen(const lp_board_options_t *options, lp_board_t **board, lp_fault_t *f)
{
    lp_board_t *b = new_board(options);
    if (b == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    lp_exit_t rc = lp_board_open_line(b, f);
    if (rc != LP_EXIT_OK) {
        lp_board_close(b);
        return rc;
    }
    *board = b;
    return LP_EXIT_OK;
}

lp_exit_t lp_board_open(const lp_board_options_t *options, lp_board_t **board, lp_fault_t *f)
{
    lp_board_t *b = NULL;
    lp_exit_t rc = lp_board_listen(options, &b, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    int wait_ms = options->open_ms > 0 ? options->open_ms : LP_BOARD_OPEN_MS;
    if (!lp_board_say_hello(b, lp_ui_now_ms() + (uint64_t)wait_ms)) {
        rc = lp_board_fail_silent(b, wait_ms, f);
        lp_board_close(b);
        return rc;
    }
    *board = b;
    return LP_EXIT_OK;
}

void lp_board_close_line(lp_board_t *b)
{
    lp_share_end(b->share); // before the lock goes with the descriptor
    b->share = NULL;
    if (b->line.fd >= 0) {
        close(b->line.fd);
    }
    if (b->wire != NULL) {
        b->wire->ops->close(b->wire);
    }
    b->wire = NULL;
    b->line.fd = -1;
}

void lp_board_close(lp_board_t *board)
{
    if (board != NULL) {
        lp_board_close_line(board);
        lp_login_wipe(&board->login);
        free(board);
    }
}

lp_exit_t lp_board_reopen(lp_board_t *board, int timeout_ms, lp_fault_t *f)
{
    uint64_t deadline = lp_ui_now_ms() + (uint64_t)timeout_ms;
    lp_exit_t rc = LP_EXIT_OK;
    do {
        lp_board_close_line(board);
        lp_ui_pause(LP_BOARD_SLICE_MS);
        rc = lp_board_open_line(board, f);
        uint64_t slice = lp_ui_now_ms() + 2u * PING_MS;
        if (rc == LP_EXIT_OK && lp_board_say_hello(board, slice < deadline ? slice : deadline)) {
            return LP_EXIT_OK;
        }
    } while (!lp_interrupt_seen() && lp_ui_now_ms() < deadline);
    return rc == LP_EXIT_OK || lp_interrupt_seen() ? lp_board_fail_silent(board, timeout_ms, f)
                                                   : rc;
}

void lp_board_set_console(lp_board_t *board, const lp_board_console_t *console)
{
    board->console = console;
}

bool lp_board_send(lp_board_t *board, const char *text, size_t len)
{
    return lp_board_send_text(board, text, len);
}

lp_exit_t lp_board_relisten(lp_board_t *board, lp_fault_t *f)
{
    lp_board_close_line(board);
    return lp_board_open_line(board, f);
}

bool lp_board_has_no_log(const lp_board_options_t *options)
{
    return options->port != NULL && lp_wire_is_address(options->port);
}

static lp_exit_t follow(lp_board_t *board, const bool *is_enough, uint64_t end_ms, lp_fault_t *f)
{
    while (!board->is_gone && !lp_interrupt_seen() && !*is_enough && lp_ui_now_ms() < end_ms) {
        cJSON *frame = lp_board_next_frame(board, lp_ui_now_ms() + 200u);
        if (frame != NULL && board->console != NULL && board->console->on_frame != NULL) {
            board->console->on_frame(board->console->ctx, frame);
        }
        cJSON_Delete(frame);
    }
    if (!board->is_gone || lp_interrupt_seen()) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_BOARD, "board-lost", "the board went away");
    lp_fault_why(f, "the line %s was closed", board->where);
    lp_fault_next(f, "check the cable; limpet devices shows whether it is back");
    return f->exit;
}

lp_exit_t lp_board_follow(lp_board_t *board, lp_fault_t *f)
{
    static const bool never = false;
    return follow(board, &never, UINT64_MAX, f);
}

lp_exit_t lp_board_watch(lp_board_t *board, const bool *is_enough, int timeout_ms, lp_fault_t *f)
{
    return follow(board, is_enough, lp_ui_now_ms() + (uint64_t)timeout_ms, f);
}
