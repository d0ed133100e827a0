// SPDX-License-Identifier: Apache-2.0
// limpet/app.h - what an application is written against: it publishes, listens, and does things
// every so often.
//
// An application is one or more C files beside a manifest, limpet.json. It defines lp_app_main(),
// which the platform calls once when storage, settings, the chip and the cloud client are there;
// from then on the application lives in callbacks from the loop. Nothing here blocks, and no
// callback may. docs/apps.md is the guide.
//
// @context loop, for everything here
#ifndef LIMPET_APP_H
#define LIMPET_APP_H

#include "limpet/counters.h"
#include "limpet/events.h"
#include "limpet/files.h"
#include "limpet/fmt.h"
#include "limpet/i2c.h"
#include "limpet/link.h"
#include "limpet/power.h"
#include "limpet/svc_cloud.h"
#include "limpet/svc_cron.h"
#include "limpet/svc_seal.h"

// Repeats a function. Private; the application owns it, static as a rule.
typedef struct lp_app_task {
    struct lp_app_task *next_;
    struct lp_app *app_;
    const char *setting_; // null: period_ms_ counts
    uint32_t period_ms_;
    uint64_t due_ms_;
    lp_loop_fn *fn_;
    void *ctx_;
    lp_timer_t timer_;
} lp_app_task_t;

// Listens to a topic. Private; the application owns it.
typedef void lp_app_message_fn(void *ctx, lp_span_t payload);
typedef struct {
    lp_cloud_client_t client_;
    struct lp_app *app_;
    const char *what_;
    lp_app_message_fn *fn_;
    void *ctx_;
} lp_app_topic_t;

// The platform, as the application sees it. Everything is there for as long as the board runs.
typedef struct lp_app {
    lp_loop_t *loop;
    lp_config_t *config;
    lp_rpc_t *rpc; // for methods of the application's own, see limpet/rpc.h
    lp_counters_t *counters;
    lp_svc_chip_t *chip;
    lp_svc_cloud_t *cloud; // null: this board has no TLS, and so no cloud
    lp_i2c_bus_t *i2c;     // null: no bus is wired
    lp_svc_cron_t *cron;   // null on small images; lp_svc_cron_add_action() gives it more to do
    lp_files_t *files;     // null: this image has none, or they cannot be read
    lp_svc_seal_t *seal;   // files that are of use on this board only; null like `files`
    lp_app_task_t *tasks_;
} lp_app_t;

// Opens the board's own Wi-Fi network for setting it up (docs/wifi.md): a button was pressed.
// Errors as lp_svc_wifi_open_setup(); LP_E_UNSUPPORTED: this board has no radio.
lp_err_t lp_app_open_setup(void);

// The application's own: called once, when the platform is ready and before the loop turns.
void lp_app_main(lp_app_t *app);

// Calls fn(ctx) in the next turn of the loop and then every period_ms (at least 1), without
// drifting; what was missed while the loop was busy is left out. Lends `task`. Starting it again
// gives it the new period.
void lp_app_every(lp_app_t *app, lp_app_task_t *task, uint32_t period_ms, lp_loop_fn *fn,
                  void *ctx);

// The same with the period in seconds from the setting `key`, a whole number; a change of it counts
// at once.
void lp_app_every_setting(lp_app_t *app, lp_app_task_t *task, const char *key, lp_loop_fn *fn,
                          void *ctx);

// No more calls. Does nothing when it is not running.
void lp_app_stop_task(lp_app_task_t *task);

// Publishes the text on limpet/<thing>/<what>, QoS 1: kept and sent again until the broker has
// acknowledged it; the oldest goes when the queue is full. The formats are those of limpet/fmt.h.
// LP_E_STATE: the cloud is off; LP_E_NOSPACE: the text is longer than the image's
// SIZE_TELEMETRY_BYTES, nothing was queued; else as lp_svc_cloud_publish(). What fails is logged,
// too, so that a sensor may ignore it.
lp_err_t lp_app_publish(lp_app_t *app, const char *what, const char *fmt, ...) LP_FMT_CHECK(3, 4);

// One number of a message: `value` with so many decimals, as sensors give it: 2150 with 2 is 21.50.
typedef struct {
    const char *name;
    int32_t value;
    uint8_t decimals;
} lp_app_reading_t;

// The same with a JSON object of the readings, {"celsius":21.50,"humidity":40.00}.
lp_err_t lp_app_publish_readings(lp_app_t *app, const char *what, const lp_app_reading_t *readings,
                                 size_t count);

// Calls fn(ctx, payload) for each message on limpet/<thing>/<what>: subscribes now and after each
// login. Lends `topic` and `what` for good. The payload is borrowed until the return, and whoever
// may publish there wrote it: check it. LP_E_STATE: there is no cloud on this board.
lp_err_t lp_app_listen(lp_app_t *app, lp_app_topic_t *topic, const char *what,
                       lp_app_message_fn *fn, void *ctx);

// What limpet/http_client.h, limpet/ws_client.h and limpet/mqtt_link.h stand on. Null: this image
// has no connections but the cloud's.
const lp_link_base_t *lp_app_net(const lp_app_t *app);

// What happens on the board (limpet/events.h), and what the application itself tells: groups from
// LP_EVENTS_APP on are its own. Null: this image has no events.
lp_events_t *lp_app_events(const lp_app_t *app);

// Deep sleep (limpet/power.h). Null: this image cannot.
lp_power_t *lp_app_power(const lp_app_t *app);

// A further MQTT connection, by the group of its settings ("mqtt1"). Null: this image has none of
// that name.
struct lp_mqtt_link;
struct lp_mqtt_link *lp_app_mqtt(const lp_app_t *app, const char *name);

#endif
