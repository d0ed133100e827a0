// SPDX-License-Identifier: Apache-2.0
// Bytes and lines of a board: log text, frames, noise, and what others who share its port say.
#include <cjson/cJSON.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board_private.h"

static void take_log(lp_board_t *b, const char *line)
{
    snprintf(b->last_log, sizeof b->last_log, "%.*s", LP_BOARD_LINE_SHOWN - 1, line);
    if (b->on_log != NULL) {
        b->on_log(b->log_ctx, line);
    } else {
        lp_ui_detail("board: %s", line);
    }
}

static void read_line_of(lp_board_t *b)
{
    ssize_t n = read(b->line.fd, b->bytes, sizeof b->bytes);
    if (n > 0) {
        b->n_bytes = (size_t)n;
        b->used = 0;
        b->n_received += (uint64_t)n;
        return;
    }
    b->is_gone = n == 0 || (errno != EAGAIN && errno != EINTR);
}

// What those who share the port want sent, as much as the line takes now.
static void send_pending(lp_board_t *b)
{
    size_t len = 0;
    const char *text = b->share != NULL ? lp_share_pending(b->share, &len) : NULL;
    ssize_t n = len > 0 ? write(b->line.fd, text, len) : 0;
    if (n > 0) {
        lp_share_sent(b->share, (size_t)n);
    }
    b->is_gone = b->is_gone || (n < 0 && errno != EAGAIN && errno != EINTR);
}

// One wait for whatever comes: the board, what is typed, those who share the port.
static void turn(lp_board_t *b, int wait_ms)
{
    struct pollfd p[2 + LP_SHARE_POLLS];
    size_t pending = 0;
    size_t n = 2;
    if (b->share != NULL) {
        (void)lp_share_pending(b->share, &pending);
        n += lp_share_polls(b->share, p + 2);
    }
    p[0] =
        (struct pollfd){.fd = b->line.fd, .events = (short)(POLLIN | (pending > 0 ? POLLOUT : 0))};
    p[1] = (struct pollfd){.fd = b->console != NULL ? b->console->input_fd : -1, .events = POLLIN};
    if (poll(p, n, wait_ms) <= 0) {
        return;
    }
    if (p[1].revents != 0) {
        b->console->on_input(b->console->ctx);
    }
    if (b->share != NULL) {
        lp_share_turn(b->share, p + 2, n - 2);
    }
    if ((p[0].revents & POLLOUT) != 0) {
        send_pending(b);
    }
    if ((p[0].revents & ~POLLOUT) != 0) {
        read_line_of(b);
    }
}

// Waits for bytes up to deadline_ms. False at the deadline, on Ctrl-C, or when the line ended.
static bool fill(lp_board_t *b, uint64_t deadline_ms)
{
    while (!b->is_gone && !lp_interrupt_seen() && b->used >= b->n_bytes) {
        const uint64_t now = lp_ui_now_ms();
        if (now >= deadline_ms) {
            return false;
        }
        const uint64_t left = deadline_ms - now;
        turn(b, left < LP_BOARD_SLICE_MS ? (int)left : LP_BOARD_SLICE_MS);
    }
    return b->used < b->n_bytes;
}

// Of a way that carries whole frames.
static cJSON *next_whole(lp_board_t *b, uint64_t deadline_ms)
{
    bool is_gone = false;
    char *text = b->wire->ops->receive(b->wire, deadline_ms, &is_gone);
    cJSON *frame = text != NULL ? cJSON_Parse(text) : NULL;
    b->is_gone = b->is_gone || is_gone;
    b->n_received += text != NULL ? strlen(text) : 0;
    b->n_damaged += text != NULL && frame == NULL ? 1 : 0;
    free(text);
    return frame;
}

// The next frame until deadline_ms; log lines are handed out on the way. Null: none came.
cJSON *lp_board_next_frame(lp_board_t *b, uint64_t deadline_ms)
{
    if (b->wire != NULL) {
        return next_whole(b, deadline_ms);
    }
    for (;;) {
        const char *text = NULL;
        cJSON *frame = NULL;
        lp_rpc_line_t kind =
            lp_rpc_reader_feed(&b->reader, b->bytes, b->n_bytes, &b->used, &text, &frame);
        if (b->share != NULL && kind == LP_RPC_LINE_FRAME &&
            lp_share_answer(b->share, text, frame)) {
            cJSON_Delete(frame);
            continue;
        }
        if (kind == LP_RPC_LINE_FRAME) {
            return frame;
        }
        if (b->share != NULL && text != NULL) {
            lp_share_tell(b->share, text);
        }
        if (kind == LP_RPC_LINE_LOG) {
            take_log(b, text);
        } else if (kind == LP_RPC_LINE_DAMAGED || kind == LP_RPC_LINE_TOO_LONG) {
            b->n_damaged++;
        } else if (kind == LP_RPC_LINE_NONE && !fill(b, deadline_ms)) {
            return NULL;
        }
    }
}

static void wait_writable(const lp_board_t *b)
{
    struct pollfd p = {.fd = b->line.fd, .events = POLLOUT};
    poll(&p, 1, LP_BOARD_SLICE_MS);
}

static void finish_pending(lp_board_t *b, uint64_t deadline_ms)
{
    size_t left = 0;
    while (b->share != NULL && !b->is_gone && !lp_interrupt_seen() &&
           lp_ui_now_ms() < deadline_ms) {
        (void)lp_share_pending(b->share, &left);
        if (left == 0) {
            return;
        }
        wait_writable(b);
        send_pending(b);
    }
}

bool lp_board_send_text(lp_board_t *b, const char *text, size_t len)
{
    if (b->wire != NULL) { // whole frames need neither checksum nor line end
        b->is_gone = !b->wire->ops->send(b->wire, text, len - LP_RPC_TAIL);
        return !b->is_gone;
    }
    uint64_t deadline = lp_ui_now_ms() + LP_BOARD_SEND_MS;
    finish_pending(b, deadline); // never into the middle of another's line
    while (len > 0 && !lp_interrupt_seen() && lp_ui_now_ms() < deadline) {
        ssize_t n = write(b->line.fd, text, len);
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN || errno == EINTR) {
            wait_writable(b);
        } else {
            b->is_gone = true;
            return false;
        }
    }
    return len == 0;
}
