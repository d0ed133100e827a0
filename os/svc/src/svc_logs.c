// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_logs.h"

#include <string.h>

#include "limpet/address.h"
#include "limpet/port/clock.h"
#include "limpet/settings.h"

#define FILE_NAME "log.txt"
#define FILE_OLD  "log.1.txt"

enum { SYSLOG_LINES_S = 20, MQTT_LINES_S = 2, FILE_LINES_S = 50 };

// -- when a line was logged

// "W 12.345 ...": its uptime. 0 when it has none.
static uint64_t uptime_of(lp_span_t line)
{
    uint64_t ms = 0;
    for (size_t i = 2; i < line.len && line.ptr[i] != ' '; i++) {
        if (line.ptr[i] >= '0' && line.ptr[i] <= '9') {
            ms = ms * 10 + (uint64_t)(line.ptr[i] - '0');
        }
    }
    return ms;
}

// 0: the time is not known.
static int64_t utc_of(const lp_log_ring_line_t *line)
{
    int64_t now_s = 0;
    if (lp_port_utc_s(&now_s) != LP_OK) {
        return 0;
    }
    const int64_t ago_ms = (int64_t)lp_port_now_ms() - (int64_t)uptime_of(line->text);
    return now_s * 1000 - (ago_ms > 0 ? ago_ms : 0);
}

// -- syslog

static lp_err_t send_syslog(void *ctx, const lp_log_ring_line_t *line)
{
    const lp_svc_logs_t *svc = ctx;
    uint8_t text[LP_SYSLOG_MAX];
    lp_buf_t out = lp_buf(text, sizeof text);
    const int64_t utc_ms = utc_of(line);
    if (utc_ms == 0 && !svc->without_time_) {
        return LP_E_AGAIN;
    }
    const lp_err_t err =
        lp_syslog_format(&out, line, utc_ms, lp_setting_device_id(svc->s_.config), svc->s_.app);
    return err == LP_OK ? lp_port_udp_put(&svc->server_, lp_span(out.ptr, out.len)) : err;
}

// -- MQTT

static lp_err_t send_mqtt(void *ctx, const lp_log_ring_line_t *line)
{
    const lp_svc_logs_t *svc = ctx;
    return svc->s_.publish(svc->s_.ctx, line->text);
}

// -- the file

static lp_err_t rotate(lp_svc_logs_t *svc, size_t more)
{
    uint32_t bytes = 0;
    const lp_err_t err = lp_files_size(svc->s_.files, LP_FILES_PLAIN, FILE_NAME, &bytes);
    if (err != LP_OK || bytes + more <= svc->file_bytes_) {
        return err == LP_E_NOT_FOUND ? LP_OK : err;
    }
    return lp_files_rename(svc->s_.files, FILE_NAME, FILE_OLD, true);
}

static void flush(void *ctx)
{
    lp_svc_logs_t *svc = ctx;
    lp_timer_stop(svc->s_.loop, &svc->flush_);
    if (svc->batch_len_ == 0) {
        return;
    }
    lp_err_t err = rotate(svc, svc->batch_len_);
    if (err == LP_OK) {
        err = lp_files_append(svc->s_.files, FILE_NAME, lp_span(svc->batch_, svc->batch_len_));
    }
    if (err == LP_E_NOSPACE) { // what is older makes room
        (void)lp_files_remove(svc->s_.files, LP_FILES_PLAIN, FILE_OLD);
        (void)lp_files_append(svc->s_.files, FILE_NAME, lp_span(svc->batch_, svc->batch_len_));
    }
    svc->batch_len_ = 0;
}

static lp_err_t send_file(void *ctx, const lp_log_ring_line_t *line)
{
    lp_svc_logs_t *svc = ctx;
    if (svc->batch_len_ + line->text.len + 1 > sizeof svc->batch_) {
        flush(svc);
    }
    if (svc->batch_len_ == 0) {
        lp_timer_start(svc->s_.loop, &svc->flush_, LP_SVC_LOGS_FILE_MS);
    }
    memcpy(svc->batch_ + svc->batch_len_, line->text.ptr, line->text.len);
    svc->batch_len_ += line->text.len;
    svc->batch_[svc->batch_len_++] = '\n';
    if (line->level == LP_LOG_ERROR) {
        flush(svc); // it may be the last one
    }
    return LP_OK;
}

// -- settings

static lp_log_level_t level(const lp_svc_logs_t *svc, const char *key, bool is_possible)
{
    lp_log_level_t wanted = LP_LOG_OFF;
    if (!is_possible ||
        lp_log_level(lp_span_str(lp_config_str(svc->s_.config, key)), &wanted) != LP_OK) {
        return LP_LOG_OFF;
    }
    return wanted;
}

void lp_svc_logs_poke(lp_svc_logs_t *svc)
{
    const char *server = lp_config_str(svc->s_.config, "logs.syslog");
    svc->has_server_ = server[0] != '\0' && lp_address_of(server, svc->server_.addr) == LP_OK;
    svc->server_.port = (uint16_t)lp_config_int(svc->s_.config, "logs.syslog_port");
    svc->without_time_ = lp_config_bool(svc->s_.config, "logs.syslog_without_time");
    svc->file_bytes_ = (uint32_t)lp_config_int(svc->s_.config, "logs.file_kb") * 1024;
    lp_log_outlet_open(&svc->syslog_, level(svc, "logs.syslog_level", svc->has_server_));
    lp_log_outlet_open(&svc->mqtt_, level(svc, "logs.mqtt_level", svc->s_.publish != NULL));
    lp_log_outlet_open(&svc->file_, level(svc, "logs.file_level", svc->s_.files != NULL));
}

void lp_svc_logs_stop(lp_svc_logs_t *svc)
{
    flush(svc);
}

void lp_svc_logs_init(lp_svc_logs_t *svc, const lp_svc_logs_setup_t *setup)
{
    *svc = (lp_svc_logs_t){.s_ = *setup};
    lp_timer_init(&svc->flush_, flush, svc);
    lp_log_outlet_init(&svc->syslog_, setup->loop, setup->ring, send_syslog, svc, SYSLOG_LINES_S);
    lp_log_outlet_init(&svc->mqtt_, setup->loop, setup->ring, send_mqtt, svc, MQTT_LINES_S);
    lp_log_outlet_init(&svc->file_, setup->loop, setup->ring, send_file, svc, FILE_LINES_S);
    lp_svc_logs_poke(svc);
}
