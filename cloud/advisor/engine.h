// SPDX-License-Identifier: Apache-2.0
// Private: a run, and what the cases do with it.
#ifndef LP_ADVISOR_ENGINE_H
#define LP_ADVISOR_ENGINE_H

#include "limpet/advisor.h"
#include "packet.h"

struct cJSON;

// What a case is told. Packets have been checked: a malformed one is ADV_BAD.
typedef enum {
    ADV_START,
    ADV_OPEN,
    ADV_HELLO,
    ADV_SECURE,
    ADV_CLOSED,
    ADV_CONNECT,
    ADV_PUBLISH,
    ADV_PUBACK,
    ADV_SUBSCRIBE,
    ADV_UNSUBSCRIBE,
    ADV_PINGREQ,
    ADV_DISCONNECT,
    ADV_BAD,
    ADV_TIMER,
    ADV_EXPIRED, // EXECUTION_TIMEOUT; a case that does not end now fails with what it waits for
} adv_kind_t;

typedef struct {
    adv_kind_t kind;
    unsigned conn;
    const lp_advisor_event_t *ev;     // OPEN, HELLO, SECURE, CLOSED
    const adv_connect_t *connect;     // CONNECT
    const lp_mqtt_publish_t *publish; // PUBLISH, with its whole payload
    const adv_subscribe_t *subscribe; // SUBSCRIBE, UNSUBSCRIBE
    uint16_t packet_id;               // PUBACK
    const char *why;                  // BAD
} adv_input_t;

// A case: told everything first, then the run answers what is not muted.
typedef struct adv_play {
    void (*on)(lp_advisor_t *a, const adv_input_t *in);
    const char *waiting; // "for the device to subscribe": how it fails when time is up
} adv_play_t;

// Answers that the run does not give for now.
enum {
    ADV_MUTE_CONNACK = 1,
    ADV_MUTE_SUBACK = 2,
    ADV_MUTE_PUBACK = 4,
    ADV_MUTE_PINGRESP = 8,
};

typedef struct {
    bool is_open, is_secure, is_logged_in, was_connect;
    lp_mqtt_version_t version;
    uint16_t keep_alive_s;
    char client_id[130];
    uint64_t opened_ms;
    uint8_t *rx;
    size_t rx_len, rx_cap;
} adv_conn_t;

typedef struct {
    char filter[LP_ADVISOR_TOPIC_MAX];
    uint8_t qos;
} adv_filter_t;

// What cases remember. One struct for all: each uses a part of it.
typedef struct {
    int phase;
    unsigned conn;
    uint16_t packet_id;
    char topic[LP_ADVISOR_TOPIC_MAX];
    uint64_t hash;
    unsigned count;
    unsigned flags;
    size_t step;
} adv_state_t;

struct lp_advisor {
    const lp_advisor_case_t *which;
    const adv_play_t *play; // which->play, or the step of a long case
    lp_advisor_params_t p;
    lp_advisor_io_t io;
    uint64_t start_ms, now_ms, expires_ms, timer_ms;
    lp_advisor_verdict_t verdict;
    char reason[LP_ADVISOR_REASON_MAX];
    char warning[LP_ADVISOR_REASON_MAX]; // turns a PASS into one with warnings
    adv_conn_t conns[LP_ADVISOR_CONNS];
    unsigned muted;
    bool is_refusing;
    // The MQTT session of the device.
    bool has_session;
    adv_filter_t filters[LP_ADVISOR_FILTERS];
    size_t filter_count;
    uint16_t next_id;
    // Reconnects.
    bool had_connection;
    uint64_t last_end_ms, last_open_ms;
    uint32_t gap_ms; // before the CONNECT that is being told
    bool has_gap;
    uint32_t gaps[LP_ADVISOR_GAPS];
    size_t gap_count;
    // Shadow and job of the thing.
    struct cJSON *desired, *reported;
    unsigned shadow_version;
    int job; // ADV_JOB_*
    char job_status[20];
    struct cJSON *job_document;
    unsigned job_version;
    adv_state_t s;
};

enum { ADV_JOB_NONE, ADV_JOB_QUEUED, ADV_JOB_IN_PROGRESS, ADV_JOB_OVER };

// --- engine.c -----------------------------------------------------------------------------------

// Ends the run; the first verdict counts. A PASS with a warning becomes LP_ADVISOR_WARN.
void adv_end(lp_advisor_t *a, lp_advisor_verdict_t v, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void adv_warn(lp_advisor_t *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void adv_log(lp_advisor_t *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void adv_timer(lp_advisor_t *a, uint64_t ms); // from now; 0: stops it
uint64_t adv_settle_ms(const lp_advisor_t *a);
// Closes from this side; counts as the end of a connection for gap_ms.
void adv_close(lp_advisor_t *a, unsigned conn);
// Keeps gap_ms; *enough tells that `count` gaps are there.
bool adv_keep_gap(lp_advisor_t *a, size_t count);

// --- session.c ----------------------------------------------------------------------------------

// Decodes and hands on one whole packet; false: it is malformed, and the play was told.
void adv_packet(lp_advisor_t *a, unsigned conn, const lp_mqtt_head_t *head, lp_span_t body);
// The QoS of the subscription that selects `topic`; -1: none does.
int adv_subscribed_qos(const lp_advisor_t *a, const char *topic);
// Sends a message whether or not it was subscribed to. Returns its packet identifier (QoS 0: 0).
uint16_t adv_send(lp_advisor_t *a, unsigned conn, const char *topic, lp_span_t payload,
                  uint8_t qos);
// Sends a JSON text to the device if it has subscribed to the topic.
bool adv_deliver(lp_advisor_t *a, unsigned conn, const char *topic, const char *json);
// A topic that the filter selects: wildcards become "x". Truncated at the end of `out`.
void adv_topic_of_filter(const char *filter, char out[LP_ADVISOR_TOPIC_MAX]);
uint64_t adv_hash(lp_span_t bytes);

// --- thing.c: shadow and jobs as AWS answers them
// --------------------------------------------------

const char *adv_thing(const lp_advisor_t *a, unsigned conn);
void adv_thing_publish(lp_advisor_t *a, unsigned conn, const lp_mqtt_publish_t *p);
void adv_thing_subscribed(lp_advisor_t *a, unsigned conn);
void adv_thing_free(lp_advisor_t *a);
// "$aws/things/T/shadow[/name/N]/" + rest.
void adv_shadow_topic(const lp_advisor_t *a, unsigned conn, const char *rest,
                      char out[LP_ADVISOR_TOPIC_MAX]);
// Whether every member of `part` is in `whole` with an equal value; objects member by member.
bool adv_json_contains(const struct cJSON *whole, const struct cJSON *part);

// --- the cases
// ------------------------------------------------------------------------------------

extern const adv_play_t adv_tls_connect, adv_tls_suites, adv_tls_refuse, adv_tls_expired,
    adv_receive_large;
extern const adv_play_t adv_mqtt_connect, adv_jitter, adv_exponential, adv_server_disconnect,
    adv_unstable;
extern const adv_play_t adv_publish, adv_publish_retry, adv_subscribe_happy, adv_subscribe_retry,
    adv_puback_qos1, adv_no_pingresp;
extern const adv_play_t adv_session_happy, adv_session_expired;
extern const adv_play_t adv_shadow_publish, adv_shadow_update, adv_job_execution;
extern const adv_play_t adv_policies, adv_long;

#endif
