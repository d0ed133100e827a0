// SPDX-License-Identifier: Apache-2.0
// limpet/advisor.h - the test cases of AWS IoT Device Advisor, as state machines without I/O.
//
// A run plays one case against one device: what the device does comes in as events (connections,
// handshakes, bytes), what the endpoint is to do goes out through lp_advisor_io_t, and time comes
// in as milliseconds. The sockets and TLS are in limpet/advisor_endpoint.h. Where a case does not
// say otherwise the run answers like AWS IoT Core: CONNACK, SUBACK, PUBACK, PINGRESP, shadow, jobs.
// @source AWS IoT Core Developer Guide, "Device Advisor test cases"
#ifndef LIMPET_ADVISOR_H
#define LIMPET_ADVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/span.h"

enum {
    LP_ADVISOR_CONNS = 8,           // connections at the same time
    LP_ADVISOR_FILTERS = 32,        // subscriptions of the device
    LP_ADVISOR_TOPIC_MAX = 257,     // with the terminator; AWS: 256 bytes
    LP_ADVISOR_PACKET_MAX = 200000, // a packet that AWS would take has 128 KB at most
    LP_ADVISOR_REASON_MAX = 320,
    LP_ADVISOR_GAPS = 24, // waits before a reconnect that are kept
};

// AWS's names, in its order of badness.
typedef enum {
    LP_ADVISOR_RUNNING,
    LP_ADVISOR_PASS,
    LP_ADVISOR_WARN, // "PASS_WITH_WARNINGS"
    LP_ADVISOR_FAIL,
    LP_ADVISOR_ERROR, // the case could not be played: says nothing about the device
} lp_advisor_verdict_t;

// "PASS", "PASS_WITH_WARNINGS", "FAIL", "ERROR", "RUNNING". Static.
const char *lp_advisor_verdict_name(lp_advisor_verdict_t v);

// What the server shows of itself during a case.
typedef enum {
    LP_ADVISOR_CERT_GOOD,
    LP_ADVISOR_CERT_LARGE,      // a chain at least 20 % larger than the good one
    LP_ADVISOR_CERT_UNKNOWN_CA, // right name, signed by a CA that nobody trusts
    LP_ADVISOR_CERT_WRONG_NAME, // trusted CA, another name
    LP_ADVISOR_CERT_EXPIRED,    // trusted CA, right name, yesterday
} lp_advisor_cert_t;

// Parameters, named as AWS names them; null or 0: the default. Borrowed for the life of the run.
typedef struct {
    const char *thing;            // for shadow and jobs; null: the client id
    long execution_timeout_s;     // EXECUTION_TIMEOUT; 0: the case's own
    const char *trigger_topic;    // TRIGGER_TOPIC; null: the first filter that fits
    const char *payload;          // PAYLOAD, PAYLOAD_FOR_PUBLISH_VALIDATION sent to the device
    long payload_kb;              // PAYLOAD_SIZE
    const char *publish_topic;    // TOPIC_FOR_PUBLISH_VALIDATION
    const char *publish_payload;  // PAYLOAD_FOR_PUBLISH_VALIDATION
    const char *subscribe_topics; // TOPIC_LIST_FOR_SUBSCRIPTION_VALIDATION_ID, comma-separated
    long reconnection_attempts;   // RECONNECTION_ATTEMPTS, 5..10
    const char *shadow_name;      // SHADOW_NAME; null: the classic one
    const char *reported_state;   // REPORTED_STATE, JSON object
    const char *desired_state;    // DESIRED_STATE, JSON object
    const char *job_id;           // JOB_JOBID
    const char *job_document;     // JOB_DOCUMENT, JSON object
    const char *const *policies;  // documents attached to the device's certificate, null-ended
    long long_disconnect_s;       // of MQTT_Long_Duration; 0: 30 minutes
    long settle_ms;               // how long to look for what must not happen; 0: 2,000
} lp_advisor_params_t;

// What a device did to a TLS handshake or connection, for LP_ADVISOR_EV_CLOSED.
typedef struct {
    bool has_alert;    // the device said why
    uint8_t alert;     // its code
    bool by_us;        // the endpoint closed it
    const char *error; // the endpoint's own words of a failed handshake; "" if none
} lp_advisor_close_t;

