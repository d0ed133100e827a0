// SPDX-License-Identifier: Apache-2.0
// limpet/registry.h - the store behind an AWS IoT work-alike: things, certificates, policies, who
// is attached to what, retained messages and what happened. No HTTP and no broker in it; both are
// adapters over this library.
//
// One SQLite file (WAL) is shared by the control plane, the broker's plugin and readers such as
// `limpet cloud watch`, each with its own handle; a handle belongs to one thread at a time. Every
// record belongs to a scope: an account in a region. Functions answer LP_REG_OK or the error that
// AWS gives in that case; lp_reg_error() has the words. Documents (cJSON) have the member names of
// AWS's REST API and belong to the caller.
// @source AWS IoT API Reference 2015-05-28; limits: AWS IoT Core endpoints and quotas.
#ifndef LIMPET_REGISTRY_H
#define LIMPET_REGISTRY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/registry_err.h"

enum {
    LP_REG_NAME_MAX = 128,         // thing, type, group and policy names
    LP_REG_POLICY_CHARS = 2048,    // policy document, white space not counted
    LP_REG_POLICY_VERSIONS = 5,    // kept for each policy
    LP_REG_POLICIES_PER_CERT = 10, // attached to one target
    LP_REG_CSR_MAX = 4096,         // PEM characters
    LP_REG_ID_SIZE = 65,           // certificate id with its terminator
    LP_REG_ARN_SIZE = 256,
    LP_REG_EVENT_PAYLOAD_MAX = 256, // bytes of a payload kept with an event
};

typedef struct lp_registry lp_registry_t;

// An account in a region: the name space of everything else.
typedef struct {
    int64_t id;
    char account[13];
    char region[33];
} lp_scope_t;

// The last failure of a handle, in words. resource_* are set for conflicts ("" otherwise).
typedef struct {
    lp_reg_err_t code;
    char message[320];
    char resource_id[160];
    char resource_arn[LP_REG_ARN_SIZE];
} lp_reg_error_t;

// A part of a list. after: the `next` of the page before, or null; limit 0 means the default of
// 250.
typedef struct {
    int limit;
    const char *after;
    bool descending;
} lp_page_t;

// --- the file -----------------------------------------------------------------------------------

// Opens the store, making it and its tables where `create` says so. The file's mode becomes 0600.
// LP_REG_UNAVAILABLE: it cannot be opened (missing, no permission, disk full); *out is then a
// closed handle's null and `why` (size bytes, may be null) has the words.
lp_reg_err_t lp_registry_open(lp_registry_t **out, const char *path, bool create, char *why,
                              size_t size);
void lp_registry_close(lp_registry_t *reg);
const lp_reg_error_t *lp_reg_error(const lp_registry_t *reg);
// Remembers and returns an error of the caller's own.
lp_reg_err_t lp_reg_say(lp_registry_t *reg, lp_reg_err_t code, const char *message);
// Puts back an error that was copied before further calls.
void lp_reg_restore(lp_registry_t *reg, const lp_reg_error_t *error);

// Where things of this cloud are: its folder (keys, broker's trust folder). Copied.
void lp_registry_set_folder(lp_registry_t *reg, const char *folder);

// Valid UTF-8 without control characters other than white space: what JSON and logs can carry.
bool lp_text_ok(const void *text, size_t len);

// A number that changes with every change to certificates, policies, things or attachments, by any
// handle.
int64_t lp_registry_change(lp_registry_t *reg);

// A text kept with the cloud, e.g. "endpoint". Null value: removes it.
lp_reg_err_t lp_reg_setting_put(lp_registry_t *reg, const char *key, const char *value);
lp_reg_err_t lp_reg_setting_get(lp_registry_t *reg, const char *key, char *value, size_t size);

// A copy of the whole store as of one moment, while others go on writing. `path` must not exist.
lp_reg_err_t lp_registry_snapshot(lp_registry_t *reg, const char *path);
// Whether a file is a whole store of this or an older version with nothing in it but what this
// version makes. False: `why` (size bytes) says what is wrong.
bool lp_registry_verify(const char *path, char *why, size_t size);
// Fills the folder of the issuers that the broker trusts from what is registered.
lp_reg_err_t lp_registry_retrust(lp_registry_t *reg);

// --- accounts and regions -----------------------------------------------------------------------

typedef struct {
    char account[13];
    char user[65];
    char secret[129]; // wipe after use
    char token[257];  // session token, "" where none is needed; wipe after use
    double expires;   // seconds since 1970, 0: never
} lp_access_key_t;

lp_reg_err_t lp_reg_account_add(lp_registry_t *reg, const char *account, const char *name);
lp_reg_err_t lp_reg_access_key_add(lp_registry_t *reg, const char *key_id,
                                   const lp_access_key_t *key);
