// SPDX-License-Identifier: Apache-2.0
// SSD1306 as its data sheet (Solomon Systech, rev 1.1) has it: table 9-1's commands with their
// lengths, the three ways of walking its memory, and how that is seen on the glass.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/parts_display.h"
#include "parts_internal.h"

enum { PAGES = 8, NAME_MAX_BYTES = 512, ARGS_MAX = 6 };

struct lp_display {
    char file[NAME_MAX_BYTES]; // "": none
    uint8_t ram[PAGES][LP_DISPLAY_WIDTH];
    uint8_t command[1 + ARGS_MAX];
    unsigned have, want; // bytes of the command under way
    unsigned mode;       // 0 rows, 1 columns, 2 one page
    unsigned column, page;
    unsigned column_from, column_to, page_from, page_to;
    unsigned rows, offset, start_line;
    bool is_on, is_inverted, is_all_on, is_remapped, is_upside_down, has_pump;
    unsigned data_bytes, unknown;
};

lp_display_t *lp_display_new(const char *file)
{
    if (file != NULL && strlen(file) >= NAME_MAX_BYTES) {
        return NULL;
    }
    lp_display_t *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return NULL;
    }
    if (file != NULL) {
        memcpy(d->file, file, strlen(file) + 1);
    }
    d->mode = 2;
    d->column_to = LP_DISPLAY_WIDTH - 1;
    d->page_to = PAGES - 1;
    d->rows = LP_DISPLAY_HEIGHT;
    for (size_t i = 0; i < sizeof d->ram; i++) {
        d->ram[i / LP_DISPLAY_WIDTH][i % LP_DISPLAY_WIDTH] =
            (uint8_t)(i * 37); // undefined at power-on
    }
    return d;
}

void lp_display_free(lp_display_t *d)
{
    free(d);
}

// -- commands

static unsigned args_of(uint8_t command)
{
    switch (command) {
    case 0x20:
    case 0x81:
    case 0x8D:
    case 0xA8:
    case 0xD3:
    case 0xD5:
    case 0xD9:
    case 0xDA:
    case 0xDB:
        return 1;
    case 0x21:
    case 0x22:
    case 0xA3:
        return 2;
    case 0x29:
    case 0x2A:
        return 5;
    case 0x26:
    case 0x27:
        return 6;
    default:
        return 0;
    }
}

static void set_range(unsigned *from, unsigned *to, unsigned *at, const uint8_t *args,
                      unsigned most)
{
    *from = args[0] & most;
    *to = args[1] & most;
    *at = *from;
}

static bool run_with_args(lp_display_t *d)
{
    const uint8_t *args = d->command + 1;
    switch (d->command[0]) {
    case 0x20:
        d->mode = args[0] & 3u;
        return true;
    case 0x21:
        set_range(&d->column_from, &d->column_to, &d->column, args, LP_DISPLAY_WIDTH - 1);
        return true;
    case 0x22:
        set_range(&d->page_from, &d->page_to, &d->page, args, PAGES - 1);
        return true;
    case 0x8D:
        d->has_pump = (args[0] & 4) != 0;
        return true;
    case 0xA8:
        d->rows = (args[0] & 63u) + 1;
        return true;
    case 0xD3:
        d->offset = args[0] & 63u;
        return true;
    default:
        return args_of(d->command[0]) > 0; // contrast, timing, scrolling: not to be seen here
    }
}

// Where the next byte goes, for the addressing of pages only. False: another command.
static bool run_address(lp_display_t *d, unsigned c)
{
    if (c <= 0x0F) {
        d->column = (d->column & 0x70u) | c;
    } else if (c <= 0x1F) {
        d->column = (d->column & 0x0Fu) | (c & 7u) << 4;
    } else if (c >= 0xB0 && c <= 0xB7) {
        d->page = c & 7u;
    } else {
        return false;
    }
    return true;
}

