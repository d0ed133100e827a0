// SPDX-License-Identifier: Apache-2.0
// Lines in, frames out. While answers wait to be sent no further request is read, so a peer that
// does not read cannot make the board pile up answers.
#include <string.h>

#include "rpc_internal.h"

enum { EOT = 0x04, LINE_END_BYTES = 2 };

static void flush(lp_rpc_channel_t *ch)
{
    size_t done = 0;
    while (done < ch->out_len_) {
        size_t n = 0;
        if (lp_stream_write(ch->stream_, lp_span(ch->out_ + done, ch->out_len_ - done), &n) !=
            LP_OK) {
            break; // full: WRITABLE will come; gone: CLOSED will come
        }
        done += n;
    }
    ch->out_len_ -= done;
    memmove(ch->out_, ch->out_ + done, ch->out_len_);
}

lp_buf_t lp_rpc_channel_room(lp_rpc_channel_t *ch, bool is_refusal)
{
    const size_t others = ch->in_flight_ > 0 ? ch->in_flight_ - 1 : 0;
    const size_t kept = is_refusal ? 0 : others * LP_RPC_REFUSAL_MAX;
    const size_t most = is_refusal ? LP_RPC_REFUSAL_MAX : LP_RPC_FRAME_MAX + LINE_END_BYTES;
    size_t room = sizeof ch->out_ - ch->out_len_;
    room = room > kept ? room - kept : 0;
    room = room < most ? room : most;
    return lp_buf(ch->out_ + ch->out_len_, room > LINE_END_BYTES ? room - LINE_END_BYTES : 0);
}

void lp_rpc_channel_send(lp_rpc_channel_t *ch, size_t len)
{
    ch->out_len_ += len;
    memcpy(ch->out_ + ch->out_len_, "\r\n", LINE_END_BYTES);
    ch->out_len_ += LINE_END_BYTES;
    flush(ch);
}

static void answer_handshake(lp_rpc_channel_t *ch)
{
    ch->in_len_ = 0;
    ch->is_overlong_ = false;
    if (sizeof ch->out_ - ch->out_len_ > 2) {
        memcpy(ch->out_ + ch->out_len_, "\r\n", 2);
        ch->out_len_ += 2;
        flush(ch);
    }
}

static void end_line(lp_rpc_channel_t *ch)
{
    const lp_span_t line = lp_span(ch->in_, ch->in_len_);
    const bool is_frame = line.len > 0 && line.ptr[0] == '{';
    const bool is_overlong = ch->is_overlong_;
    ch->in_len_ = 0;
    ch->is_overlong_ = false;
    if (is_frame && is_overlong) {
        lp_rpc_refuse(ch, LP_E_NOSPACE, "a frame is at most 6144 bytes long");
    } else if (is_frame) {
        lp_rpc_handle_frame(ch, line);
    }
    lp_wipe(ch->in_, line.len); // it may have been a secret setting
}

static void take_byte(lp_rpc_channel_t *ch, uint8_t byte)
{
    if (byte == EOT) {
        answer_handshake(ch);
    } else if (byte == '\n' || byte == '\r') {
        end_line(ch);
    } else if (ch->in_len_ == sizeof ch->in_) {
        ch->is_overlong_ = true;
    } else {
        ch->in_[ch->in_len_++] = byte;
    }
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
    }
}
