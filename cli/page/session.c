// SPDX-License-Identifier: Apache-2.0
#include "session.h"

#include <cjson/cJSON.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "limpet/board.h"

enum { SESSIONS = 8, WAITING_MAX = 64, PORT_MAX = 256, IDLE_MS = 1000, AWAY_MS = 400 };

typedef struct {
    unsigned page;
    cJSON *frame;
} request_t;

typedef struct {
    lp_sessions_t *all;
    bool is_used; // guarded by all->lock, as `is_ending` and the queue
    bool is_ending;
    bool is_dead; // its thread is over
    pthread_t thread;
    int wake; // eventfd
    char port[PORT_MAX];
    request_t waiting[WAITING_MAX];
    size_t n_waiting;
    cJSON *state; // what was told of it last
    // of the thread
    lp_board_t *board;
    lp_board_console_t hooks;
    bool has_work;
    bool has_log;
} session_t;

struct lp_sessions {
    pthread_mutex_t lock;
    lp_page_tell_fn *tell;
    void *ctx;
    session_t sessions[SESSIONS];
};

// -- frames for pages

struct cJSON *lp_page_fault(const lp_fault_t *f)
{
    cJSON *tree = cJSON_CreateObject();
    cJSON_AddStringToObject(tree, "code", f->code);
    cJSON_AddStringToObject(tree, "what", f->what);
    cJSON_AddStringToObject(tree, "why", f->why);
    cJSON_AddStringToObject(tree, "next", f->next);
    cJSON_AddNumberToObject(tree, "exit", f->exit);
    return tree;
}

static cJSON *answer_to(const cJSON *request)
{
    cJSON *frame = cJSON_CreateObject();
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(request, "id");
    cJSON_AddItemToObject(frame, "id", id != NULL ? cJSON_Duplicate(id, true) : cJSON_CreateNull());
    return frame;
}

static void refuse(lp_page_tell_fn *tell, void *ctx, unsigned page, const cJSON *request,
                   const lp_fault_t *f, const lp_board_error_t *error)
{
    cJSON *frame = answer_to(request);
    cJSON *tree = cJSON_AddObjectToObject(frame, "error");
    const bool is_boards = error != NULL && error->code != 0;
    cJSON_AddNumberToObject(tree, "code", is_boards ? error->code : 500);
    cJSON_AddStringToObject(tree, "message", is_boards ? error->message : f->what);
    if (is_boards) {
        cJSON_AddStringToObject(tree, "name", error->name);
    }
    cJSON_AddItemToObject(tree, "fault", lp_page_fault(f));
    tell(ctx, page, frame);
}

void lp_page_refuse(lp_page_tell_fn *tell, void *ctx, unsigned page, const struct cJSON *request,
                    const lp_fault_t *f)
{
    refuse(tell, ctx, page, request, f, NULL);
}

static void tell_all(const session_t *s, const char *method, cJSON *params)
{
    cJSON *frame = cJSON_CreateObject();
    cJSON_AddStringToObject(frame, "method", method);
    cJSON_AddStringToObject(params, "port", s->port);
    cJSON_AddItemToObject(frame, "params", params);
    s->all->tell(s->all->ctx, LP_PAGE_ALL, frame);
}

static void tell_state(session_t *s, const char *state, const lp_fault_t *f)
{
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "state", state);
    cJSON_AddBoolToObject(params, "has_log", s->has_log);
    cJSON_AddStringToObject(params, "where", s->board != NULL ? lp_board_where(s->board) : s->port);
    if (f != NULL) {
        cJSON_AddItemToObject(params, "fault", lp_page_fault(f));
    }
    pthread_mutex_lock(&s->all->lock);
    cJSON_Delete(s->state);
    s->state = cJSON_Duplicate(params, true);
    pthread_mutex_unlock(&s->all->lock);
    tell_all(s, "Tool.Board", params);
}

// -- a board's thread

static void on_log(void *ctx, const char *line)
{
    char clean[2100];
    char text[2048];
    snprintf(text, sizeof text, "%s", line);
    lp_ui_clean(clean, sizeof clean, text);
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "text", clean);
    tell_all(ctx, "Tool.Log", params);
}

static void on_wake(void *ctx)
{
    session_t *s = ctx;
    uint64_t count = 0;
    s->has_work = read(s->wake, &count, sizeof count) > 0 || s->has_work;
}

static void on_frame(void *ctx, const cJSON *frame)
{
    (void)ctx; // answers that nobody waits for any more
    (void)frame;
}