// LP_REG_UNAUTHORIZED: no such key.
lp_reg_err_t lp_reg_access_key_get(lp_registry_t *reg, const char *key_id, lp_access_key_t *key);
// {accounts: [{accountId, name, accessKeyId, user}]}, without secrets.
lp_reg_err_t lp_reg_accounts(lp_registry_t *reg, cJSON **doc);
// Calls `fn` with each access key and its secret, in the order of their users.
typedef void (*lp_reg_access_key_fn)(void *arg, const char *key_id, const lp_access_key_t *key);
lp_reg_err_t lp_reg_access_keys(lp_registry_t *reg, lp_reg_access_key_fn fn, void *arg);
// The scope of an account in a region; made when the region's name is plausible and seen first.
lp_reg_err_t lp_reg_scope(lp_registry_t *reg, const char *account, const char *region,
                          lp_scope_t *scope);
// Opens the store of the cloud in `folder` for one account in a region, as its servers do. False:
// `why` (size bytes) has the words; *out is null or an open handle, both for lp_registry_close().
bool lp_registry_open_scope(lp_registry_t **out, const char *folder, const char *account,
                            const char *region, lp_scope_t *scope, char *why, size_t size);

// "arn:aws:iot:REGION:ACCOUNT:KIND/NAME".
void lp_reg_arn(const lp_scope_t *scope, const char *kind, const char *name,
                char arn[LP_REG_ARN_SIZE]);

// --- things -------------------------------------------------------------------------------------

typedef struct {
    const char *type;        // null: none
    const char *group;       // billing group, null: none
    const cJSON *attributes; // object of strings, null: none
} lp_thing_config_t;

// Same name and same configuration again is a success; other configuration is LP_REG_EXISTS.
lp_reg_err_t lp_reg_thing_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                 const lp_thing_config_t *config, cJSON **doc);
lp_reg_err_t lp_reg_thing_get(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                              cJSON **doc);

typedef struct {
    const char *type;
    const cJSON
        *attributes; // null: unchanged; an empty string value removes an attribute when merging
    bool merge;
    bool remove_type;
    int64_t expected_version; // 0: any
} lp_thing_update_t;

lp_reg_err_t lp_reg_thing_update(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                 const lp_thing_update_t *update);
// LP_REG_INVALID while certificates are attached. A thing that is not there: success, as AWS has
// it.
lp_reg_err_t lp_reg_thing_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                 int64_t expected_version);

typedef struct {
    const char *type, *attribute, *value; // null: any
    bool prefix;                          // value is a prefix
} lp_thing_filter_t;

lp_reg_err_t lp_reg_things(lp_registry_t *reg, const lp_scope_t *scope,
                           const lp_thing_filter_t *filter, const lp_page_t *page, cJSON **doc);

// --- certificates -------------------------------------------------------------------------------

// Signs the CSR's own key with the cloud's device CA; never the same certificate twice.
// LP_REG_INVALID: no CSR, too long, its signature is wrong, or its key is neither RSA >= 2048 nor
// P-256/384/521.
lp_reg_err_t lp_reg_cert_from_csr(lp_registry_t *reg, const lp_scope_t *scope, const char *csr_pem,
                                  bool active, cJSON **doc);
// As above over a fresh RSA-2048 key, which is in doc's keyPair and nowhere else.
lp_reg_err_t lp_reg_cert_with_keys(lp_registry_t *reg, const lp_scope_t *scope, bool active,
                                   cJSON **doc);
// LP_REG_EXISTS with resource_id/arn: it is registered. status null: INACTIVE.
lp_reg_err_t lp_reg_cert_register(lp_registry_t *reg, const lp_scope_t *scope, const char *pem,
                                  const char *status, cJSON **doc);
// With a CA that is registered in the scope (ca_pem names it when several have the same subject;
// null: by subject).
lp_reg_err_t lp_reg_cert_register_ca(lp_registry_t *reg, const lp_scope_t *scope, const char *pem,
                                     const char *ca_pem, const char *status, cJSON **doc);
lp_reg_err_t lp_reg_cert_get(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                             cJSON **doc);
lp_reg_err_t lp_reg_cert_set_status(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                                    const char *status);
// LP_REG_CERT_STATE: still ACTIVE. LP_REG_DELETE_CONFLICT: a thing, or without force a policy, is
// attached.
lp_reg_err_t lp_reg_cert_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                                bool force);
lp_reg_err_t lp_reg_certs(lp_registry_t *reg, const lp_scope_t *scope, const char *ca_id,
                          const lp_page_t *page, cJSON **doc);

// --- certificate authorities of customers -------------------------------------------------------

