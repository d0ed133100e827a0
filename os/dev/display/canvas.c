// SPDX-License-Identifier: Apache-2.0
#include "limpet/canvas.h"

#include <string.h>

enum { ROWS_OF_A_PAGE = 8, WIDEST = 1024, FARTHEST = 16383 };

static void touch(lp_canvas_t *c, int page, int x)
{
    if (c->dirty_[page].from >= c->dirty_[page].to) {
        c->dirty_[page].from = (int16_t)x;
        c->dirty_[page].to = (int16_t)(x + 1);
    } else if (x < c->dirty_[page].from) {
        c->dirty_[page].from = (int16_t)x;
    } else if (x >= c->dirty_[page].to) {
        c->dirty_[page].to = (int16_t)(x + 1);
    }
}

lp_err_t lp_canvas_init(lp_canvas_t *c, uint8_t *memory, unsigned width, unsigned height)
{
    if (width == 0 || height == 0 || width > WIDEST ||
        height > LP_CANVAS_PAGES_MAX * ROWS_OF_A_PAGE) {
        return LP_E_RANGE;
    }
    *c = (lp_canvas_t){.dots = memory, .width = (int16_t)width, .height = (int16_t)height};
    memset(memory, 0, LP_CANVAS_BYTES(width, height));
    for (int page = 0; page * ROWS_OF_A_PAGE < c->height; page++) {
        c->dirty_[page].to = c->width;
    }
    return LP_OK;
}

static uint8_t *byte_of(const lp_canvas_t *c, int x, int y)
{
    return &c->dots[y / ROWS_OF_A_PAGE * c->width + x];
}

static bool is_inside(const lp_canvas_t *c, int x, int y)
{
    return x >= 0 && y >= 0 && x < c->width && y < c->height;
}

bool lp_canvas_is_set(const lp_canvas_t *c, int x, int y)
{
    return is_inside(c, x, y) && (*byte_of(c, x, y) >> y % ROWS_OF_A_PAGE & 1) != 0;
}

void lp_canvas_dot(lp_canvas_t *c, int x, int y, lp_canvas_ink_t ink)
{
    if (!is_inside(c, x, y)) {
        return;
    }
    uint8_t *byte = byte_of(c, x, y);
    const uint8_t before = *byte;
    const uint8_t bit = (uint8_t)(1u << y % ROWS_OF_A_PAGE);
    switch (ink) {
    case LP_CANVAS_CLEAR:
        *byte &= (uint8_t)~bit;
        break;
    case LP_CANVAS_SET:
        *byte |= bit;
        break;
    case LP_CANVAS_INVERT:
        *byte ^= bit;
        break;
    }
    if (*byte != before) { // what is drawn again as it was is not sent again
        touch(c, y / ROWS_OF_A_PAGE, x);
    }
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

void lp_canvas_box(lp_canvas_t *c, int x, int y, int width, int height, lp_canvas_ink_t ink)
{
    const int left = clamp(x, 0, c->width);
    const int top = clamp(y, 0, c->height);
    const int right =
        width > 0
            ? clamp(clamp(x, -FARTHEST, FARTHEST) + clamp(width, 0, 2 * FARTHEST), 0, c->width)
            : left;
    const int bottom =
        height > 0
            ? clamp(clamp(y, -FARTHEST, FARTHEST) + clamp(height, 0, 2 * FARTHEST), 0, c->height)
            : top;
    for (int row = top; row < bottom; row++) {
        for (int column = left; column < right; column++) {
            lp_canvas_dot(c, column, row, ink);
        }
    }
}

void lp_canvas_fill(lp_canvas_t *c, lp_canvas_ink_t ink)
{
    lp_canvas_box(c, 0, 0, c->width, c->height, ink);
}

// Four sides, whose corners belong to one each, so that inverting inverts them once.
void lp_canvas_frame(lp_canvas_t *c, int x, int y, int width, int height, lp_canvas_ink_t ink)
{
    lp_canvas_box(c, x, y, width, 1, ink);
    if (height > 1) {
        lp_canvas_box(c, x, y + height - 1, width, 1, ink);
    }
    lp_canvas_box(c, x, y + 1, 1, height - 2, ink);
    if (width > 1) {
        lp_canvas_box(c, x + width - 1, y + 1, 1, height - 2, ink);
    }
}

// Bresenham's: the error says how far the line is from the middle of the dot.
void lp_canvas_line(lp_canvas_t *c, int x0, int y0, int x1, int y1, lp_canvas_ink_t ink)
{
    x0 = clamp(x0, -FARTHEST, FARTHEST);
    y0 = clamp(y0, -FARTHEST, FARTHEST);
    x1 = clamp(x1, -FARTHEST, FARTHEST);
    y1 = clamp(y1, -FARTHEST, FARTHEST);
    const int dx = x1 > x0 ? x1 - x0 : x0 - x1;
    const int dy = y1 > y0 ? y1 - y0 : y0 - y1;
    const int step_x = x1 > x0 ? 1 : -1;
    const int step_y = y1 > y0 ? 1 : -1;
    int error = dx - dy;
    while (true) {
        lp_canvas_dot(c, x0, y0, ink);
        if (x0 == x1 && y0 == y1) {
            return;
        }
        const int twice = 2 * error;
        if (twice > -dy) {
            error -= dy;
            x0 += step_x;
        }
        if (twice < dx) {
            error += dx;
            y0 += step_y;
        }
    }
}

void lp_canvas_bitmap(lp_canvas_t *c, int x, int y, unsigned width, unsigned height,
                      const uint8_t *rows, lp_canvas_ink_t ink)
{
    const size_t row_bytes = ((size_t)width + 7) / 8;
    for (unsigned row = 0; row < height; row++) {
        for (unsigned column = 0; column < width; column++) {
            if ((rows[row * row_bytes + column / 8] << column % 8 & 0x80) != 0) {
                lp_canvas_dot(c, x + (int)column, y + (int)row, ink);
            }
        }
    }
}
