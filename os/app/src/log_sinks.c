// SPDX-License-Identifier: Apache-2.0
// An image that sends its log on: to a syslog server, the broker, a file. net.c starts and ends it.
#include "app_internal.h"
#include "app_manifest.h"
#include "extras.h"
#include "limpet/svc_logs.h"

static lp_svc_logs_t logs;
static bool is_started;

static lp_err_t publish_line(void *ctx, lp_span_t line)
{
    const lp_err_t err = lp_svc_cloud_publish(ctx, "log", line);
    return err == LP_E_STATE ? LP_E_AGAIN : err; // until the cloud is on
}

void lp_app_log_sinks_start(const lp_app_t *app)
{
    const lp_svc_logs_setup_t setup = {.loop = app->loop,
                                       .config = app->config,
                                       .ring = lp_app_extras_log_ring(),
                                       .app = LP_APP_NAME,
                                       .files = app->files,
                                       .publish = app->cloud != NULL ? publish_line : NULL,
                                       .ctx = app->cloud};
    lp_svc_logs_init(&logs, &setup);
    is_started = true;
}

void lp_app_log_sinks_changed(void)
{
    if (is_started) {
        lp_svc_logs_poke(&logs);
    }
}

void lp_app_log_sinks_stop(void)
{
    if (is_started) {
        lp_svc_logs_stop(&logs);
    }
}