typedef struct {
    const char *ca_pem;
    const char *verification_pem; // null in SNI_ONLY mode
    bool sni_only;
    bool active;
    bool auto_registration;
    const cJSON *registration_config; // null: none
} lp_ca_config_t;

lp_reg_err_t lp_reg_ca_code(lp_registry_t *reg, const lp_scope_t *scope, cJSON **doc);
lp_reg_err_t lp_reg_ca_register(lp_registry_t *reg, const lp_scope_t *scope,
                                const lp_ca_config_t *config, cJSON **doc);
lp_reg_err_t lp_reg_ca_get(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                           cJSON **doc);
// Null: unchanged.
lp_reg_err_t lp_reg_ca_update(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                              const char *status, const char *auto_status);
// What happens to the devices of a CA: a registrationConfig (null: unchanged), or `remove` for
// neither template nor automatic registration.
lp_reg_err_t lp_reg_ca_configure(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                                 const cJSON *config, bool remove);
lp_reg_err_t lp_reg_ca_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *id);
lp_reg_err_t lp_reg_cas(lp_registry_t *reg, const lp_scope_t *scope, const lp_page_t *page,
                        cJSON **doc);

// Forgets the registration code; the next call makes another.
lp_reg_err_t lp_reg_ca_code_delete(lp_registry_t *reg, const lp_scope_t *scope);
// An unknown certificate that a CA with automatic registration signed becomes PENDING_ACTIVATION.
// ca_id: that CA. LP_REG_EXISTS: it is registered; LP_REG_NOT_FOUND and others: no such CA.
lp_reg_err_t lp_reg_cert_auto_register(lp_registry_t *reg, const lp_scope_t *scope, const char *pem,
                                       char ca_id[LP_REG_ID_SIZE]);

// --- thing types and groups ---------------------------------------------------------------------

typedef struct {
    const char *description; // null: none
    const cJSON *searchable; // array of attribute names, null: none
} lp_type_config_t;

lp_reg_err_t lp_reg_type_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                const lp_type_config_t *config, cJSON **doc);
lp_reg_err_t lp_reg_type_get(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                             cJSON **doc);
lp_reg_err_t lp_reg_type_deprecate(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                   bool undo);
// LP_REG_INVALID: not deprecated, deprecated less than five minutes ago, or things have it.
lp_reg_err_t lp_reg_type_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *name);
// name null: all.
lp_reg_err_t lp_reg_types(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                          const lp_page_t *page, cJSON **doc);

typedef struct {
    const char *parent;      // null: none
    const char *description; // null: none
    const cJSON *attributes; // object of strings, null: none
} lp_group_config_t;

typedef struct {
    const char *parent; // null: the top level
    const char *prefix; // of the name, null: any
    bool recursive;
} lp_group_filter_t;

lp_reg_err_t lp_reg_group_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                 const lp_group_config_t *config, cJSON **doc);
lp_reg_err_t lp_reg_group_get(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                              cJSON **doc);
lp_reg_err_t lp_reg_group_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                 int64_t expected_version);
lp_reg_err_t lp_reg_groups(lp_registry_t *reg, const lp_scope_t *scope,
                           const lp_group_filter_t *filter, const lp_page_t *page, cJSON **doc);
lp_reg_err_t lp_reg_group_add(lp_registry_t *reg, const lp_scope_t *scope, const char *group,
                              const char *thing);
lp_reg_err_t lp_reg_group_remove(lp_registry_t *reg, const lp_scope_t *scope, const char *group,
                                 const char *thing);
lp_reg_err_t lp_reg_group_things(lp_registry_t *reg, const lp_scope_t *scope, const char *group,
                                 bool recursive, const lp_page_t *page, cJSON **doc);
lp_reg_err_t lp_reg_thing_groups(lp_registry_t *reg, const lp_scope_t *scope, const char *thing,
                                 const lp_page_t *page, cJSON **doc);

// --- policies -----------------------------------------------------------------------------------

lp_reg_err_t lp_reg_policy_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                  const char *document, cJSON **doc);
lp_reg_err_t lp_reg_policy_get(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                               cJSON **doc);
// LP_REG_DELETE_CONFLICT: attached somewhere, or has versions besides the default.
lp_reg_err_t lp_reg_policy_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *name);
lp_reg_err_t lp_reg_policies(lp_registry_t *reg, const lp_scope_t *scope, const lp_page_t *page,
                             cJSON **doc);
lp_reg_err_t lp_reg_policy_version_create(lp_registry_t *reg, const lp_scope_t *scope,
                                          const char *name, const char *document, bool set_default,
                                          cJSON **doc);
lp_reg_err_t lp_reg_policy_version_get(lp_registry_t *reg, const lp_scope_t *scope,
                                       const char *name, const char *version, cJSON **doc);