typedef enum {
    LP_ADVISOR_EV_OPEN,   // TCP connection `conn` accepted
    LP_ADVISOR_EV_HELLO,  // its ClientHello: `suites`, `server_name`
    LP_ADVISOR_EV_SECURE, // its handshake is complete
    LP_ADVISOR_EV_CLOSED, // it is gone: `close`
} lp_advisor_event_id_t;

typedef struct {
    lp_advisor_event_id_t id;
    unsigned conn;           // 0..LP_ADVISOR_CONNS-1
    lp_span_t suites;        // HELLO: two bytes a suite, as on the wire
    const char *server_name; // HELLO: SNI, or null
    lp_advisor_close_t close;
} lp_advisor_event_t;

// What the run wants done. No function calls back into the run.
typedef struct {
    void (*send)(void *ctx, unsigned conn, lp_span_t bytes);
    void (*close)(void *ctx, unsigned conn); // after what was sent; no EV_CLOSED comes for it
    void (*log)(void *ctx, const char *line);
    void *ctx;
} lp_advisor_io_t;

struct lp_advisor;

typedef struct {
    const char *id;    // AWS's
    const char *group; // "TLS", "MQTT", "Shadow", "Jobs", "Security", "LongDuration"
    const char *summary;
    const char *parameters; // for people; "" for none
    long timeout_s;         // AWS's default
    bool is_qualification;  // one of the 11 that the qualification programme asks for
    bool is_long;           // left out unless it is asked for by name
    lp_advisor_cert_t cert;
    // Persistent session: a device that can be told must be told.
    bool wants_persistent;
    const struct adv_play *play; // private
} lp_advisor_case_t;

// All cases in AWS's order; *count of them. Static.
const lp_advisor_case_t *lp_advisor_cases(size_t *count);
// By AWS's name, without regard to case; null: there is none.
const lp_advisor_case_t *lp_advisor_case_find(const char *id);

typedef struct lp_advisor lp_advisor_t;

// Starts a case at `now_ms`. Null: out of memory. Everything is borrowed for the life of the run.
lp_advisor_t *lp_advisor_new(const lp_advisor_case_t *which, const lp_advisor_params_t *params,
                             const lp_advisor_io_t *io, uint64_t now_ms);
void lp_advisor_free(lp_advisor_t *a); // null is fine

void lp_advisor_event(lp_advisor_t *a, const lp_advisor_event_t *ev, uint64_t now_ms);
// Bytes from the device, inside TLS.
void lp_advisor_bytes(lp_advisor_t *a, unsigned conn, lp_span_t bytes, uint64_t now_ms);
void lp_advisor_time(lp_advisor_t *a, uint64_t now_ms);
// When lp_advisor_time() must be called next.
uint64_t lp_advisor_due_ms(const lp_advisor_t *a);
// False: connections are to be refused for the moment.
bool lp_advisor_is_listening(const lp_advisor_t *a);

lp_advisor_verdict_t lp_advisor_verdict(const lp_advisor_t *a);
const char *lp_advisor_reason(const lp_advisor_t *a); // lends; "" while it runs
// What the case waits for, for people. Static.
const char *lp_advisor_waiting(const lp_advisor_t *a);

// --- How a device waits before it connects again ------------------------------------------------

typedef enum {
    LP_BACKOFF_TOO_FEW,
    LP_BACKOFF_CONSTANT, // no wait at all is one
    LP_BACKOFF_LINEAR,
    LP_BACKOFF_EXPONENTIAL, // strictly: no jitter
    LP_BACKOFF_RANDOM,      // jitter, but it does not grow
    LP_BACKOFF_JITTER,      // grows, and no two devices would do the same
} lp_backoff_kind_t;

// Judges `count` waits. `noise_ms`: how far off a measurement may be.
lp_backoff_kind_t lp_backoff_classify(const uint32_t *gaps_ms, size_t count, uint32_t noise_ms);
const char *lp_backoff_kind_name(lp_backoff_kind_t kind); // static

// --- Cipher suites (TLS_Support_AWS_IoT_Cipher_Suites) ------------------------------------------

typedef struct {
    unsigned recommended, supported, unsupported; // supported includes recommended
    char unsupported_names[160];                  // the first few, for people
} lp_advisor_suites_t;

void lp_advisor_suites_judge(lp_span_t suites, lp_advisor_suites_t *out);

// --- Policies (Security_Device_Policies) --------------------------------------------------------

// Judges one policy document. On FAIL and WARN `why` says which element.
lp_advisor_verdict_t lp_advisor_policy_judge(const char *document, const char *thing, char *why,
                                             size_t cap);

#endif