static bool take_request(session_t *s, request_t *request)
{
    pthread_mutex_lock(&s->all->lock);
    const bool has_one = s->n_waiting > 0;
    if (has_one) {
        *request = s->waiting[0];
        memmove(s->waiting, s->waiting + 1, --s->n_waiting * sizeof s->waiting[0]);
    }
    pthread_mutex_unlock(&s->all->lock);
    return has_one;
}

static bool is_ending(session_t *s)
{
    pthread_mutex_lock(&s->all->lock);
    const bool is = s->is_ending;
    pthread_mutex_unlock(&s->all->lock);
    return is || lp_interrupt_seen();
}

static lp_exit_t serve(session_t *s, const request_t *request, lp_fault_t *f)
{
    cJSON *result = NULL;
    const cJSON *method = cJSON_GetObjectItemCaseSensitive(request->frame, "method");
    cJSON *params = cJSON_DetachItemFromObjectCaseSensitive(request->frame, "params");
    const lp_exit_t rc = lp_board_call(s->board, method->valuestring, params, 0, &result, f);
    if (rc == LP_EXIT_OK) {
        cJSON *frame = answer_to(request->frame);
        cJSON_AddItemToObject(frame, "result", result);
        s->all->tell(s->all->ctx, request->page, frame);
    } else {
        refuse(s->all->tell, s->all->ctx, request->page, request->frame, f,
               lp_board_last_error(s->board));
    }
    return rc;
}

// Until it is closed or the board is gone, which is LP_EXIT_BOARD with board-lost.
static lp_exit_t work(session_t *s, lp_fault_t *f)
{
    request_t request;
    lp_exit_t rc = LP_EXIT_OK;
    while (rc == LP_EXIT_OK && !is_ending(s)) {
        while (rc == LP_EXIT_OK && !is_ending(s) && take_request(s, &request)) {
            lp_fault_t fault = {0};
            if (serve(s, &request, &fault) != LP_EXIT_OK && strcmp(fault.code, "board-lost") == 0) {
                *f = fault;
                rc = LP_EXIT_BOARD;
            }
            cJSON_Delete(request.frame);
        }
        s->has_work = false;
        if (rc == LP_EXIT_OK && s->has_log) {
            rc = lp_board_watch(s->board, &s->has_work, IDLE_MS, f);
        } else if (rc == LP_EXIT_OK) { // of a way with whole frames nothing comes by itself
            struct pollfd p = {.fd = s->wake, .events = POLLIN};
            if (poll(&p, 1, IDLE_MS) > 0) {
                on_wake(s);
            }
        }
    }
    return rc;
}

static void refuse_all(session_t *s, const lp_fault_t *f)
{
    request_t request;
    while (take_request(s, &request)) {
        refuse(s->all->tell, s->all->ctx, request.page, request.frame, f, NULL);
        cJSON_Delete(request.frame);
    }
}

static lp_exit_t wait_back(session_t *s, lp_fault_t *f)
{
    lp_exit_t rc = LP_EXIT_BOARD;
    tell_state(s, "away", f);
    while (rc != LP_EXIT_OK && !is_ending(s)) {
        lp_fault_t ignored;
        refuse_all(s, f);
        lp_ui_pause(AWAY_MS);
        rc = lp_board_relisten(s->board, &ignored);
    }
    return rc;
}

static void live(session_t *s, lp_fault_t *f)
{
    const lp_board_options_t options = {.port = s->port, .is_sharing = true};
    s->has_log = !lp_board_has_no_log(&options);
    if (lp_board_open(&options, &s->board, f) != LP_EXIT_OK) {
        tell_state(s, "closed", f);
        return;
    }
    s->hooks = (lp_board_console_t){
        .input_fd = s->wake, .on_input = on_wake, .on_frame = on_frame, .ctx = s};
    lp_board_on_log(s->board, on_log, s);
    lp_board_set_console(s->board, &s->hooks);
    lp_exit_t rc = LP_EXIT_OK;
    while (rc == LP_EXIT_OK && !is_ending(s)) {
        tell_state(s, "open", NULL);
        rc = work(s, f);
        rc = rc != LP_EXIT_OK && !is_ending(s) ? wait_back(s, f) : rc;
    }
    lp_board_close(s->board);
    s->board = NULL;
    tell_state(s, "closed", NULL);
}

static void *run(void *arg)
{
    session_t *s = arg;
    lp_fault_t f = {.exit = LP_EXIT_BOARD, .code = "board-closed", .what = "the board was closed"};
    live(s, &f);
    pthread_mutex_lock(&s->all->lock);
    s->is_dead = true; // from here on nothing is queued
    pthread_mutex_unlock(&s->all->lock);
    refuse_all(s, &f);
    return NULL;
}

