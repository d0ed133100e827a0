// SPDX-License-Identifier: Apache-2.0
#include "font.h"
#include "limpet/canvas.h"

enum { DEGREE_SIGN = 0xB0 };

// The next sign of a text, and how many bytes it takes. A sequence that is none takes one byte.
static unsigned next_sign(const uint8_t *text, unsigned *len)
{
    *len = 1;
    if (text[0] < 0x80) {
        return text[0];
    }
    while ((text[*len] & 0xC0) == 0x80 && *len < 4) {
        (*len)++;
    }
    return *len == 2 ? (text[0] & 0x1Fu) << 6 | (text[1] & 0x3Fu) : UINT32_MAX;
}

static const uint8_t *glyph_of(unsigned sign)
{
    if (sign >= FONT_FIRST && sign < FONT_FIRST + FONT_DEGREE) {
        return lp_font[sign - FONT_FIRST];
    }
    return lp_font[sign == DEGREE_SIGN ? FONT_DEGREE : FONT_OTHER];
}

static void draw(lp_canvas_t *c, int x, int y, int size, const uint8_t *glyph, lp_canvas_ink_t ink)
{
    for (int column = 0; column < FONT_COLUMNS; column++) {
        for (int row = 0; row < FONT_ROWS; row++) {
            if ((glyph[column] >> row & 1) != 0) {
                lp_canvas_box(c, x + column * size, y + row * size, size, size, ink);
            }
        }
    }
}

int lp_canvas_text(lp_canvas_t *c, int x, int y, unsigned size, const char *text,
                   lp_canvas_ink_t ink)
{
    const int scale = size < 1 ? 1 : size > LP_CANVAS_PAGES_MAX ? LP_CANVAS_PAGES_MAX : (int)size;
    int at = x;
    unsigned len;
    for (const uint8_t *t = (const uint8_t *)text; *t != '\0'; t += len) {
        const unsigned sign = next_sign(t, &len);
        if (sign == '\n') {
            at = x;
            y += LP_CANVAS_CELL_HEIGHT * scale;
            continue;
        }
        draw(c, at, y, scale, glyph_of(sign), ink);
        at += LP_CANVAS_CELL_WIDTH * scale;
    }
    return at;
}
