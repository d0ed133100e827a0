// SPDX-License-Identifier: Apache-2.0
// limpet/svc_logs.h - the log to a syslog server, to the cloud's broker, and into a file, as logs.*
// say.
// @context loop
#ifndef LIMPET_SVC_LOGS_H
#define LIMPET_SVC_LOGS_H

#include "limpet/config.h"
#include "limpet/files.h"
#include "limpet/log_outlet.h"
#include "limpet/port/net.h"

enum { LP_SVC_LOGS_FILE_BATCH = 1024, LP_SVC_LOGS_FILE_MS = 10000, LP_SYSLOG_MAX = 480 };

typedef struct {
    lp_loop_t *loop;
    const lp_config_t *config; // with the settings logs.*
    const lp_log_ring_t *ring;
    const char *app;
    lp_files_t *files; // null: none
    // Publishes a line; null: there is no broker. Errors as of lp_log_outlet_fn.
    lp_err_t (*publish)(void *ctx, lp_span_t line);
    void *ctx;
} lp_svc_logs_setup_t;

typedef struct {
    lp_svc_logs_setup_t s_;
    lp_log_outlet_t syslog_, mqtt_, file_;
    lp_net_peer_t server_;
    bool has_server_;
    bool without_time_;
    uint32_t file_bytes_;
    uint8_t batch_[LP_SVC_LOGS_FILE_BATCH]; // for the file: flash is not written for each line
    size_t batch_len_;
    lp_timer_t flush_;
} lp_svc_logs_t;

void lp_svc_logs_init(lp_svc_logs_t *svc, const lp_svc_logs_setup_t *setup);
// Settings changed.
void lp_svc_logs_poke(lp_svc_logs_t *svc);
// Before the board goes down: what waits for the file is written.
void lp_svc_logs_stop(lp_svc_logs_t *svc);

// One line as RFC 5424 has it. `utc_ms` 0: the time is not known.
// LP_E_NOSPACE: it does not fit.
lp_err_t lp_syslog_format(lp_buf_t *out, const lp_log_ring_line_t *line, int64_t utc_ms,
                          const char *host, const char *app);

#endif