static bool run_switch(lp_display_t *d, unsigned c)
{
    bool is_odd = (c & 1u) != 0;
    switch (c & 0xFEu) {
    case 0xA0:
        d->is_remapped = is_odd;
        return true;
    case 0xA4:
        d->is_all_on = is_odd;
        return true;
    case 0xA6:
        d->is_inverted = is_odd;
        return true;
    case 0xAE:
        d->is_on = is_odd;
        return true;
    case 0xC0:
    case 0xC8:
        d->is_upside_down = c < 0xC8;
        return true;
    default:
        return c == 0xE3 || c == 0x2E || c == 0x2F; // nothing; scrolling
    }
}

static bool run_alone(lp_display_t *d)
{
    unsigned c = d->command[0];
    if (c >= 0x40 && c <= 0x7F) {
        d->start_line = c & 63u;
        return true;
    }
    return (d->mode == 2 && run_address(d, c)) || run_switch(d, c);
}

static void take_command_byte(lp_display_t *d, uint8_t byte)
{
    if (d->have == 0) {
        d->want = 1 + args_of(byte);
    }
    d->command[d->have++] = byte;
    if (d->have < d->want) {
        return;
    }
    bool is_known = d->want > 1 ? run_with_args(d) : run_alone(d);
    d->unknown += is_known ? 0 : 1;
    d->have = 0;
}

// -- memory

static void take_data_byte(lp_display_t *d, uint8_t byte)
{
    d->ram[d->page][d->column] = byte;
    d->data_bytes++;
    if (d->mode == 2) {
        d->column = (d->column + 1) % LP_DISPLAY_WIDTH;
        return;
    }
    unsigned *inner = d->mode == 0 ? &d->column : &d->page;
    unsigned *outer = d->mode == 0 ? &d->page : &d->column;
    unsigned inner_from = d->mode == 0 ? d->column_from : d->page_from;
    unsigned inner_to = d->mode == 0 ? d->column_to : d->page_to;
    unsigned outer_from = d->mode == 0 ? d->page_from : d->column_from;
    unsigned outer_to = d->mode == 0 ? d->page_to : d->column_to;
    unsigned outer_wrap = d->mode == 0 ? PAGES : LP_DISPLAY_WIDTH;
    if (*inner != inner_to) {
        *inner = (*inner + 1) % (d->mode == 0 ? LP_DISPLAY_WIDTH : PAGES);
        return;
    }
    *inner = inner_from;
    *outer = *outer == outer_to ? outer_from : (*outer + 1) % outer_wrap;
}

// -- what is seen

bool lp_display_is_on(const lp_display_t *d)
{
    return d->is_on && d->has_pump;
}

unsigned lp_display_height(const lp_display_t *d)
{
    return d->rows;
}

bool lp_display_dot(const lp_display_t *d, unsigned x, unsigned y)
{
    if (!lp_display_is_on(d) || x >= LP_DISPLAY_WIDTH || y >= d->rows) {
        return false;
    }
    unsigned column = d->is_remapped ? x : LP_DISPLAY_WIDTH - 1 - x;
    unsigned row = d->is_upside_down ? d->rows - 1 - y : y;
    row = (row + d->offset + d->start_line) % LP_DISPLAY_HEIGHT;
    bool bit = (d->ram[row / 8][column] >> row % 8 & 1) != 0;
    return d->is_all_on || bit != d->is_inverted;
}

unsigned lp_display_data_bytes(const lp_display_t *d)
{
    return d->data_bytes;
}

unsigned lp_display_unknown(const lp_display_t *d)
{
    return d->unknown;
}

void lp_display_text(const lp_display_t *d, char *text, size_t cap)
{
    static const char *const cells[] = {" ", "\xE2\x96\x80", "\xE2\x96\x84", "\xE2\x96\x88"};
    size_t n = 0;
    text[0] = '\0';
    for (unsigned y = 0; y < d->rows; y += 2) {
        for (unsigned x = 0; x < LP_DISPLAY_WIDTH && n + 5 < cap; x++) {
            unsigned which =
                (lp_display_dot(d, x, y) ? 1u : 0) | (lp_display_dot(d, x, y + 1) ? 2u : 0);
            n += (size_t)snprintf(text + n, cap - n, "%s", cells[which]);
        }
        n += n + 1 < cap ? (size_t)snprintf(text + n, cap - n, "\n") : 0;
    }
}

