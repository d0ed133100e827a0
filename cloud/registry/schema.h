// SPDX-License-Identifier: Apache-2.0
// Private: the tables. Version 1; a later version is a list of statements that lead here.
#ifndef LP_REGISTRY_SCHEMA_H
#define LP_REGISTRY_SCHEMA_H

#include "schema_jobs.h"

// Every change to what a decision depends on moves meta.change, by trigger, so that no writer can
// forget it, and writes down whom it concerns: sessions look only at what is theirs (changes.c).
// Keys: c:CERTIFICATE-ID, p:POLICY, t:TARGET-ARN, n:THING, g:THING (its groups), r:RULE, *
// everybody.
#define LP_TRACK(table, event, key)                                                                \
    "DROP TRIGGER IF EXISTS " table "_" event ";"                                                  \
    "CREATE TRIGGER IF NOT EXISTS " table "_" event "_2 AFTER " event " ON " table                 \
    " BEGIN UPDATE meta SET value=value+1 WHERE key='change';"                                     \
    " INSERT INTO changes SELECT value, " key " FROM meta WHERE meta.key='change';"                \
    " DELETE FROM changes WHERE seq<(SELECT value-1000 FROM meta WHERE meta.key='change'); END;"
#define LP_TRACKS(table, of_new, of_old)                                                           \
    LP_TRACK(table, "INSERT", of_new)                                                              \
    LP_TRACK(table, "UPDATE", of_new) LP_TRACK(table, "DELETE", of_old)
#define LP_BUMPS(table) LP_TRACKS(table, "'*'", "'*'")
// A policy on a group concerns whoever is in it or below.
#define LP_TARGET(row)                                                                             \
    "CASE WHEN " row ".target LIKE '%:thinggroup/%' THEN '*' ELSE 't:'||" row ".target END"

