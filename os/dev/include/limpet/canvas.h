// SPDX-License-Identifier: Apache-2.0
// limpet/canvas.h - a picture of dots in the caller's memory, drawn on with lines, boxes, pictures
// and text, which knows what of it has changed.
//
// Memory is in pages of eight rows, a byte a column, the topmost dot in the lowest bit: what small
// displays take. Everything may lie partly or wholly outside; what is outside is not drawn.
// @context any, one at a time
#ifndef LIMPET_CANVAS_H
#define LIMPET_CANVAS_H

#include "limpet/span.h"

enum {
    LP_CANVAS_PAGES_MAX = 8,  // 64 rows
    LP_CANVAS_CELL_WIDTH = 6, // of a character of size 1, with the gap behind and below it
    LP_CANVAS_CELL_HEIGHT = 8,
};

// Bytes that a picture takes.
#define LP_CANVAS_BYTES(width, height) ((size_t)(width) * (((size_t)(height) + 7) / 8))

typedef enum { LP_CANVAS_CLEAR, LP_CANVAS_SET, LP_CANVAS_INVERT } lp_canvas_ink_t;

// Caller-owned; width and height to be read only, the rest is private.
typedef struct {
    uint8_t *dots;
    int16_t width, height;
    struct {
        int16_t from, to; // columns that have changed; none when from >= to
    } dirty_[LP_CANVAS_PAGES_MAX];
} lp_canvas_t;

// `memory`: LP_CANVAS_BYTES(width, height) bytes, lent for ever. An empty picture, all of it
// changed. LP_E_RANGE: wider than 1024, higher than 64, or nothing at all.
lp_err_t lp_canvas_init(lp_canvas_t *c, uint8_t *memory, unsigned width, unsigned height);

void lp_canvas_fill(lp_canvas_t *c, lp_canvas_ink_t ink); // all of it
void lp_canvas_dot(lp_canvas_t *c, int x, int y, lp_canvas_ink_t ink);
bool lp_canvas_is_set(const lp_canvas_t *c, int x, int y);
// Both ends included. Coordinates beyond +-16383 are taken as that.
void lp_canvas_line(lp_canvas_t *c, int x0, int y0, int x1, int y1, lp_canvas_ink_t ink);
void lp_canvas_box(lp_canvas_t *c, int x, int y, int width, int height, lp_canvas_ink_t ink);
void lp_canvas_frame(lp_canvas_t *c, int x, int y, int width, int height, lp_canvas_ink_t ink);
// A picture of rows from the top, each of whole bytes with the leftmost dot in the highest bit, as
// PBM (P4) has them. Dots that are set are drawn with `ink`, the others not.
void lp_canvas_bitmap(lp_canvas_t *c, int x, int y, unsigned width, unsigned height,
                      const uint8_t *rows, lp_canvas_ink_t ink);
// UTF-8; ASCII and the degree sign, a box for what there is no sign for; \n begins a line below.
// Each dot is size times size. Returns the x behind the last character.
int lp_canvas_text(lp_canvas_t *c, int x, int y, unsigned size, const char *text,
                   lp_canvas_ink_t ink);

#endif
