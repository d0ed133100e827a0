// SPDX-License-Identifier: Apache-2.0
// Where the time goes between power-on and the first message that the broker acknowledged, by the
// board's own log: what came when, as a chart.
#ifndef BOOT_CHART_H
#define BOOT_CHART_H

#include <stdbool.h>
#include <stdint.h>

enum { LP_BOOT_PHASES = 10 };

typedef struct {
    bool has_begun;
    bool is_done;                   // the last phase was seen
    int64_t at_ms[LP_BOOT_PHASES];  // of the board's clock; -1: not seen
    unsigned order[LP_BOOT_PHASES]; // phases by time
    unsigned seen;
} lp_boot_chart_t;

void lp_boot_chart_init(lp_boot_chart_t *chart);

// A line of the log ("I 0.412 net: address 10.0.2.15"). The first line of a start begins anew; what
// was there before, and what is no phase, changes nothing. Each phase counts once.
void lp_boot_chart_line(lp_boot_chart_t *chart, const char *line);

// "boot", "link", ...: of chart->order. Static.
const char *lp_boot_chart_name(unsigned phase);

// A row for people: the phase, how long it took, and 50 places of a bar.
void lp_boot_chart_row(const lp_boot_chart_t *chart, unsigned row, char *text, unsigned cap);

#endif