static const char *const schema_sql[] = {
    "CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value);"
    "INSERT OR IGNORE INTO meta VALUES('schema',1),('change',1);"
    "CREATE TABLE IF NOT EXISTS accounts(id TEXT PRIMARY KEY, name TEXT, code TEXT);"
    "CREATE TABLE IF NOT EXISTS access_keys(id TEXT PRIMARY KEY, account TEXT, user TEXT,"
    " secret TEXT, token TEXT, expires REAL);"
    "CREATE TABLE IF NOT EXISTS scopes(id INTEGER PRIMARY KEY, account TEXT, region TEXT,"
    " UNIQUE(account, region));",

    "CREATE TABLE IF NOT EXISTS things(scope INTEGER, name TEXT, thing_id TEXT, type TEXT,"
    " billing TEXT, attributes TEXT, version INTEGER, created REAL, PRIMARY KEY(scope, name));"
    "CREATE TABLE IF NOT EXISTS thing_types(scope INTEGER, name TEXT, type_id TEXT,"
    " description TEXT, searchable TEXT, deprecated INTEGER, deprecated_at REAL, created REAL,"
    " PRIMARY KEY(scope, name));"
    "CREATE TABLE IF NOT EXISTS thing_groups(scope INTEGER, name TEXT, group_id TEXT, parent TEXT,"
    " description TEXT, attributes TEXT, version INTEGER, created REAL, PRIMARY KEY(scope, name));"
    "CREATE TABLE IF NOT EXISTS group_things(scope INTEGER, grp TEXT, thing TEXT,"
    " PRIMARY KEY(scope, grp, thing));"
    "CREATE INDEX IF NOT EXISTS group_things_by_thing ON group_things(scope, thing);",

    "CREATE TABLE IF NOT EXISTS certificates(seq INTEGER PRIMARY KEY, scope INTEGER, id TEXT,"
    " status TEXT, pem TEXT, mode TEXT, ca TEXT, generation TEXT, not_before REAL, not_after REAL,"
    " created REAL, modified REAL, version INTEGER, UNIQUE(scope, id));"
    "CREATE TABLE IF NOT EXISTS ca_certificates(seq INTEGER PRIMARY KEY, scope INTEGER, id TEXT,"
    " status TEXT, pem TEXT, subject TEXT, mode TEXT, auto INTEGER, config TEXT, generation TEXT,"
    " not_before REAL, not_after REAL, created REAL, modified REAL, version INTEGER,"
    " UNIQUE(scope, id));"
    "CREATE TABLE IF NOT EXISTS policies(scope INTEGER, name TEXT, default_version INTEGER,"
    " next_version INTEGER, generation TEXT, created REAL, modified REAL,"
    " PRIMARY KEY(scope, name));"
    "CREATE TABLE IF NOT EXISTS policy_versions(scope INTEGER, policy TEXT, version INTEGER,"
    " document TEXT, created REAL, PRIMARY KEY(scope, policy, version));"
    "CREATE TABLE IF NOT EXISTS policy_targets(scope INTEGER, policy TEXT, target TEXT,"
    " PRIMARY KEY(scope, policy, target));"
    "CREATE INDEX IF NOT EXISTS policy_targets_by_target ON policy_targets(scope, target);"
    "CREATE TABLE IF NOT EXISTS thing_principals(scope INTEGER, thing TEXT, principal TEXT,"
    " PRIMARY KEY(scope, thing, principal));"
    "CREATE INDEX IF NOT EXISTS thing_principals_by_principal"
    " ON thing_principals(scope, principal);",

    "CREATE TABLE IF NOT EXISTS shadows(scope INTEGER, thing TEXT, name TEXT, state TEXT,"
    " metadata TEXT, version INTEGER, updated REAL, PRIMARY KEY(scope, thing, name));",

    "CREATE TABLE IF NOT EXISTS retained(scope INTEGER, topic TEXT, payload BLOB, qos INTEGER,"
    " at_ms INTEGER, PRIMARY KEY(scope, topic));"
    "CREATE TABLE IF NOT EXISTS outgoing(id INTEGER PRIMARY KEY, scope INTEGER, client TEXT, topic "
    "TEXT,"
    " payload BLOB, qos INTEGER, retain INTEGER);"
    "CREATE TABLE IF NOT EXISTS events(id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER,"
    " kind TEXT, client TEXT, certificate TEXT, thing TEXT, address TEXT, topic TEXT, reason TEXT,"
    " qos INTEGER, retain INTEGER, acked INTEGER, size INTEGER, payload BLOB);",

    "CREATE TABLE IF NOT EXISTS changes(seq INTEGER PRIMARY KEY, key TEXT);",
    "CREATE TABLE IF NOT EXISTS rules(scope INTEGER, name TEXT, sql TEXT, pattern TEXT,"
    " description TEXT, actions TEXT, disabled INTEGER, version TEXT, created REAL,"
    " PRIMARY KEY(scope, name));" LP_TRACKS("rules", "'r:'||NEW.name", "'r:'||OLD.name"),
    "CREATE TABLE IF NOT EXISTS templates(scope INTEGER, name TEXT, description TEXT, role TEXT,"
    " enabled INTEGER, type TEXT, default_version INTEGER, next_version INTEGER, created REAL,"
    " modified REAL, PRIMARY KEY(scope, name));"
    "CREATE TABLE IF NOT EXISTS template_versions(scope INTEGER, template TEXT, version INTEGER,"
    " body TEXT, created REAL, PRIMARY KEY(scope, template, version));"
    "CREATE TABLE IF NOT EXISTS claims(scope INTEGER, id TEXT, template TEXT, pem TEXT,"
    " expires REAL, PRIMARY KEY(scope, id));"
    "CREATE TABLE IF NOT EXISTS ownership_tokens(hash TEXT PRIMARY KEY, scope INTEGER,"
    " certificate TEXT, owner TEXT, expires REAL);" LP_TRACKS("claims", "'c:'||NEW.id",
                                                              "'c:'||OLD.id"),

    LP_TRACKS("certificates", "'c:'||NEW.id", "'c:'||OLD.id"),
    LP_TRACKS("policies", "'p:'||NEW.name", "'p:'||OLD.name"),
    LP_TRACKS("policy_versions", "'p:'||NEW.policy", "'p:'||OLD.policy"),
    LP_TRACKS("policy_targets", LP_TARGET("NEW"), LP_TARGET("OLD")),
    LP_TRACKS("thing_principals", "'t:'||NEW.principal", "'t:'||OLD.principal"),
    LP_TRACKS("things", "'n:'||NEW.name", "'n:'||OLD.name"),
    LP_TRACKS("group_things", "'g:'||NEW.thing", "'g:'||OLD.thing"),
    LP_BUMPS("thing_groups"),

    LP_SCHEMA_JOBS LP_SCHEMA_STREAMS LP_SCHEMA_TAGS,
};

#endif
