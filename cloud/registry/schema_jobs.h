// SPDX-License-Identifier: Apache-2.0
// Private: the tables of jobs, file streams and tags.
#ifndef LP_REGISTRY_SCHEMA_JOBS_H
#define LP_REGISTRY_SCHEMA_JOBS_H

// job_waiting: things that a job is still to be rolled out to.
#define LP_SCHEMA_JOBS                                                                             \
    "CREATE TABLE IF NOT EXISTS jobs(scope INTEGER, id TEXT, document TEXT, source TEXT,"          \
    " targets TEXT, selection TEXT, status TEXT, description TEXT, comment TEXT, reason TEXT,"     \
    " forced INTEGER, config TEXT, created REAL, updated REAL, completed REAL, ended INTEGER,"     \
    " window REAL, window_count INTEGER, next_at REAL, PRIMARY KEY(scope, id));"                   \
    "CREATE INDEX IF NOT EXISTS jobs_due ON jobs(scope, next_at);"                                 \
    "CREATE TABLE IF NOT EXISTS job_targets(scope INTEGER, job TEXT, is_group INTEGER,"            \
    " name TEXT, PRIMARY KEY(scope, job, is_group, name));"                                        \
    "CREATE TABLE IF NOT EXISTS job_waiting(scope INTEGER, job TEXT, thing TEXT,"                  \
    " PRIMARY KEY(scope, job, thing));"                                                            \
    "CREATE TABLE IF NOT EXISTS job_things(seq INTEGER PRIMARY KEY AUTOINCREMENT, scope INTEGER,"  \
    " job TEXT, thing TEXT, number INTEGER, status TEXT, details TEXT, forced INTEGER,"            \
    " queued REAL, started REAL, updated REAL, version INTEGER, deadline REAL,"                    \
    " step_deadline REAL, retries INTEGER, UNIQUE(scope, job, thing));"                            \
    "CREATE INDEX IF NOT EXISTS job_things_by_thing ON job_things(scope, thing, status);"          \
    "CREATE INDEX IF NOT EXISTS job_things_by_status ON job_things(scope, status);"                \
    "CREATE TABLE IF NOT EXISTS job_templates(scope INTEGER, id TEXT, document TEXT, source TEXT," \
    " description TEXT, config TEXT, created REAL, PRIMARY KEY(scope, id));"

#define LP_SCHEMA_STREAMS                                                                          \
    "CREATE TABLE IF NOT EXISTS streams(scope INTEGER, id TEXT, version INTEGER,"                  \
    " description TEXT, files TEXT, role TEXT, created REAL, updated REAL,"                        \
    " PRIMARY KEY(scope, id));"

// Tags go with what they are on, whoever deletes it.
#define LP_UNTAG(table, column, kind)                                                              \
    "CREATE TRIGGER IF NOT EXISTS " table "_untag AFTER DELETE ON " table                          \
    " BEGIN DELETE FROM tags WHERE scope=OLD.scope AND kind='" kind "' AND name=OLD." column       \
    "; END;"

#define LP_SCHEMA_TAGS                                                                             \
    "CREATE TABLE IF NOT EXISTS tags(scope INTEGER, kind TEXT, name TEXT, key TEXT, value TEXT,"   \
    " PRIMARY KEY(scope, kind, name, key));" LP_UNTAG("thing_groups", "name", "thinggroup")        \
        LP_UNTAG("thing_types", "name", "thingtype") LP_UNTAG("policies", "name", "policy")        \
            LP_UNTAG("ca_certificates", "id", "cacert") LP_UNTAG("jobs", "id", "job")              \
                LP_UNTAG("job_templates", "id", "jobtemplate") LP_UNTAG("streams", "id", "stream")

#endif
