// SPDX-License-Identifier: Apache-2.0
// A reading goes to the cloud, to a broker in the house (mqtt1.*), and by HTTP to the server that
// the file post.url names; docs/network.md.
#include <string.h>

#include "limpet/app.h"
#include "limpet/http_client.h"
#include "limpet/log.h"
#include "limpet/mqtt_link.h"
#include "limpet/port/clock.h"

#define LOG_MODULE "courier"

enum { URL_MAX = 256, TEXT_MAX = 64, TOPIC_MAX = 80, TIMEOUT_MS = 10000 };

static const char url_file[] = "post.url", ca_file[] = "post-ca.pem";

static lp_app_task_t task;
static lp_http_client_t http;
static lp_rpc_set_t methods;
static char url[URL_MAX];
static char body[TEXT_MAX]; // lent to the request under way
static uint32_t readings, posted, failed, passed_over;
static unsigned last_status;
static lp_err_t last_err;

static void on_done(void *ctx, lp_err_t err, unsigned status)
{
    (void)ctx;
    const bool is_taken = err == LP_OK && status >= 200 && status < 300;
    last_err = err;
    last_status = status;
    posted += is_taken ? 1 : 0;
    failed += is_taken ? 0 : 1;
    if (err != LP_OK) {
        LP_LOGW("not posted: %s, %s", lp_err_text(err), http.detail);
    } else if (!is_taken) {
        LP_LOGW("not posted: the server's status is %u", status);
    }
}

// The first line of a file that its owner put there; "" when there is none.
static void read_url(lp_files_t *files)
{
    size_t n = 0;
    const bool is_read = files != NULL && lp_files_read(files, LP_FILES_PLAIN, url_file, 0,
                                                        (uint8_t *)url, URL_MAX - 1, &n) == LP_OK;
    url[is_read ? n : 0] = '\0';
    url[strcspn(url, "\r\n")] = '\0';
}

static bool has_ca(lp_files_t *files)
{
    uint32_t size = 0;
    return lp_files_size(files, LP_FILES_PLAIN, ca_file, &size) == LP_OK;
}

static void post(const lp_app_t *app, const char *text)
{
    if (http.state != LP_HTTP_IDLE) {
        passed_over++; // the server is slow: the next reading is newer anyway
        return;
    }
    read_url(app->files);
    if (url[0] == '\0') {
        return;
    }
    static const lp_http_header_t json[] = {{"Content-Type", "application/json"}};
    (void)lp_fmt_str(body, sizeof body, "%s", text);
    const lp_http_wish_t wish = {.method = "POST",
                                 .url = url,
                                 .headers = json,
                                 .header_count = 1,
                                 .body = lp_span_str(body),
                                 .trust = has_ca(app->files) ? ca_file : NULL,
                                 .timeout_ms = TIMEOUT_MS,
                                 .done = on_done};
    const lp_err_t err = lp_http_start(&http, &wish);
    if (err != LP_OK) {
        on_done(NULL, err, 0);
    }
}

static void tell_house(const lp_app_t *app, const char *text)
{
    char topic[TOPIC_MAX];
    lp_mqtt_link_t *house = lp_app_mqtt(app, "mqtt1");
    (void)lp_fmt_str(topic, sizeof topic, "house/%s/reading",
                     lp_config_str(app->config, "device.id"));
    if (house != NULL) { // an error: it is off
        (void)lp_mqtt_link_publish(house, topic, lp_span_str(text), 1, false, NULL, NULL);
    }
}

static void measure(void *ctx)
{
    const lp_app_t *app = ctx;
    char text[TEXT_MAX];
    (void)lp_fmt_str(text, sizeof text, "{\"n\":%lu,\"uptime_s\":%lu}", (unsigned long)++readings,
                     (unsigned long)(lp_port_now_ms() / 1000));
    (void)lp_app_publish(ctx, "reading", "%s", text);
    tell_house(app, text);
    post(app, text);
}

static void put_num(lp_json_writer_t *w, const char *key, uint32_t value)
{
    lp_json_put_key(w, key);
    lp_json_put_uint(w, value);
}

static void status(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    put_num(w, "readings", readings);
    put_num(w, "posted", posted);
    put_num(w, "failed", failed);
    put_num(w, "passed_over", passed_over);
    put_num(w, "status", last_status);
    lp_json_put_key(w, "error");
    lp_json_put_str(w, last_err != LP_OK ? lp_err_name(last_err) : "");
    lp_json_put_key(w, "detail");
    lp_json_put_str(w, http.detail);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

void lp_app_main(lp_app_t *app)
{
    static const lp_rpc_method_t list[] = {
        {"Courier.Status", LP_RPC_READ, status, "",
         "{readings, posted, failed, passed_over, status, error, detail}"}};
    lp_http_client_init(&http, lp_app_net(app));
    methods = (lp_rpc_set_t){.methods = list, .count = 1, .ctx = app};
    lp_rpc_add(app->rpc, &methods);
    lp_app_every_setting(app, &task, "telemetry.interval_s", measure, app);
}
