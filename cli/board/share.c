// SPDX-License-Identifier: Apache-2.0
// The owner's side of a shared port: guests, their requests, and whose an answer is.
#include "share.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "limpet/rpc_frame.h"

enum {
    READ_MAX = 1024,
    OUT_LOG_MAX = 128 * 1024, // a guest that does not read misses log lines,
    OUT_MAX = 512 * 1024,     // and is sent away when not even answers fit
    PENDING_MAX = 64 * 1024,
    // What one guest may add at a turn: a request, what was read behind it, an opening each line.
    ROOM = LP_RPC_MAX_REQUEST + 4 * READ_MAX,
    ASKED_MAX = 8, // the newest requests of a guest; a board has four at a time
    NAME_MAX_ = 64,
};

static const char opening[] = "\n\x04\n";

typedef struct {
    int fd; // -1: nobody
    lp_rpc_reader_t *reader;
    char *out;
    size_t out_len;
    size_t out_cap;
    unsigned n_missed;
    double asked[ASKED_MAX]; // ids of requests without an answer yet; -1: none
    size_t next_asked;
    bool is_opened; // the board was told that frames come
    bool is_gone;
} guest_t;

struct lp_share {
    int folder;
    int listener;
    char name[NAME_MAX_];
    guest_t guests[LP_SHARE_GUESTS];
    char pending[PENDING_MAX];
    size_t n_pending;
};

// -- to a guest

static bool is_room(guest_t *g, size_t len, size_t max)
{
    if (g->out_len + len > max) {
        return false;
    }
    if (g->out_len + len > g->out_cap) {
        size_t cap = (g->out_len + len) * 2;
        char *bigger = realloc(g->out, cap);
        if (bigger == NULL) {
            return false;
        }
        g->out = bigger;
        g->out_cap = cap;
    }
    return true;
}

static void flush(guest_t *g)
{
    while (g->out_len > 0 && !g->is_gone) {
        ssize_t n = send(g->fd, g->out, g->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            g->is_gone = errno != EAGAIN && errno != EINTR;
            return;
        }
        g->out_len -= (size_t)n;
        memmove(g->out, g->out + n, g->out_len);
    }
}

static bool say(guest_t *g, const char *line, size_t max)
{
    const size_t len = strlen(line);
    if (!is_room(g, len + 1, max)) {
        return false;
    }
    memcpy(g->out + g->out_len, line, len);
    g->out[g->out_len + len] = '\n';
    g->out_len += len + 1;
    flush(g);
    return true;
}

static void say_missed(guest_t *g)
{
    char line[80];
    snprintf(line, sizeof line, "(%u lines are left out: they came faster than they were read)",
             g->n_missed);
    if (g->n_missed > 0 && say(g, line, OUT_LOG_MAX / 2)) {
        g->n_missed = 0;
    }
}

void lp_share_tell(lp_share_t *s, const char *line)
{
    for (size_t i = 0; i < LP_SHARE_GUESTS; i++) {
        guest_t *g = &s->guests[i];
        if (g->fd >= 0) {
            say_missed(g);
            g->n_missed += g->n_missed > 0 || !say(g, line, OUT_LOG_MAX) ? 1 : 0;
        }
    }
}

static bool take_asked(guest_t *g, double id)
{
    for (size_t i = 0; i < ASKED_MAX; i++) {
        if (g->fd >= 0 && g->asked[i] >= 0 && g->asked[i] == id) {
            g->asked[i] = -1;
            return true;
        }
    }
    return false;
}

bool lp_share_answer(lp_share_t *s, const char *text, const struct cJSON *frame)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(frame, "id");
    const bool is_answer = cJSON_GetObjectItemCaseSensitive(frame, "method") == NULL;
    for (size_t i = 0; is_answer && cJSON_IsNumber(id) && i < LP_SHARE_GUESTS; i++) {
        guest_t *g = &s->guests[i];
        if (take_asked(g, id->valuedouble)) {
            g->is_gone = !say(g, text, OUT_MAX) || g->is_gone;
            return true;
        }
    }
    if (!is_answer && id == NULL) { // whoever asked to be told of something knows what is his
        lp_share_tell(s, text);
    }
    return false;
}

// -- from a guest

static void to_board(lp_share_t *s, const char *text, size_t len)
{
    memcpy(s->pending + s->n_pending, text, len); // there is room: see lp_share_polls()
    s->n_pending += len;
}

static void take_line(lp_share_t *s, guest_t *g, lp_rpc_line_t kind, const char *text,
                      const cJSON *frame)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(frame, "id");
    const size_t len = kind == LP_RPC_LINE_LOG || kind == LP_RPC_LINE_FRAME ? strlen(text) : 0;
    if (len == 0 || len > LP_RPC_MAX_REQUEST) { // nothing that a board would take
        g->is_opened = g->is_opened && kind != LP_RPC_LINE_EMPTY;
        return;
    }
    if (!g->is_opened) {
        to_board(s, opening, sizeof opening - 1);
        g->is_opened = true;
    }
    if (cJSON_IsNumber(id)) {
        g->asked[g->next_asked++ % ASKED_MAX] = id->valuedouble;
    }
    to_board(s, text, len);
    to_board(s, "\n", 1);
}

