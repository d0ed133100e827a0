// SPDX-License-Identifier: Apache-2.0
// Private: the front's loop and its connections.
#ifndef LP_FRONT_PRIVATE_H
#define LP_FRONT_PRIVATE_H

#include <openssl/ssl.h>

#include "journal.h"
#include "limpet/front.h"
#include "limpet/front_filter.h"

enum { ADDRESS_SIZE = 48, REASON_SIZE = 240 };

// What epoll gives back: which descriptor of which connection.
typedef struct conn conn_t;
typedef struct {
    conn_t *conn; // null: a listener
    bool is_broker;
    lp_front_kind_t kind; // of a listener
    uint32_t wants;       // what epoll was last told; 0: not there
} endpoint_t;

typedef enum {
    CONN_HANDSHAKE,
    CONN_MQTT,    // bytes go through the filter
    CONN_HTTP,    // requests are answered here
    CONN_CLOSING, // what waits for the client is sent
    CONN_LINGER,  // everything was said; the client's last words are not heard
    CONN_DEAD,    // freed at the end of the turn
} conn_state_t;

struct conn {
    lp_front_t *front;
    conn_t *next, *prev;
    lp_front_kind_t kind;
    conn_state_t state;
    int fd, broker_fd;
    endpoint_t client, broker;
    SSL *ssl;
    // Something may be there to read. epoll sets them; a read that took everything clears them.
    bool client_ready, broker_ready;
    bool wants_write;  // TLS waits until it can send
    bool wants_broker; // the broker's socket was busy: again at the next tick
    bool broker_gone;
    bool said_goodbye; // deliver what waits for the broker, then end
    bool has_spoken;   // the client sent something at all
    char address[ADDRESS_SIZE];
    char refusal[REASON_SIZE]; // why the handshake failed, where our own callbacks know
    char certificate_id[LP_REG_ID_SIZE];
    char *pem;
    lp_filter_t filter;
    lp_bytes_t up, down; // waiting for the broker, for the client
    lp_bytes_t request;  // of HTTP, not whole yet
    int64_t since_ms;
    int64_t bytes_left, bytes_filled_ms; // 512 KiB a second
    int64_t noted_ms;                    // when throttling was last written down
};

struct lp_front {
    lp_front_config_t config;
    int epoll;
    endpoint_t listener[LP_FRONT_KINDS];
    SSL_CTX *tls[LP_FRONT_KINDS];
    X509 *certificate; // the server's own, for its names
    lp_pass_key_t key;
    lp_registry_t *reg;
    lp_scope_t scope;
    lp_journal_t journal;
    conn_t *conns; // all of them
    int count;
    int64_t now_ms;
    int64_t ticked_ms;
    bool has_dead; // connections to free
    bool paused;   // no descriptors left: listeners rest until the next tick
};

// tls.c
SSL_CTX *front_tls_new(lp_front_t *front, lp_front_kind_t kind, char *why, size_t size);
// Takes the identity after a handshake. False: conn->refusal says why.
bool front_tls_identity(conn_t *conn);
// Puts the reason of a failed handshake into conn->refusal; "" where it is not worth a line.
void front_tls_explain(conn_t *conn);

// conn.c
conn_t *front_conn_new(lp_front_t *front, lp_front_kind_t kind, int fd, const char *address);
// Goes on as far as it can without waiting.
void front_conn_step(conn_t *conn);
// Looks at the clock; steps where something waited for it.
void front_conn_tick(conn_t *conn);
void front_conn_free(conn_t *conn);
// Writes down that it was refused.
void front_note(conn_t *conn, const char *topic, const char *reason);

// loop.c
// Tells epoll what a descriptor waits for; 0: nothing.
void front_watch(lp_front_t *front, int fd, endpoint_t *endpoint, uint32_t events);

// http.c
// Takes whole requests off conn->request and answers into conn->down. False: the connection ends
// after that.
bool front_http(conn_t *conn);

#endif
