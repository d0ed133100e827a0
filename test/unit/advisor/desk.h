// SPDX-License-Identifier: Apache-2.0
// A run of the advisor on the desk: time, connections and a device's packets are the test's.
#ifndef DESK_H
#define DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "limpet/advisor.h"
#include "limpet/mqtt_packet.h"

typedef struct {
    lp_advisor_t *run;
    uint64_t now_ms;
    lp_mqtt_version_t version;
    unsigned closes;
    unsigned last_closed;
    unsigned connacks, subacks, pubacks, pingresps;
    bool session_present; // of the last CONNACK
    // The last PUBLISH to the device.
    unsigned publishes;
    char topic[300];
    char payload[600];
    size_t payload_len;
    uint16_t packet_id;
} desk_t;

extern desk_t desk;

// Starts a case; `params` may be null.
void desk_start(const char *id, const lp_advisor_params_t *params);
void desk_stop(void);
void desk_wait(uint64_t ms);

// What the device does. A connection is 0..7.
void desk_open(unsigned conn);
void desk_hello(unsigned conn, const void *suites, size_t len);
void desk_secure(unsigned conn);
void desk_gone(unsigned conn, int alert); // -1: none
void desk_bytes(unsigned conn, const void *bytes, size_t len);
void desk_connect(unsigned conn, bool clean, uint16_t keep_alive_s);
// All of open, hello, secure, CONNECT with a clean session and 60 s.
void desk_login(unsigned conn);
void desk_subscribe(unsigned conn, uint16_t id, const char *filter, uint8_t qos);
void desk_publish(unsigned conn, const char *topic, const char *payload, uint8_t qos, uint16_t id,
                  bool is_dup);
void desk_puback(unsigned conn, uint16_t id);
void desk_ping(unsigned conn);

// The verdict, and words that its reason has.
void desk_expect(lp_advisor_verdict_t verdict, const char *words);
void desk_expect_running(void);

#endif
