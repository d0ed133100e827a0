// SPDX-License-Identifier: Apache-2.0
#include "boot_chart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BAR = 50, RESTART_MS = 1000 }; // lines may change places a little

// What the firmware says at the end of each phase. Some of it needs log.level debug.
static const struct {
    const char *name;
    const char *words;
} phases[LP_BOOT_PHASES] = {
    {"boot", " app: "},
    {"link", " net: the cable is in"},
    {"address", " net: address "},
    {"time", " sntp: the time server was asked"},
    {"chip", " chip: "},
    {"key", " cloud: dialing "},
    {"TCP", " cloud: TCP is open"},
    {"TLS", " cloud: TLS is open"},
    {"CONNACK", " cloud: connected to "},
    {"PUBACK", " cloud: first message acknowledged"},
};

void lp_boot_chart_init(lp_boot_chart_t *chart)
{
    *chart = (lp_boot_chart_t){.seen = 0};
    for (unsigned i = 0; i < LP_BOOT_PHASES; i++) {
        chart->at_ms[i] = -1;
    }
}

const char *lp_boot_chart_name(unsigned phase)
{
    return phases[phase].name;
}

// "I 12.345 module: words": the time; -1 when it is no line of a log.
static int64_t time_of(const char *line)
{
    char seconds[10], ms[4], level = 0;
    int end = 0;
    const bool is_log = sscanf(line, "%c %9[0-9].%3[0-9]%n", &level, seconds, ms, &end) == 3 &&
                        strchr("IDWE", level) != NULL && strlen(ms) == 3 && line[end] == ' ';
    return is_log ? strtoll(seconds, NULL, 10) * 1000 + strtoll(ms, NULL, 10) : -1;
}

// A start begins the chart, but for what the board says before its application does.
static bool is_start(const lp_boot_chart_t *chart, int64_t at_ms)
{
    const int64_t last = chart->seen > 0 ? chart->at_ms[chart->order[chart->seen - 1]] : -1;
    return !chart->has_begun || at_ms < last - RESTART_MS;
}

static void note(lp_boot_chart_t *chart, unsigned phase, int64_t at_ms)
{
    if (chart->at_ms[phase] < 0) {
        chart->at_ms[phase] = at_ms;
        unsigned i = chart->seen++;
        for (; i > 0 && chart->at_ms[chart->order[i - 1]] > at_ms; i--) {
            chart->order[i] = chart->order[i - 1];
        }
        chart->order[i] = phase;
        chart->is_done = chart->is_done || phase == LP_BOOT_PHASES - 1;
    }
}

void lp_boot_chart_line(lp_boot_chart_t *chart, const char *line)
{
    const int64_t at_ms = time_of(line);
    if (at_ms < 0 || chart->is_done) {
        return;
    }
    if (is_start(chart, at_ms)) {
        lp_boot_chart_init(chart);
        chart->has_begun = true;
    }
    for (unsigned i = 0; i < LP_BOOT_PHASES; i++) {
        if (strstr(line, phases[i].words) != NULL) {
            note(chart, i, at_ms);
            return;
        }
    }
}

void lp_boot_chart_row(const lp_boot_chart_t *chart, unsigned row, char *text, unsigned cap)
{
    const int64_t end = chart->at_ms[chart->order[row]];
    const int64_t begin = row > 0 ? chart->at_ms[chart->order[row - 1]] : 0;
    const int64_t all = chart->at_ms[chart->order[chart->seen - 1]] + 1;
    char bar[BAR + 1] = "";
    for (int64_t i = 0; i < BAR; i++) {
        bar[i] = i >= BAR * begin / all && i <= BAR * end / all ? '#' : '.';
    }
    snprintf(text, cap, "%-8s %6lld ms  %s", phases[chart->order[row]].name,
             (long long)(end - begin), bar);
}
