// SPDX-License-Identifier: Apache-2.0
// The CSV that logic analysers export for I2C: one row a byte, columns found by their titles.
#include "trace.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS = 16, LINE = 512, TIME_MAX_S = 1000000 };

typedef struct {
    int time;
    int packet;
    int addr;
    int data;
    int rw;
    int ack;
} columns_t;

// Cuts the line at its commas, in place; blanks and quotes around a cell go.
static size_t split(char *line, char *cells[COLUMNS])
{
    size_t n = 0;
    line[strcspn(line, "\r\n")] = '\0';
    for (char *p = line; *p != '\0' && n < COLUMNS;) {
        char *end = p + strcspn(p, ",");
        char *next = *end == ',' ? end + 1 : end;
        *end = '\0';
        p += strspn(p, " \"");
        p[strcspn(p, "\"")] = '\0';
        cells[n++] = p;
        p = next;
    }
    return n;
}

static bool find_columns(char *header, columns_t *c)
{
    char *cells[COLUMNS];
    size_t n = split(header, cells);
    *c = (columns_t){-1, -1, -1, -1, -1, -1};
    for (int i = 0; i < (int)n; i++) {
        if (strncasecmp(cells[i], "time", 4) == 0) {
            c->time = i;
        } else if (strncasecmp(cells[i], "packet", 6) == 0) {
            c->packet = i;
        } else if (strncasecmp(cells[i], "address", 7) == 0) {
            c->addr = i;
        } else if (strncasecmp(cells[i], "data", 4) == 0) {
            c->data = i;
        } else if (strncasecmp(cells[i], "read", 4) == 0) {
            c->rw = i;
        } else if (strncasecmp(cells[i], "ack", 3) == 0) {
            c->ack = i;
        }
    }
    return c->time >= 0 && c->packet >= 0 && c->addr >= 0 && c->data >= 0 && c->rw >= 0;
}

// False: a number that no bus has.
static bool add_row(lp_chip_transfer_t *t, char **cells, const columns_t *c)
{
    const unsigned long addr = strtoul(cells[c->addr], NULL, 0);
    const unsigned long data = strtoul(cells[c->data], NULL, 0);
    const double time_s = strtod(cells[c->time], NULL);
    if (addr > 0xFF || data > 0xFF || !(time_s > -TIME_MAX_S && time_s < TIME_MAX_S)) {
        return false;
    }
    t->us = time_s > 0 ? (uint64_t)(time_s * 1e6) : 0;   // before the trigger some count downwards
    t->addr = (uint8_t)(addr > 0x7F ? addr >> 1 : addr); // some show it with the read bit
    t->read = strncasecmp(cells[c->rw], "read", 4) == 0;
    t->ack = true;
    if (t->len < sizeof t->bytes) {
        t->bytes[t->len++] = (uint8_t)data;
    }
    return true;
}

int lp_chip_read_csv(FILE *f, lp_chip_transfer_fn *each, void *ctx)
{
    char line[LINE];
    char packet[64] = "";
    columns_t c;
    lp_chip_transfer_t t = {.len = 0};
    bool any = false;
    if (fgets(line, sizeof line, f) == NULL || !find_columns(line, &c)) {
        return 1;
    }
    int last = c.time;
    const int wanted[] = {c.packet, c.addr, c.data, c.rw};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        last = wanted[i] > last ? wanted[i] : last;
    }
    for (int number = 2; fgets(line, sizeof line, f) != NULL; number++) {
        char *cells[COLUMNS];
        if ((int)split(line, cells) <= last) {
            return number;
        }
        if (any && strcmp(packet, cells[c.packet]) != 0) {
            each(ctx, &t);
            t = (lp_chip_transfer_t){.len = 0};
        }
        snprintf(packet, sizeof packet, "%s", cells[c.packet]);
        if (!add_row(&t, cells, &c)) {
            return number;
        }
        any = true;
    }
    if (any) {
        each(ctx, &t);
    }
    return 0;
}
