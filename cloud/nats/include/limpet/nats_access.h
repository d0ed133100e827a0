// SPDX-License-Identifier: Apache-2.0
// limpet/nats_access.h - how a gateway gets to its NATS cluster, judged before anything is sent:
// TLS with a CA that was named, and something that says who the gateway is. Without TLS only to
// this computer, or where that is asked for in so many words.
#ifndef LIMPET_NATS_ACCESS_H
#define LIMPET_NATS_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

enum { LP_NATS_SERVERS_MAX = 16, LP_NATS_URL_SIZE = 400, LP_NATS_WORDS_SIZE = 400 };

typedef struct {
    int count;
    char url[LP_NATS_SERVERS_MAX][LP_NATS_URL_SIZE];
    bool is_tls;           // tls://, all of them
    bool has_user;         // USER:PASSWORD@ in one of them
    const char *far_plain; // one of them without TLS that is not on this computer; null: none
} lp_nats_servers_t;

// Takes apart "(tls|nats)://[USER:PASSWORD@]HOST[:PORT]" with commas between, more strictly than
// the client library does, so that both mean the same host. False: no such list, too many, or some
// with TLS and some without. Pure. The result has pointers into itself.
bool lp_nats_servers_read(const char *list, lp_nats_servers_t *servers);
// Wipes the passwords.
void lp_nats_servers_wipe(lp_nats_servers_t *servers);

// Paths; null where there is none.
typedef struct {
    const char *servers;
    const char *ca;        // PEM, what the servers' certificates have to lead to
    const char *cert;      // PEM, the gateway's own certificate...
    const char *key;       // ...and its key
    const char *creds;     // a user's JWT and seed as NATS's tools write them, or a seed alone
    bool is_plain_allowed; // to other computers without TLS
} lp_nats_access_t;

typedef enum { LP_NATS_FAULT_USAGE, LP_NATS_FAULT_PLAIN, LP_NATS_FAULT_FILE } lp_nats_fault_kind_t;

// For a person: what is the matter, why, what to do.
typedef struct {
    lp_nats_fault_kind_t kind;
    char what[LP_NATS_WORDS_SIZE], why[LP_NATS_WORDS_SIZE];
    const char *next; // static
} lp_nats_fault_t;

// True: this may be tried. Files with secrets have to be regular, of this user or root, and for
// nobody else to read or write.
bool lp_nats_access_check(const lp_nats_access_t *access, lp_nats_fault_t *fault);

#endif
