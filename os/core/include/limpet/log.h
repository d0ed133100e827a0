// SPDX-License-Identifier: Apache-2.0
// limpet/log.h - one line per happening, with a level per module.
//
// A line says what happened, to what, with which number:
//     W 12.345 cloud: connection lost after 31 s (connection reset), again in 4 s
// Lines go to lp_port_log_line() and to the sinks of the image. Bytes that could drive a terminal
// or forge a line (control characters) are shown as '?'; longer lines are cut with "...". Secrets
// are never arguments.
#ifndef LIMPET_LOG_H
#define LIMPET_LOG_H

#include <stdbool.h>

#include "limpet/err.h"
#include "limpet/fmt.h"
#include "limpet/span.h"

enum { LP_LOG_LINE_MAX = 256 };

typedef enum {
    LP_LOG_OFF,
    LP_LOG_ERROR, // something the device was asked for does not work
    LP_LOG_WARN,  // it works, but somebody should know
    LP_LOG_INFO,  // few lines in normal work
    LP_LOG_DEBUG, // for those who work on that module
} lp_log_level_t;

// Sets the levels: "info", or with modules "info,cloud=debug,atecc=off" (at most 8 modules);
// "*:info,cloud:debug" means the same.
// LP_E_FORMAT: not understood; the levels stay as they were.
lp_err_t lp_log_set_levels(const char *spec);

// LP_OK when lp_log_set_levels() would take `spec`.
lp_err_t lp_log_check_levels(const char *spec);

// Whether a line of `level` from `module` would be written; for arguments that cost something.
bool lp_log_is_on(lp_log_level_t level, const char *module);

// Writes one line; `fmt` as in limpet/fmt.h. Cheap when the level is off.
// @context loop
void lp_log(lp_log_level_t level, const char *module, const char *fmt, ...) LP_FMT_CHECK(3, 4);

// A place that lines go to besides the console. `line` is borrowed; what a sink logs itself goes to
// the console alone.
// @context loop
typedef struct lp_log_sink {
    void (*put)(void *ctx, lp_log_level_t level, lp_span_t line);
    void *ctx;
    struct lp_log_sink *next_;
} lp_log_sink_t;

// Adds `sink` (lends), which takes lines from now on; there is no way back. Once is enough.
void lp_log_add_sink(lp_log_sink_t *sink);

// A level by its name. LP_E_FORMAT: there is none of that name.
lp_err_t lp_log_level(lp_span_t name, lp_log_level_t *level);

// Shorthands for a file that defines LOG_MODULE, e.g. #define LOG_MODULE "cloud".
#define LP_LOGE(...) lp_log(LP_LOG_ERROR, LOG_MODULE, __VA_ARGS__)
#define LP_LOGW(...) lp_log(LP_LOG_WARN, LOG_MODULE, __VA_ARGS__)
#define LP_LOGI(...) lp_log(LP_LOG_INFO, LOG_MODULE, __VA_ARGS__)
#define LP_LOGD(...) lp_log(LP_LOG_DEBUG, LOG_MODULE, __VA_ARGS__)

#endif
