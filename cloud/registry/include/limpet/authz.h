// SPDX-License-Identifier: Apache-2.0
// limpet/authz.h - may this client do this? A connection's identity, policies and context, cached.
//
// A session is made when a client connects and asked for every publish, subscription and delivery.
// It looks at the registry again only when something changed that concerns it, so that the answers
// cost no query. A right that was taken away may be used for 50 ms more; one that was given counts
// at once.
#ifndef LIMPET_AUTHZ_H
#define LIMPET_AUTHZ_H

#include "limpet/policy.h"
#include "limpet/registry.h"

typedef struct lp_session lp_session_t;

typedef enum {
    LP_ACTION_CONNECT,
    LP_ACTION_PUBLISH,
    LP_ACTION_RETAIN_PUBLISH,
    LP_ACTION_SUBSCRIBE,
    LP_ACTION_RECEIVE,
} lp_action_t;

typedef struct {
    const char *certificate_id; // 64 lower-case hex digits
    const char *client_id;
    const char *address; // source address, may be null
    bool persistent;     // a session that outlives the connection
    bool last_will;
} lp_session_config_t;

// The answer with its reason in words, e.g. "policy lamp denies iot:Publish on topic/x".
typedef struct {
    lp_policy_answer_t answer;
    char policy[LP_REG_NAME_MAX + 1]; // the one that decided, "" when none spoke
    char reason[400];
} lp_decision_t;

// Makes the session of a certificate. Does not ask for iot:Connect; lp_session_check() does. On
// refusal *out is untouched, false is returned and decision->reason says why (not registered,
// INACTIVE, ...).
bool lp_session_open(lp_registry_t *reg, const lp_scope_t *scope, const lp_session_config_t *config,
                     lp_session_t **out, lp_decision_t *decision);
void lp_session_close(lp_session_t *session);

// name: the client id for CONNECT, a topic or a topic filter. True: allowed.
bool lp_session_check(lp_session_t *session, lp_action_t action, const char *name,
                      lp_decision_t *decision);

// The same for an action and a resource as a policy names them ("iot:Publish", an ARN).
bool lp_session_ask(lp_session_t *session, const char *action, const char *resource,
                    lp_decision_t *decision);

// Still allowed to be connected? Looks at the registry if it has changed. False: decision has the
// reason.
bool lp_session_valid(lp_session_t *session, lp_decision_t *decision);

const char *lp_session_client(const lp_session_t *session);
const char *lp_session_certificate(const lp_session_t *session);
// The thing whose name is the client id and to which the certificate is attached; "" for none.
const char *lp_session_thing(const lp_session_t *session);

// The topic rules that AWS closes a connection for: "" when fine, else the reason. Static.
const char *lp_topic_fault(const char *topic, bool is_filter);
// The same for a client id.
const char *lp_client_id_fault(const char *client_id);

#endif
