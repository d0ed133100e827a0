// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "limpet/front_bytes.h"

enum { SMALL = 512 };

static bool make_room(lp_bytes_t *b, size_t count)
{
    if (b->cap_ - b->end_ >= count) {
        return true;
    }
    size_t have = b->end_ - b->at_;
    if (b->at_ > 0) {
        memmove(b->ptr_, b->ptr_ + b->at_, have);
        b->at_ = 0;
        b->end_ = have;
    }
    size_t cap = b->cap_ > 0 ? b->cap_ : SMALL;
    while (cap - have < count) {
        cap *= 2;
    }
    uint8_t *grown = cap > b->cap_ ? realloc(b->ptr_, cap) : b->ptr_;
    if (grown == NULL) {
        return false;
    }
    b->ptr_ = grown;
    b->cap_ = cap;
    return true;
}

bool lp_bytes_put(lp_bytes_t *b, lp_span_t data)
{
    if (data.len == 0) {
        return true;
    }
    if (!make_room(b, data.len)) {
        return false;
    }
    memcpy(b->ptr_ + b->end_, data.ptr, data.len);
    b->end_ += data.len;
    return true;
}

lp_span_t lp_bytes_span(const lp_bytes_t *b)
{
    return b->ptr_ != NULL ? lp_span(b->ptr_ + b->at_, b->end_ - b->at_) : lp_span(NULL, 0);
}

size_t lp_bytes_len(const lp_bytes_t *b)
{
    return b->end_ - b->at_;
}

void lp_bytes_drop(lp_bytes_t *b, size_t count)
{
    b->at_ += count;
    if (b->at_ >= b->end_) {
        lp_bytes_free(b);
    }
}

void lp_bytes_free(lp_bytes_t *b)
{
    if (b->ptr_ != NULL) {
        lp_wipe(b->ptr_, b->end_);
    }
    free(b->ptr_);
    *b = (lp_bytes_t){0};
}
