// SPDX-License-Identifier: Apache-2.0
// Lines in, frames out. While answers wait to be sent no further request is read, so a peer that
// does not read cannot make the board pile up answers.
//
// Both share their memory: what has come in stands at the beginning and does not grow while answers
// wait, so these begin behind it. A result that comes late, beside the first part of a long frame,
// has less room; refusals always have theirs.
//
// Where RAM is short a channel has little memory of its own and borrows for what is longer: a frame
// moves there when it outgrows its place, an answer goes where there is more room. While somebody
// else (a TLS handshake, another channel) has that memory, both are refused with LP_E_BUSY. Who
// asks for it twice, with nothing moved in between, gets it: a peer that fell silent in the middle
// of a line must not keep the board from its cloud, nor its owner from the board.
#include <string.h>

#include "rpc_internal.h"

enum { EOT = 0x04, LINE_END_BYTES = 2 };

static const char line_end[LINE_END_BYTES + 1] = "\r\n";

static void on_recall(void *holder);

// -- where things are

static uint8_t *in(lp_rpc_channel_t *ch)
{
    return ch->is_in_lent_ ? ch->loan->memory : ch->bytes_;
}

static uint8_t *borrow(lp_rpc_channel_t *ch)
{
    uint8_t *memory = ch->loan != NULL ? lp_loan_take(ch->loan, ch, on_recall) : NULL;
    ch->is_short_ = ch->loan != NULL && memory == NULL;
    return memory;
}

// Gives back what is not needed any more.
static void settle(lp_rpc_channel_t *ch)
{
    ch->is_out_lent_ = ch->is_out_lent_ && ch->out_len_ > 0;
    if (ch->loan != NULL && !ch->is_in_lent_ && !ch->is_out_lent_) {
        lp_loan_give(ch->loan, ch);
        ch->recalled_at_ = 0;
    }
}

static size_t out_size(const lp_rpc_channel_t *ch)
{
    return ch->is_out_lent_ ? ch->loan->bytes : sizeof ch->bytes_;
}

// Answers begin behind what has come in, or in the other memory if there is more room.
static void place_out(lp_rpc_channel_t *ch)
{
    const size_t used = ch->in_len_ > ch->held_len_ ? ch->in_len_ : ch->held_len_;
    const size_t own = sizeof ch->bytes_ - (ch->is_in_lent_ ? 0 : used);
    ch->is_out_lent_ = false;
    if (borrow(ch) != NULL) {
        ch->is_out_lent_ = ch->loan->bytes - (ch->is_in_lent_ ? used : 0) > own;
    }
    ch->out_at_ = ch->is_out_lent_ == ch->is_in_lent_ ? used : 0;
}

static uint8_t *out(lp_rpc_channel_t *ch)
{
    if (ch->out_len_ == 0) {
        place_out(ch);
    }
    return (ch->is_out_lent_ ? ch->loan->memory : ch->bytes_) + ch->out_at_;
}

static size_t out_room(lp_rpc_channel_t *ch)
{
    (void)out(ch);
    return out_size(ch) - ch->out_at_ - ch->out_len_;
}

bool lp_rpc_channel_is_short(const lp_rpc_channel_t *ch)
{
    return ch->loan != NULL && (ch->is_short_ || ch->in_flight_ > 1);
}

// -- out

static void flush(lp_rpc_channel_t *ch)
{
    uint8_t *answers = out(ch);
    size_t done = 0;
    while (done < ch->out_len_) {
        size_t n = 0;
        if (lp_stream_write(ch->stream_, lp_span(answers + done, ch->out_len_ - done), &n) !=
            LP_OK) {
            break; // full: WRITABLE will come; gone: CLOSED will come
        }
        done += n;
    }
    ch->out_len_ -= done;
    memmove(answers, answers + done, ch->out_len_);
    settle(ch);
}

lp_buf_t lp_rpc_channel_room(lp_rpc_channel_t *ch, bool is_refusal)
{
    const size_t others = ch->in_flight_ > 0 ? ch->in_flight_ - 1 : 0;
    const size_t kept = is_refusal ? 0 : others * LP_RPC_REFUSAL_MAX;
    const size_t most = is_refusal ? LP_RPC_REFUSAL_MAX : LP_RPC_FRAME_MAX + LINE_END_BYTES;
    size_t room = out_room(ch);
    room = room > kept ? room - kept : 0;
    room = room < most ? room : most;
    return lp_buf(out(ch) + ch->out_len_, room > LINE_END_BYTES ? room - LINE_END_BYTES : 0);
}

lp_buf_t lp_rpc_channel_spare(lp_rpc_channel_t *ch)
{
    const size_t kept = ch->in_flight_ * LP_RPC_REFUSAL_MAX + LINE_END_BYTES;
    const size_t room = ch->is_open_ && ch->out_len_ == 0 ? out_room(ch) : 0;
    return room > kept ? lp_buf(out(ch), room - kept) : lp_buf(NULL, 0);
}

void lp_rpc_channel_send(lp_rpc_channel_t *ch, size_t len)
{
    memcpy(out(ch) + ch->out_len_ + len, line_end, LINE_END_BYTES);
    ch->out_len_ += len + LINE_END_BYTES;
    flush(ch);
}

// -- in

static void answer_handshake(lp_rpc_channel_t *ch)
{
    ch->in_len_ = 0;
    ch->is_overlong_ = false;
    ch->is_given_up_ = false;
    ch->is_in_lent_ = false;
    if (out_room(ch) > LINE_END_BYTES) {
        lp_rpc_channel_send(ch, 0);
    }
    settle(ch);
}

