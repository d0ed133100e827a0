// SPDX-License-Identifier: Apache-2.0
// Private: the statements of rules. Pure.
//
//   SELECT * | item {, item}  FROM 'filter'  [WHERE comparison {AND comparison}]
//   item        *  |  term [AS name]
//   comparison  term (= | <> | != | < | <= | > | >=) term
//   term        member{.member} | 'text' | number | true | false | topic([n]) | clientid() |
//   timestamp()
#ifndef LP_SERVICE_RULE_SQL_H
#define LP_SERVICE_RULE_SQL_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum { SQL_ITEMS = 16, SQL_CONDITIONS = 8, SQL_TEXT = 128, SQL_FILTER = 320 };

typedef enum {
    SQL_MEMBER,
    SQL_STRING,
    SQL_NUMBER,
    SQL_BOOL,
    SQL_TOPIC,
    SQL_CLIENT,
    SQL_TIME
} sql_kind_t;

typedef struct {
    sql_kind_t kind;
    char text[SQL_TEXT]; // path or text
    double number;       // value, or the n of topic(n): 0 is the whole topic
} sql_term_t;

typedef enum { SQL_EQ, SQL_NE, SQL_LT, SQL_LE, SQL_GT, SQL_GE } sql_op_t;

typedef struct {
    bool all; // SELECT *
    struct {
        sql_term_t term;
        char name[SQL_TEXT];
    } item[SQL_ITEMS];
    size_t items;
    char filter[SQL_FILTER];
    struct {
        sql_term_t left, right;
        sql_op_t op;
    } where[SQL_CONDITIONS];
    size_t conditions;
} sql_t;

// False: `why` (size bytes) says where it stops being one of those.
bool sql_parse(const char *text, sql_t *sql, char *why, size_t size);

// What a rule knows of a message.
typedef struct {
    const char *topic, *client; // client may be null
    const cJSON *payload;       // null: it is no JSON
    double now_ms;
} sql_message_t;

// Whether WHERE holds.
bool sql_holds(const sql_t *sql, const sql_message_t *message);
// What SELECT makes of the payload. Caller's; null: nothing (the payload is no JSON object).
cJSON *sql_select(const sql_t *sql, const sql_message_t *message);

// Replaces ${term} in a pattern. False: not a term, no value, or it does not fit.
bool sql_substitute(const char *pattern, const sql_message_t *message, char *out, size_t size);
// The same with nothing known yet: are they terms?
bool sql_pattern_ok(const char *pattern);

#endif
