// SPDX-License-Identifier: Apache-2.0
// The cloud service between fakes: TCP and TLS of the test's own, a broker that speaks real MQTT,
// an emulated chip, virtual time.
#ifndef CLOUD_RIG_H
#define CLOUD_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cert.h"
#include "device.h"
#include "limpet/port/clock.h"
#include "limpet/svc_cloud.h"

typedef struct {
    fake_stream_t wire;
    lp_stream_fn *tcp_fn;
    void *tcp_ctx;
    lp_stream_fn *tls_fn;
    void *tls_ctx;
    lp_event_t tcp_event, tls_event;
    lp_err_t tcp_answer, tls_answer;   // what comes from the loop
    lp_err_t tcp_refuses, tls_refuses; // what the call itself returns
    bool is_silent;                    // nothing comes
    unsigned dials, handshakes, tcp_closes, wire_opens, forgotten;
    bool is_tcp_open, is_tls_open;
    char host[256];
    uint16_t port;
    lp_tls_config_t config; // of the last handshake; only the scalars are looked at
    char alpn[32];
    char key_id[48];
    lp_tls_report_t report;
    void *lent[2]; // by lp_tls_borrow()
    bool lends_nothing;
    uint8_t connack; // return code
    uint8_t connect_flags;
    unsigned keep_alive_s;
    unsigned subscribes;
    bool acknowledges;
    unsigned publishes;
    char topic[256];
    char payload[512];
} net_t;

extern net_t net;
extern device_t dev;
extern lp_svc_cloud_t cloud;
extern world_t *world;

int rig_setup(void **state);
int rig_teardown(void **state);
// Starts the device once more; the flash keeps its content.
void rig_start(bool has_bus);
void rig_run(uint32_t ms);
// The broker answers what the device has sent.
void rig_serve(void);
// Settings as the inside of a JSON object.
void rig_set(const char *config);
// All that is needed for a connection.
void rig_set_all(void);
void rig_connect(void);
// The value at `path` of Cloud.Status, as JSON.
const char *rig_status(const char *path);

#endif
