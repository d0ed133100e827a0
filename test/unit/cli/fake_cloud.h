// SPDX-License-Identifier: Apache-2.0
// A scripted AWS IoT in a thread: a small model of the registry, strict about signatures, with a
// fault for any call. Every call is recorded, so that tests judge by what the cloud has, not by
// what the tool says.
#ifndef LP_TEST_FAKE_CLOUD_H
#define LP_TEST_FAKE_CLOUD_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "sigv4_check.h"

enum { FAKE_MAX_CERTS = 40, FAKE_MAX_CALLS = 2000 };

typedef struct {
    char id[65];
    char arn[160];
    char status[16];
    char pem[2048];
    char public_key[129];
    double created_s;
    bool has_policy;
    bool has_thing;
    bool is_deleted;
} fake_cert_t;

typedef enum {
    FAULT_NONE,
    FAULT_RESET_BEFORE, // the connection is reset, nothing happened
    FAULT_RESET_AFTER,  // it happened, and the answer is lost
    FAULT_500_BEFORE,
    FAULT_500_AFTER, // it happened, and the answer says it failed
    FAULT_THROTTLE,  // 400 ThrottlingException
    FAULT_HALF,      // it happened; half of the answer arrives
    FAULT_HTML,      // it happened; 200 with a page of HTML
    FAULT_NOTHING,   // it happened; 200 with an empty body
    FAULT_HUGE,      // it happened; 200 with 2 MB
    FAULT_DENIED,    // 403 AccessDeniedException
    FAULT_HANG,      // no answer within the client's patience
    FAULT_KILL,      // it happened; then the process `kill_pid` is killed
    FAULT_COUNT
} fault_mode_t;

typedef struct {
    int port;
    pthread_mutex_t lock;
    // the model
    fake_cert_t certs[FAKE_MAX_CERTS];
    int n_certs;
    bool has_thing;
    char thing[129];
    bool has_policy;
    char policy[129];
    char policy_document[4096];
    int n_policy_versions; // further than the first; the latest is in force
    char retained_topic[256];
    char retained[1024];
    char broker[64]; // what DescribeEndpoint says
    // the script
    const char *fault_action; // null: any
    fault_mode_t fault;
    int fault_skip;  // matching calls to let pass first
    int fault_count; // then this many; -1 for ever
    pid_t kill_pid;
    int kill_signal;          // 0 means SIGKILL
    int clock_skew_s;         // of the Date header and of what is accepted
    bool has_no_time_for_you; // whatever the date, it is too late
    bool is_rsa;              // answers a CSR with a certificate for another key
    bool has_sts;
    // Answers a call instead of the model (malloc'ed JSON), or null: the model answers. May be
    // null.
    char *(*script)(void *ctx, const http_request_t *r);
    void *script_ctx;
    int list_lag_calls; // ListCertificates hides new ones this often
    // what happened
    char calls[FAKE_MAX_CALLS][40];
    int n_calls;
    int n_changes; // calls that changed the model
    int n_bad_signatures;
    char last_bad[256];
    // called after each change, under the lock; may be null
    void (*on_change)(void *ctx);
    void *on_change_ctx;
    // private
    int listen_fd_;
    pthread_t thread_;
    volatile bool is_stopping_;
    void *ca_key_;
} fake_cloud_t;

void fake_cloud_start(fake_cloud_t *c);
void fake_cloud_stop(fake_cloud_t *c);
// Forgets what was recorded and any fault.
void fake_cloud_calm(fake_cloud_t *c);

int fake_cloud_count(const fake_cloud_t *c, const char *action);
// Certificates that are not deleted.
int fake_cloud_live_certs(const fake_cloud_t *c);
fake_cert_t *fake_cloud_cert(fake_cloud_t *c, const char *id);
// May a device with this certificate connect as `thing` and publish?
bool fake_cloud_admits(fake_cloud_t *c, const char *cert_id, const char *thing);

extern const char fake_key_id[];
extern const char fake_secret[];

#endif
