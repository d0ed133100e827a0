// SPDX-License-Identifier: Apache-2.0
// limpet/parts_display.h - a virtual SSD1306 with its memory, which shows what is on its glass.
//
// The part "ssd1306[@0x3C]=FILE" of limpet/parts.h has one on I2C and writes its picture to FILE:
// as PBM when the name ends in .pbm, else as text, two dots a character; to a terminal (/dev/tty)
// in place. FILE "-" shows nothing.
#ifndef LIMPET_PARTS_DISPLAY_H
#define LIMPET_PARTS_DISPLAY_H

#include "limpet/span.h"

enum { LP_DISPLAY_WIDTH = 128, LP_DISPLAY_HEIGHT = 64 };

typedef struct lp_display lp_display_t;

// `file`: where its picture goes, copied; null: nowhere. Null: the name is too long, or no memory.
lp_display_t *lp_display_new(const char *file);
// Null is allowed.
void lp_display_free(lp_display_t *d);

// What a transfer brings it, on I2C with control bytes, and on SPI with its D/C pin.
void lp_display_i2c(lp_display_t *d, lp_span_t bytes);
void lp_display_spi(lp_display_t *d, bool is_data, lp_span_t bytes);

bool lp_display_is_on(const lp_display_t *d);
unsigned lp_display_height(const lp_display_t *d); // as its multiplex ratio says
// A dot on the glass, seen with the connector on top; all dark while it is off.
bool lp_display_dot(const lp_display_t *d, unsigned x, unsigned y);
// The picture as text, 0-ended; as many bytes as there is room for.
enum { LP_DISPLAY_TEXT_BYTES = 33 * (130 * 3 + 1) };
void lp_display_text(const lp_display_t *d, char *text, size_t cap);
// Bytes of dots it was sent, and commands it does not know.
unsigned lp_display_data_bytes(const lp_display_t *d);
unsigned lp_display_unknown(const lp_display_t *d);

#endif