// -- from the server's thread

lp_sessions_t *lp_sessions_new(lp_page_tell_fn *tell, void *ctx)
{
    lp_sessions_t *all = calloc(1, sizeof *all);
    if (all != NULL) {
        pthread_mutex_init(&all->lock, NULL);
        all->tell = tell;
        all->ctx = ctx;
    }
    return all;
}

static void join(session_t *s)
{
    pthread_join(s->thread, NULL);
    for (size_t i = 0; i < s->n_waiting; i++) {
        cJSON_Delete(s->waiting[i].frame);
    }
    close(s->wake);
    cJSON_Delete(s->state);
    *s = (session_t){.is_used = false};
}

static void wake(const session_t *s)
{
    const uint64_t one = 1;
    (void)!write(s->wake, &one, sizeof one);
}

static void tell_to_end(session_t *s)
{
    pthread_mutex_lock(&s->all->lock);
    s->is_ending = true;
    pthread_mutex_unlock(&s->all->lock);
    wake(s);
}

void lp_sessions_free(lp_sessions_t *all)
{
    for (size_t i = 0; all != NULL && i < SESSIONS; i++) {
        if (all->sessions[i].is_used) {
            tell_to_end(&all->sessions[i]);
            join(&all->sessions[i]);
        }
    }
    free(all);
}

static bool is_dead(session_t *s)
{
    pthread_mutex_lock(&s->all->lock);
    const bool is = s->is_dead;
    pthread_mutex_unlock(&s->all->lock);
    return is;
}

static session_t *find(lp_sessions_t *all, const char *port)
{
    for (size_t i = 0; i < SESSIONS; i++) {
        session_t *s = &all->sessions[i];
        if (s->is_used && is_dead(s)) {
            join(s);
        }
        if (s->is_used && !is_ending(s) && strcmp(s->port, port) == 0) {
            return s; // one that ends gives its port to the next
        }
    }
    return NULL;
}

static session_t *start(lp_sessions_t *all, const char *port)
{
    for (size_t i = 0; i < SESSIONS; i++) {
        session_t *s = &all->sessions[i];
        if (s->is_used) {
            continue;
        }
        *s = (session_t){
            .all = all, .is_used = true, .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
        snprintf(s->port, sizeof s->port, "%s", port);
        if (s->wake >= 0 && pthread_create(&s->thread, NULL, run, s) == 0) {
            return s;
        }
        *s = (session_t){.is_used = false};
        return NULL;
    }
    return NULL;
}

// Puts a request into the queue. False: there are too many.
static bool queue(session_t *s, unsigned page, cJSON *frame)
{
    pthread_mutex_lock(&s->all->lock);
    const bool has_room = s->n_waiting < WAITING_MAX && !s->is_dead;
    if (has_room) {
        s->waiting[s->n_waiting++] = (request_t){page, frame};
    }
    pthread_mutex_unlock(&s->all->lock);
    wake(s);
    return has_room;
}

void lp_sessions_call(lp_sessions_t *all, unsigned page, struct cJSON *frame)
{
    lp_fault_t f = {0};
    const char *port = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(frame, "dst"));
    session_t *s = NULL;
    if (port != NULL && port[0] != '\0' && strlen(port) < PORT_MAX) {
        s = find(all, port);
        s = s != NULL ? s : start(all, port);
        lp_fault_set(&f, LP_EXIT_LOCAL, "page-busy", "%d boards are open already", SESSIONS);
    } else {
        lp_fault_set(&f, LP_EXIT_USAGE, "usage", "dst is no name of a port");
    }
    if (s != NULL && queue(s, page, frame)) {
        return;
    }
    if (s != NULL) {
        lp_fault_set(&f, LP_EXIT_BOARD, "board-busy", "too many calls wait for this board");
        lp_fault_next(&f, "wait a moment");
    }
    lp_page_refuse(all->tell, all->ctx, page, frame, &f);
    cJSON_Delete(frame);
}

struct cJSON *lp_sessions_state(lp_sessions_t *all, const char *port)
{
    session_t *s = find(all, port);
    cJSON *state = NULL;
    if (s != NULL) {
        pthread_mutex_lock(&all->lock);
        state = cJSON_Duplicate(s->state, true);
        pthread_mutex_unlock(&all->lock);
    }
    return state;
}

bool lp_sessions_close(lp_sessions_t *all, const char *port)
{
    session_t *s = find(all, port);
    if (s != NULL) {
        tell_to_end(s);
    }
    return s != NULL;
}
