// SPDX-License-Identifier: Apache-2.0
#include "limpet/log.h"

#include <stdarg.h>
#include <string.h>

#include "limpet/port/clock.h"
#include "limpet/port/system.h"
#include "limpet/span.h"

enum { MODULES_MAX = 8, MODULE_NAME_MAX = 15 };

typedef struct {
    lp_log_level_t others;
    unsigned count;
    struct {
        char name[MODULE_NAME_MAX + 1];
        lp_log_level_t level;
    } module[MODULES_MAX];
} levels_t;

static levels_t levels = {.others = LP_LOG_INFO};
static lp_log_sink_t *sinks; // in the order they were added
static bool is_telling;      // a sink runs

static const char *const level_names[] = {
    [LP_LOG_OFF] = "off",   [LP_LOG_ERROR] = "error", [LP_LOG_WARN] = "warn",
    [LP_LOG_INFO] = "info", [LP_LOG_DEBUG] = "debug",
};
static const char level_letters[] = "-EWID";

lp_err_t lp_log_level(lp_span_t name, lp_log_level_t *level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (lp_span_equal_str(name, level_names[i])) {
            *level = (lp_log_level_t)i;
            return LP_OK;
        }
    }
    return LP_E_FORMAT;
}

// The text up to `stop` or the end; *s moves behind it.
static lp_span_t take_word(const char **s, const char *stop)
{
    const size_t len = strcspn(*s, stop);
    const lp_span_t word = lp_span(*s, len);
    *s += len;
    return word;
}

static bool parse_module(levels_t *into, lp_span_t name, lp_span_t level)
{
    if (name.len == 0 || name.len > MODULE_NAME_MAX || into->count == MODULES_MAX) {
        return false;
    }
    memcpy(into->module[into->count].name, name.ptr, name.len);
    into->module[into->count].name[name.len] = '\0';
    return lp_log_level(level, &into->module[into->count++].level) == LP_OK;
}

static lp_err_t parse_levels(levels_t *into, const char *spec)
{
    *into = (levels_t){.others = LP_LOG_INFO};
    if (spec[0] == '*' && (spec[1] == ':' || spec[1] == '=')) {
        spec += 2;
    }
    if (lp_log_level(take_word(&spec, ","), &into->others) != LP_OK) {
        return LP_E_FORMAT;
    }
    while (*spec == ',') {
        spec++;
        const lp_span_t name = take_word(&spec, "=:,");
        if (*spec != '=' && *spec != ':') {
            return LP_E_FORMAT;
        }
        spec++;
        if (!parse_module(into, name, take_word(&spec, ","))) {
            return LP_E_FORMAT;
        }
    }
    return LP_OK;
}

lp_err_t lp_log_check_levels(const char *spec)
{
    levels_t parsed;
    return parse_levels(&parsed, spec);
}

lp_err_t lp_log_set_levels(const char *spec)
{
    levels_t parsed;
    const lp_err_t err = parse_levels(&parsed, spec);
    if (err == LP_OK) {
        levels = parsed;
    }
    return err;
}

bool lp_log_is_on(lp_log_level_t level, const char *module)
{
    lp_log_level_t highest = levels.others;
    for (unsigned i = 0; i < levels.count; i++) {
        if (strcmp(levels.module[i].name, module) == 0) {
            highest = levels.module[i].level;
        }
    }
    return level != LP_LOG_OFF && level <= highest;
}

// Control characters could forge a second line, or drive the terminal of whoever reads this.
static void mask_controls(lp_buf_t *line)
{
    for (size_t i = 0; i < line->len; i++) {
        if (line->ptr[i] < 0x20 || line->ptr[i] == 0x7F) {
            line->ptr[i] = '?';
        }
    }
}

void lp_log_add_sink(lp_log_sink_t *sink)
{
    lp_log_sink_t **end = &sinks;
    while (*end != NULL) {
        if (*end == sink) {
            return;
        }
        end = &(*end)->next_;
    }
    sink->next_ = NULL;
    *end = sink;
}

static void tell(lp_log_level_t level, lp_span_t line)
{
    if (is_telling) {
        return;
    }
    is_telling = true;
    for (lp_log_sink_t *s = sinks; s != NULL; s = s->next_) {
        s->put(s->ctx, level, line);
    }
    is_telling = false;
}

void lp_log(lp_log_level_t level, const char *module, const char *fmt, ...)
{
    if (!lp_log_is_on(level, module)) {
        return;
    }
    uint8_t bytes[LP_LOG_LINE_MAX];
    lp_buf_t line = lp_buf(bytes, sizeof bytes);
    const uint64_t now_ms = lp_port_now_ms();
    (void)lp_fmt(&line, "%c %lu.%03u %s: ", level_letters[level], (unsigned long)(now_ms / 1000),
                 (unsigned)(now_ms % 1000), module);
    va_list args;
    va_start(args, fmt);
    if (lp_vfmt(&line, fmt, args) == LP_E_NOSPACE) {
        memcpy(line.ptr + line.len - 3, "...", 3);
    }
    va_end(args);
    mask_controls(&line);
    lp_port_log_line((const char *)line.ptr, line.len);
    tell(level, lp_span(line.ptr, line.len));
}