lp_reg_err_t lp_reg_policy_version_delete(lp_registry_t *reg, const lp_scope_t *scope,
                                          const char *name, const char *version);
lp_reg_err_t lp_reg_policy_version_default(lp_registry_t *reg, const lp_scope_t *scope,
                                           const char *name, const char *version);
lp_reg_err_t lp_reg_policy_versions(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                    cJSON **doc);

// --- attachments --------------------------------------------------------------------------------

// target: the ARN of a certificate or thing group. Attaching or detaching again is a success.
lp_reg_err_t lp_reg_policy_attach(lp_registry_t *reg, const lp_scope_t *scope, const char *policy,
                                  const char *target);
lp_reg_err_t lp_reg_policy_detach(lp_registry_t *reg, const lp_scope_t *scope, const char *policy,
                                  const char *target);
lp_reg_err_t lp_reg_target_policies(lp_registry_t *reg, const lp_scope_t *scope, const char *target,
                                    const lp_page_t *page, cJSON **doc);
// member: the list's name in the document, "targets" or "principals".
lp_reg_err_t lp_reg_policy_targets(lp_registry_t *reg, const lp_scope_t *scope, const char *policy,
                                   const char *member, const lp_page_t *page, cJSON **doc);
lp_reg_err_t lp_reg_thing_attach(lp_registry_t *reg, const lp_scope_t *scope, const char *thing,
                                 const char *principal);
lp_reg_err_t lp_reg_thing_detach(lp_registry_t *reg, const lp_scope_t *scope, const char *thing,
                                 const char *principal);
lp_reg_err_t lp_reg_thing_principals(lp_registry_t *reg, const lp_scope_t *scope, const char *thing,
                                     const lp_page_t *page, cJSON **doc);
lp_reg_err_t lp_reg_principal_things(lp_registry_t *reg, const lp_scope_t *scope,
                                     const char *principal, const lp_page_t *page, cJSON **doc);

// --- messages -----------------------------------------------------------------------------------

typedef struct {
    const char *topic;
    const void *payload; // borrowed; null where the length is 0
    size_t payload_len;
    int qos;
    bool retain;
} lp_reg_message_t;

// Keeps (or, with an empty payload, forgets) the retained message of a topic.
lp_reg_err_t lp_reg_retained_put(lp_registry_t *reg, const lp_scope_t *scope,
                                 const lp_reg_message_t *message);
lp_reg_err_t lp_reg_retained_get(lp_registry_t *reg, const lp_scope_t *scope, const char *topic,
                                 cJSON **doc);
lp_reg_err_t lp_reg_retained(lp_registry_t *reg, const lp_scope_t *scope, const lp_page_t *page,
                             cJSON **doc);

// Puts a message in the queue that the broker's adapter empties; `client` null: to all subscribers.
lp_reg_err_t lp_reg_outbox_put(lp_registry_t *reg, const lp_scope_t *scope, const char *client,
                               const lp_reg_message_t *message);
// Calls `fn` for each waiting message of a scope, oldest first, and removes them; returns how many.
// Those of other scopes are dropped.
typedef void (*lp_reg_outbox_fn)(void *arg, const char *client, const lp_reg_message_t *message);
int lp_reg_outbox_take(lp_registry_t *reg, const lp_scope_t *scope, lp_reg_outbox_fn fn, void *arg);

// --- what happened ------------------------------------------------------------------------------

// One line of the log. Null texts are left out. kind: "connect", "disconnect", "refused",
// "publish", "subscribe", "kick", "api", "broker".
typedef struct {
    int64_t at_ms; // since 1970; 0: now
    const char *kind;
    const char *client;
    const char *certificate;
    const char *thing;
    const char *address;
    const char *topic;
    const char *reason;
    int qos;
    bool retain;
    bool acknowledged; // the broker accepted it and answers with PUBACK
    const void *payload;
    size_t payload_len; // of the whole payload; LP_REG_EVENT_PAYLOAD_MAX bytes are kept
} lp_reg_event_t;

lp_reg_err_t lp_reg_event_put(lp_registry_t *reg, const lp_reg_event_t *event);
// Several in one transaction.
lp_reg_err_t lp_reg_event_put_all(lp_registry_t *reg, const lp_reg_event_t *events, size_t count);
// Events with a number above `after`, oldest first, as an array of documents (members id, time,
// event, clientId ...).
lp_reg_err_t lp_reg_events(lp_registry_t *reg, int64_t after, int limit, cJSON **array);
int64_t lp_reg_event_last(lp_registry_t *reg);
// The last number before the given time (ms since 1970).
int64_t lp_reg_event_before(lp_registry_t *reg, int64_t at_ms);
// Forgets all but the newest `keep`.
lp_reg_err_t lp_reg_event_trim(lp_registry_t *reg, int keep);

#endif