static void read_guest(lp_share_t *s, guest_t *g)
{
    uint8_t bytes[READ_MAX];
    const ssize_t n = read(g->fd, bytes, sizeof bytes);
    if (n <= 0) {
        g->is_gone = n == 0 || (errno != EAGAIN && errno != EINTR);
        return;
    }
    size_t used = 0;
    for (;;) {
        const char *text = NULL;
        cJSON *frame = NULL;
        lp_rpc_line_t kind = lp_rpc_reader_feed(g->reader, bytes, (size_t)n, &used, &text, &frame);
        if (kind == LP_RPC_LINE_NONE) {
            break;
        }
        take_line(s, g, kind, text, frame);
        cJSON_Delete(frame);
    }
    explicit_bzero(bytes, sizeof bytes); // it may have been a password
}

const char *lp_share_pending(const lp_share_t *s, size_t *len)
{
    *len = s->n_pending;
    return s->pending;
}

void lp_share_sent(lp_share_t *s, size_t n)
{
    s->n_pending -= n;
    memmove(s->pending, s->pending + n, s->n_pending);
    explicit_bzero(s->pending + s->n_pending, n);
}

// -- guests come and go

static void drop(guest_t *g)
{
    close(g->fd);
    if (g->reader != NULL) {
        explicit_bzero(g->reader, sizeof *g->reader);
    }
    free(g->reader);
    free(g->out);
    *g = (guest_t){.fd = -1};
}

static void welcome(guest_t *g, int fd)
{
    char line[48];
    *g = (guest_t){.fd = fd, .reader = calloc(1, sizeof *g->reader)};
    for (size_t i = 0; i < ASKED_MAX; i++) {
        g->asked[i] = -1;
    }
    snprintf(line, sizeof line, "limpet-share 1 %ld", (long)getpid());
    g->is_gone = g->reader == NULL || !say(g, line, OUT_MAX);
}

static void take_in(lp_share_t *s)
{
    long pid = 0;
    const int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < LP_SHARE_GUESTS && lp_share_is_ours(fd, &pid); i++) {
        if (s->guests[i].fd < 0) {
            welcome(&s->guests[i], fd);
            return;
        }
    }
    close(fd); // somebody else, or one too many, who will try again
}

size_t lp_share_polls(const lp_share_t *s, struct pollfd *polls)
{
    const bool has_room = s->n_pending + ROOM <= PENDING_MAX;
    size_t n = 0;
    polls[n++] = (struct pollfd){.fd = s->listener, .events = POLLIN};
    for (size_t i = 0; i < LP_SHARE_GUESTS; i++) {
        const guest_t *g = &s->guests[i];
        const short want = (short)((has_room ? POLLIN : 0) | (g->out_len > 0 ? POLLOUT : 0));
        polls[n++] = (struct pollfd){.fd = g->fd, .events = want};
    }
    return n;
}

void lp_share_turn(lp_share_t *s, const struct pollfd *polls, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        guest_t *g = &s->guests[i - 1];
        if (g->fd < 0 || polls[i].fd != g->fd) {
            continue;
        }
        if ((polls[i].revents & POLLOUT) != 0) {
            flush(g);
        }
        if ((polls[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
            s->n_pending + ROOM <= PENDING_MAX) {
            read_guest(s, g);
        }
        if (g->is_gone) {
            drop(g);
        }
    }
    if (n > 0 && polls[0].revents != 0) {
        take_in(s);
    }
}

// -- the whole

// Who has the lock on the port may clear away what a dead owner left, unless somebody listens
// there: a container's port may have the same name.
static bool is_bound(lp_share_t *s)
{
    struct sockaddr_un address;
    long pid = 0;
    int other = lp_share_connect(s->folder, s->name, &pid);
    if (other >= 0) {
        close(other);
        return false;
    }
    (void)unlinkat(s->folder, s->name, 0);
    lp_share_address(s->folder, s->name, &address);
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return s->listener >= 0 && fchmod(s->listener, 0600) == 0 &&
           bind(s->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
           listen(s->listener, LP_SHARE_GUESTS) == 0;
}

lp_share_t *lp_share_start(const char *port)
{
    lp_share_t *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->listener = -1;
    for (size_t i = 0; i < LP_SHARE_GUESTS; i++) {
        s->guests[i].fd = -1;
    }
    s->folder = lp_share_folder(true);
    if (s->folder >= 0 && lp_share_name(port, s->name, sizeof s->name) && is_bound(s)) {
        return s;
    }
    lp_ui_detail("other commands cannot share %s: no private folder, or its name is taken", port);
    s->name[0] = '\0'; // what is there is not ours
    lp_share_end(s);
    return NULL;
}

void lp_share_end(lp_share_t *s)
{
    if (s == NULL) {
        return;
    }
    if (s->name[0] != '\0') {
        (void)unlinkat(s->folder, s->name, 0);
    }
    for (size_t i = 0; i < LP_SHARE_GUESTS; i++) {
        if (s->guests[i].fd >= 0) {
            drop(&s->guests[i]);
        }
    }
    if (s->listener >= 0) {
        close(s->listener);
    }
    if (s->folder >= 0) {
        close(s->folder);
    }
    explicit_bzero(s->pending, sizeof s->pending);
    free(s);
}