static void put_pbm(const lp_display_t *d, FILE *file)
{
    fprintf(file, "P1\n%d %u\n", LP_DISPLAY_WIDTH, d->rows);
    for (unsigned y = 0; y < d->rows; y++) {
        for (unsigned x = 0; x < LP_DISPLAY_WIDTH; x++) {
            fputs(lp_display_dot(d, x, y) ? "1" : "0", file);
            fputs(x % 64 == 63 ? "\n" : "", file);
        }
    }
}

static void put_picture(const lp_display_t *d, FILE *file)
{
    size_t len = strlen(d->file);
    char text[LP_DISPLAY_TEXT_BYTES];
    if (len > 4 && strcmp(d->file + len - 4, ".pbm") == 0) {
        put_pbm(d, file);
        return;
    }
    lp_display_text(d, text, sizeof text);
    fputs(text, file);
}

// A file is replaced whole; a terminal is drawn over.
static void show(const lp_display_t *d)
{
    char fresh[NAME_MAX_BYTES + 8];
    bool is_device = strncmp(d->file, "/dev/", 5) == 0;
    if (d->file[0] == '\0') {
        return;
    }
    snprintf(fresh, sizeof fresh, "%s%s", d->file, is_device ? "" : ".new");
    FILE *file = fopen(fresh, "w");
    if (file == NULL) {
        return;
    }
    fputs(is_device ? "\033[H" : "", file);
    put_picture(d, file);
    bool is_written = fclose(file) == 0;
    if (!is_device && (!is_written || rename(fresh, d->file) != 0)) {
        (void)remove(fresh);
    }
}

// -- its two faces

void lp_display_spi(lp_display_t *d, bool is_data, lp_span_t bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (is_data) {
            take_data_byte(d, bytes.ptr[i]);
        } else {
            take_command_byte(d, bytes.ptr[i]);
        }
    }
    show(d);
}

// A control byte says what follows, and with its highest bit that it is one byte only (8.1.5.2).
void lp_display_i2c(lp_display_t *d, lp_span_t bytes)
{
    size_t i = 0;
    while (i < bytes.len) {
        uint8_t control = bytes.ptr[i++];
        size_t end = (control & 0x80) != 0 && i < bytes.len ? i + 1 : bytes.len;
        for (; i < end; i++) {
            if ((control & 0x40) != 0) {
                take_data_byte(d, bytes.ptr[i]);
            } else {
                take_command_byte(d, bytes.ptr[i]);
            }
        }
    }
    show(d);
}

// -- as a part on the virtual bus

static bool parse(lp_part_t *p, const char *values)
{
    p->display = lp_display_new(strcmp(values, "-") != 0 ? values : NULL);
    return p->display != NULL && values[0] != '\0';
}

static void release(lp_part_t *p)
{
    lp_display_free(p->display);
}

static void init(lp_part_t *p)
{
    show(p->display);
}

static bool addressed(void *ctx, bool read)
{
    (void)ctx;
    (void)read;
    return true;
}

static void written(void *ctx, lp_span_t bytes)
{
    lp_display_i2c(((lp_part_t *)ctx)->display, bytes);
}

// Its status: whether it is off.
static size_t read_status(void *ctx, uint8_t *bytes, size_t cap)
{
    memset(bytes, lp_display_is_on(((lp_part_t *)ctx)->display) ? 0 : 0x40, cap);
    return cap;
}

const part_kind_t part_ssd1306 = {
    .name = "ssd1306",
    .addr = 0x3C,
    .wants = "where its picture goes: FILE.pbm, FILE for text, /dev/tty, -",
    .parse = parse,
    .release = release,
    .init = init,
    .addressed = addressed,
    .written = written,
    .read = read_status};
