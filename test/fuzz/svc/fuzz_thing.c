// SPDX-License-Identifier: Apache-2.0
// What a cloud sends on the topics of shadow and jobs: documents, each with a byte for the topic
// and two for the length.
//
// What must hold: only settings that the device shares change, and stay legal; a job is started
// once, is told with what a JSON parser takes for its document, and the device's answers are JSON.
#include <stdio.h>
#include <string.h>

#include "fake/port.h"
#include "fuzz.h"
#include "limpet/settings.h"
#include "limpet/svc_jobs.h"
#include "limpet/svc_shadow.h"

enum { FLASH = 65536, ENTRIES = 96, DONE_MAX = 8 };

static struct {
    lp_loop_t loop;
    lp_store_t store;
    lp_store_entry_t entries[ENTRIES];
    lp_config_t config;
    lp_config_value_t values[LP_SETTINGS_COUNT];
    lp_store_item_t items[LP_SETTINGS_COUNT];
    uint8_t arena[LP_SETTINGS_ARENA];
    lp_svc_cloud_t cloud; // its state only
    lp_svc_shadow_t shadow;
    lp_svc_jobs_t jobs;
    lp_cloud_client_t *clients;
    struct {
        lp_mqtt_done_fn *fn;
        void *ctx;
    } done[DONE_MAX]; // what the cloud has yet to acknowledge
    size_t n_done;
} dev;

// -- a cloud that takes everything

static lp_err_t take(lp_mqtt_done_fn *fn, void *ctx)
{
    if (dev.n_done == DONE_MAX) {
        return LP_E_NOSPACE;
    }
    dev.done[dev.n_done].fn = fn;
    dev.done[dev.n_done++].ctx = ctx;
    return LP_OK;
}

static void acknowledge(void)
{
    const lp_mqtt_result_t result = {0};
    for (size_t i = 0; i < dev.n_done; i++) { // these may ask for more
        if (dev.done[i].fn != NULL) {
            dev.done[i].fn(dev.done[i].ctx, LP_OK, &result);
        }
    }
    dev.n_done = 0;
}

void lp_svc_cloud_add_client(lp_svc_cloud_t *svc, lp_cloud_client_t *client)
{
    (void)svc;
    client->next_ = dev.clients;
    dev.clients = client;
}

const char *lp_svc_cloud_thing(const lp_svc_cloud_t *svc)
{
    (void)svc;
    return "t1";
}

lp_err_t lp_svc_cloud_send(lp_svc_cloud_t *svc, const char *topic, lp_span_t payload, uint8_t qos,
                           lp_mqtt_done_fn *done, void *ctx)
{
    lp_json_t tree;
    (void)svc;
    (void)qos;
    MUST(strncmp(topic, "$aws/things/t1/", 15) == 0 && strlen(topic) < LP_CLOUD_INCOMING_MAX);
    MUST(strpbrk(topic + 15, "+#") == NULL);
    MUST(payload.len == 0 || lp_json_parse(payload, &tree) == LP_OK);
    return take(done, ctx);
}

lp_err_t lp_svc_cloud_subscribe(lp_svc_cloud_t *svc, const lp_mqtt_filter_t *filters, size_t count,
                                lp_mqtt_done_fn *done, void *ctx)
{
    (void)svc;
    (void)filters;
    (void)count;
    return take(done, ctx);
}

// -- the device

static void on_job(void *ctx, lp_svc_jobs_t *jobs, lp_json_t document)
{
    lp_json_t tree;
    (void)ctx;
    MUST(lp_json_parse(document.raw, &tree) == LP_OK);
    const char *id = lp_svc_jobs_current(jobs);
    MUST(id[0] != '\0' && strlen(id) < LP_JOB_ID_MAX && strpbrk(id, "/+#") == NULL);
    if (document.raw.len % 2 == 0) { // some jobs go on until the next document
        (void)lp_svc_jobs_end(jobs, LP_JOB_FAILED, "no reason \"at\\all\"");
    }
}

static void start(void)
{
    static const char *const keys[] = {"telemetry.interval_s", "log.level", NULL};
    memset(&dev, 0, sizeof dev);
    fake_system_reset();
    fake_clock_reset();
    fake_flash_reset((lp_flash_geometry_t){FLASH, 4096, 4});
    lp_loop_init(&dev.loop);
    const lp_store_config_t store = {
        .size_bytes = FLASH, .entries = dev.entries, .max_entries = ENTRIES};
    MUST(lp_store_open(&dev.store, &store) == LP_OK);
    const lp_config_setup_t config = {.rows = lp_settings,
                                      .count = LP_SETTINGS_COUNT,
                                      .values = dev.values,
                                      .items = dev.items,
                                      .arena = dev.arena,
                                      .arena_bytes = sizeof dev.arena,
                                      .store = &dev.store};
    MUST(lp_config_init(&dev.config, &config) == LP_OK);
    lp_config_load(&dev.config, NULL);
    lp_svc_shadow_init(&dev.shadow, &(lp_svc_shadow_setup_t){.loop = &dev.loop,
                                                             .config = &dev.config,
                                                             .cloud = &dev.cloud,
                                                             .keys = keys});
    lp_svc_jobs_init(&dev.jobs, &(lp_svc_jobs_setup_t){
                                    .config = &dev.config, .cloud = &dev.cloud, .handler = on_job});
    lp_json_t wanted;
    static const char on[] = "{\"cloud\":{\"shadow\":true,\"jobs\":true}}";
    MUST(lp_json_parse(lp_span_str(on), &wanted) == LP_OK);
    MUST(lp_config_set(&dev.config, wanted, NULL) == LP_OK);
}

static void run(void)
{
    for (int i = 0; i < 3; i++) {
        acknowledge();
        lp_loop_turn(&dev.loop, 0);
        fake_clock_advance_ms(10);
    }
}

static void login(void)
{
    dev.cloud.state = LP_CLOUD_CONNECTED;
    for (lp_cloud_client_t *c = dev.clients; c != NULL; c = c->next_) {
        c->on_connected(c->ctx, false);
    }
    run();
}

static void deliver(unsigned which, lp_span_t payload)
{
    static const char *const topics[] = {
        "$aws/things/t1/shadow/update/delta", "$aws/things/t1/shadow/get/accepted",
        "$aws/things/t1/jobs/notify-next", "$aws/things/t1/jobs/start-next/accepted",
        "$aws/things/t2/jobs/start-next/accepted"};
    for (lp_cloud_client_t *c = dev.clients; c != NULL; c = c->next_) {
        c->on_message(c->ctx, topics[which % (sizeof topics / sizeof topics[0])], payload);
    }
    run();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    login();
    while (size > 3) {
        const size_t wanted = (size_t)data[1] << 8 | data[2];
        const size_t len = wanted < size - 3 ? wanted : size - 3;
        deliver(data[0], lp_span(data + 3, len));
        data += 3 + len;
        size -= 3 + len;
    }
    const int32_t interval_s = lp_config_int(&dev.config, "telemetry.interval_s");
    MUST(interval_s >= 1);
    MUST(lp_config_bool(&dev.config, "cloud.shadow") && lp_config_bool(&dev.config, "cloud.jobs"));
    return 0;
}