static void end_line(lp_rpc_channel_t *ch)
{
    const lp_span_t line = lp_span(in(ch), ch->in_len_);
    const bool is_frame = ch->is_given_up_ || (line.len > 0 && line.ptr[0] == '{');
    const bool is_overlong = ch->is_overlong_;
    ch->in_len_ = 0;
    ch->held_len_ = line.len;
    ch->is_overlong_ = false;
    ch->is_given_up_ = false;
    if (is_frame && is_overlong && ch->loan != NULL && line.len < LP_RPC_FRAME_MAX) {
        lp_rpc_refuse(ch, LP_E_BUSY, "the memory of long frames is in use; try again in a moment");
    } else if (is_frame && is_overlong) {
        lp_rpc_refuse(ch, LP_E_NOSPACE, "a frame is at most " LP_RPC_FRAME_MAX_TEXT " bytes long");
    } else if (is_frame) {
        lp_rpc_handle_frame(ch, line);
    }
    ch->held_len_ = 0;
    lp_wipe(in(ch), line.len); // it may have been a secret setting
    ch->is_in_lent_ = false;
    settle(ch);
}

// The frame has outgrown its place. False: there is no other.
static bool move_in(lp_rpc_channel_t *ch)
{
    uint8_t *memory = ch->is_in_lent_ ? NULL : borrow(ch);
    if (memory != NULL) {
        memcpy(memory, ch->bytes_, ch->in_len_);
        lp_wipe(ch->bytes_, ch->in_len_);
        ch->is_in_lent_ = true;
    }
    return memory != NULL;
}

static void take_byte(lp_rpc_channel_t *ch, uint8_t byte)
{
    if (byte == EOT) {
        answer_handshake(ch);
    } else if (byte == '\n' || byte == '\r') {
        end_line(ch);
    } else if (ch->is_overlong_ || ch->in_len_ == LP_RPC_FRAME_MAX) {
        ch->is_overlong_ = true;
    } else if (ch->in_len_ == LP_RPC_OWN_IN_MAX && !ch->is_in_lent_ && !move_in(ch)) {
        ch->is_overlong_ = true;
    } else {
        in(ch)[ch->in_len_++] = byte;
    }
}

// The rest of a frame is passed over, and its end answered; of an answer nothing is left but the
// end of its line.
static void give_up(lp_rpc_channel_t *ch)
{
    if (ch->is_in_lent_) {
        ch->in_len_ = 0;
        ch->is_overlong_ = true;
        ch->is_given_up_ = true;
        ch->is_in_lent_ = false;
    }
    if (ch->is_out_lent_ && ch->out_len_ > 0) {
        ch->out_at_ = ch->in_len_;
        ch->out_len_ = LINE_END_BYTES;
        memcpy(ch->bytes_ + ch->out_at_, line_end, LINE_END_BYTES);
    }
    ch->is_out_lent_ = false;
    settle(ch);
}

// Somebody else wants the memory.
static void on_recall(void *holder)
{
    lp_rpc_channel_t *ch = holder;
    const size_t mark = ch->in_len_ + ch->out_len_ + 1;
    if (ch->held_len_ > 0 || (!ch->is_in_lent_ && ch->out_len_ == 0)) {
        return; // a frame is being handled, or an answer written
    }
    if (ch->recalled_at_ == mark) {
        give_up(ch);
    }
    ch->recalled_at_ = mark;
}

// Reads while nothing waits to be sent. A byte at a time would be simplest, but a UART may be a
// system call away.
static void receive(lp_rpc_channel_t *ch)
{
    while (ch->is_open_ && ch->pending_pos_ < ch->pending_len_ && ch->out_len_ == 0) {
        take_byte(ch, ch->pending_[ch->pending_pos_++]);
        if (ch->pending_pos_ == ch->pending_len_) {
            lp_wipe(ch->pending_, ch->pending_len_);
            ch->pending_pos_ = 0;
            ch->pending_len_ = 0;
        }
    }
}

static void serve(lp_rpc_channel_t *ch)
{
    do {
        receive(ch);
        if (!ch->is_open_ || ch->pending_len_ > 0) {
            return; // waiting for the answers to drain
        }
    } while (lp_stream_read(ch->stream_, ch->pending_, sizeof ch->pending_, &ch->pending_len_) ==
             LP_OK);
}

static void on_stream(void *ctx, unsigned events, lp_err_t why)
{
    (void)why;
    lp_rpc_channel_t *ch = ctx;
    if ((events & LP_STREAM_WRITABLE) != 0) {
        flush(ch);
    }
    if ((events & (LP_STREAM_READABLE | LP_STREAM_WRITABLE | LP_STREAM_OPEN)) != 0) {
        serve(ch);
    }
    if ((events & LP_STREAM_CLOSED) != 0) {
        lp_rpc_close(ch);
    }
}

void lp_rpc_open(lp_rpc_channel_t *ch, lp_rpc_t *rpc, lp_stream_t *stream, lp_rpc_level_t max_level)
{
    memset(ch, 0, sizeof *ch);
    ch->rpc_ = rpc;
    ch->stream_ = stream;
    ch->max_level = (uint8_t)max_level;
    ch->loan = rpc->loan;
    ch->is_open_ = true;
    lp_stream_listen(stream, on_stream, ch);
}

void lp_rpc_close(lp_rpc_channel_t *ch)
{
    if (ch->is_open_) {
        ch->is_open_ = false;
        lp_stream_listen(ch->stream_, NULL, NULL);
        lp_rpc_forget_channel(ch);
        ch->out_len_ = 0;
        ch->is_in_lent_ = false;
        settle(ch);
    }
}
