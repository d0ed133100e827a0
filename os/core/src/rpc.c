// SPDX-License-Identifier: Apache-2.0
// The router: finds the method of a frame, keeps what the answer needs, makes the answer.
#include "limpet/rpc.h"

#include <string.h>

#include "limpet/crc.h"
#include "rpc_internal.h"

enum { MESSAGE_MAX = 200, NAME_MAX = 48 };

const char *lp_rpc_level_name(lp_rpc_level_t level)
{
    switch (level) {
    case LP_RPC_READ:
        return "read";
    case LP_RPC_WRITE:
        return "write";
    case LP_RPC_CHIP:
        return "chip";
    }
    return "unknown";
}

void lp_rpc_init(lp_rpc_t *rpc)
{
    memset(rpc, 0, sizeof *rpc);
}

void lp_rpc_add(lp_rpc_t *rpc, lp_rpc_set_t *set)
{
    lp_rpc_set_t **link = &rpc->sets_;
    while (*link != NULL) {
        link = &(*link)->next_;
    }
    set->next_ = NULL;
    *link = set;
}

void lp_rpc_each(const lp_rpc_t *rpc, lp_rpc_each_fn *fn, void *ctx)
{
    for (const lp_rpc_set_t *set = rpc->sets_; set != NULL; set = set->next_) {
        for (size_t i = 0; i < set->count; i++) {
            fn(ctx, &set->methods[i]);
        }
    }
}

static const lp_rpc_method_t *find_in_sets(const lp_rpc_t *rpc, const char *name,
                                           const lp_rpc_set_t **where)
{
    for (const lp_rpc_set_t *set = rpc->sets_; set != NULL; set = set->next_) {
        for (size_t i = 0; i < set->count; i++) {
            if (strcmp(set->methods[i].name, name) == 0) {
                *where = set;
                return &set->methods[i];
            }
        }
    }
    return NULL;
}

const lp_rpc_method_t *lp_rpc_find(const lp_rpc_t *rpc, const char *name)
{
    const lp_rpc_set_t *where;
    return find_in_sets(rpc, name, &where);
}

// -- answers

static void put_echo(lp_json_writer_t *w, const char *key, const char *text)
{
    lp_json_t value;
    if (text[0] != '\0' && lp_json_parse(lp_span_str(text), &value) == LP_OK) {
        lp_json_put_key(w, key);
        lp_json_put_value(w, value);
    }
}

// The answer is written where it will be sent from. For a channel that is gone there is no room at
// all.
static void begin_answer(lp_rpc_req_t *req, lp_rpc_t *rpc, bool is_refusal)
{
    rpc->frame_ =
        req->channel_ != NULL ? lp_rpc_channel_room(req->channel_, is_refusal) : lp_buf(NULL, 0);
    lp_json_writer_t *w = &rpc->writer_;
    lp_json_init(w, &rpc->frame_);
    lp_json_put_object(w);
    if (req->id_[0] != '\0') {
        put_echo(w, "id", req->id_);
    } else {
        lp_json_put_key(w, "id");
        lp_json_put_null(w);
    }
    put_echo(w, "src", req->dst_); // the answer goes the other way
    put_echo(w, "dst", req->src_);
    put_echo(w, "tag", req->tag_);
}

static void release(lp_rpc_req_t *req, lp_err_t err)
{
    if (req->mark != 0) {
        req->rpc_->watch->end(req->rpc_->watch->ctx, req, err);
    }
    if (req->channel_ != NULL) {
        req->channel_->in_flight_--;
    }
    memset(req, 0, sizeof *req);
}

// Ends the frame. false: its checksum does not fit.
static bool send_answer(lp_rpc_req_t *req, lp_rpc_t *rpc)
{
    const uint32_t crc = req->wants_crc_ ? lp_crc32(0, lp_buf_span(&rpc->frame_)) : 0;
    if (req->wants_crc_ && lp_fmt(&rpc->frame_, "%08x", (unsigned)crc) != LP_OK) {
        return false;
    }
    lp_rpc_channel_send(req->channel_, rpc->frame_.len);
    return true;
}

static void put_error(lp_json_writer_t *w, int code, lp_err_t err, lp_span_t message)
{
    lp_json_put_key(w, "error");
    lp_json_put_object(w);
    lp_json_put_key(w, "code");
    lp_json_put_int(w, code);
    lp_json_put_key(w, "message");
    lp_json_put_span(w, message);
    lp_json_put_key(w, "name");
    lp_json_put_str(w, lp_err_name(err));
    lp_json_put_object_end(w);
}

static void answer_error(lp_rpc_req_t *req, lp_rpc_t *rpc, int code, lp_err_t err,
                         lp_span_t message)
{
    if (req->channel_ == NULL) {
        release(req, err);
        return;
    }
    begin_answer(req, rpc, true);
    put_error(&rpc->writer_, code, err, message);
    lp_json_put_object_end(&rpc->writer_);
    if (lp_json_done(&rpc->writer_) != LP_OK) { // the words are not UTF-8: say it without them
        begin_answer(req, rpc, true);
        put_error(&rpc->writer_, code, err, lp_span_str(lp_err_text(err)));
        lp_json_put_object_end(&rpc->writer_);
        (void)lp_json_done(&rpc->writer_);
    }
    (void)send_answer(req, rpc); // there is room: LP_RPC_REFUSAL_MAX is kept free for each request
    release(req, err);
}

// Control characters of a caller's text would grow sixfold in JSON.
static void mask_controls(lp_buf_t *text)
{
    for (size_t i = 0; i < text->len; i++) {
        if (text->ptr[i] < 0x20 || text->ptr[i] == 0x7F) {
            text->ptr[i] = '?';
        }
    }
}

// A cut in the middle of a UTF-8 sequence would make the whole message invalid.
static size_t cut_at_character(const uint8_t *text, size_t len)
{
    while (len > 0 && (text[len - 1] & 0xC0) == 0x80) {
        len--;
    }
    return len > 0 && text[len - 1] >= 0xC0 ? len - 1 : len;
}

void lp_rpc_fail_v(lp_rpc_req_t *req, int code, lp_err_t err, const char *fmt, va_list args)
{
    uint8_t text[MESSAGE_MAX];
    lp_buf_t out = lp_buf(text, sizeof text);
    if (fmt != NULL && lp_vfmt(&out, fmt, args) == LP_E_NOSPACE) {
        out.len = cut_at_character(text, out.len);
    }
    mask_controls(&out);
    const lp_span_t message = fmt != NULL ? lp_buf_span(&out) : lp_span_str(lp_err_text(err));
    answer_error(req, req->rpc_, code, err, message);
}

void lp_rpc_fail(lp_rpc_req_t *req, lp_err_t err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    lp_rpc_fail_v(req, -(int)err, err, fmt, args);
    va_end(args);
}

void lp_rpc_fail_code(lp_rpc_req_t *req, int code, lp_err_t err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    lp_rpc_fail_v(req, code, err, fmt, args);
    va_end(args);
}

lp_json_writer_t *lp_rpc_result(lp_rpc_req_t *req)
{
    begin_answer(req, req->rpc_, false);
    lp_json_put_key(&req->rpc_->writer_, "result");
    return &req->rpc_->writer_;
}

void lp_rpc_done(lp_rpc_req_t *req)
{
    lp_rpc_t *rpc = req->rpc_;
    lp_json_put_object_end(&rpc->writer_);
    lp_err_t err = lp_json_done(&rpc->writer_);
    if (err == LP_OK && !send_answer(req, rpc)) {
        err = LP_E_NOSPACE;
    }
    if (err == LP_E_NOSPACE && req->channel_ != NULL && lp_rpc_channel_is_short(req->channel_)) {
        err = LP_E_BUSY;
    }
    if (err == LP_OK) {
        release(req, LP_OK);
    } else {
        lp_rpc_fail(req, err, "the result of %s cannot be sent (%s)", req->method->name,
                    lp_err_text(err));
    }
}

void lp_rpc_ok(lp_rpc_req_t *req)
{
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

// -- requests

static lp_rpc_req_t *take_req(lp_rpc_t *rpc, lp_rpc_channel_t *ch, lp_rpc_req_t *spare)
{
    lp_rpc_req_t *req = spare; // to be refused with; not counted as under way for long
    for (size_t i = 0; i < LP_RPC_IN_FLIGHT_MAX; i++) {
        if (!rpc->reqs_[i].is_busy_) {
            req = &rpc->reqs_[i];
            break;
        }
    }
    *req = (lp_rpc_req_t){.is_busy_ = true, .channel_ = ch, .rpc_ = rpc};
    ch->in_flight_++;
    return req;
}

// Keeps the JSON text of a member to be echoed. false: too long or ambiguous.
static bool keep_echo(lp_json_t frame, const char *key, char dst[LP_RPC_ECHO_MAX])
{
    lp_json_t value;
    const lp_err_t err = lp_json_get(frame, key, &value);
    if (err == LP_E_NOT_FOUND) {
        return true;
    }
    const lp_json_type_t type = err == LP_OK ? lp_json_type(value) : LP_JSON_NONE;
    if ((type != LP_JSON_NUMBER && type != LP_JSON_STRING) || value.raw.len >= LP_RPC_ECHO_MAX) {
        return err == LP_OK && type == LP_JSON_NULL;
    }
    memcpy(dst, value.raw.ptr, value.raw.len);
    dst[value.raw.len] = '\0';
    return true;
}

static bool keep_echoes(lp_rpc_req_t *req, lp_json_t frame)
{
    return keep_echo(frame, "id", req->id_) && keep_echo(frame, "src", req->src_) &&
           keep_echo(frame, "dst", req->dst_) && keep_echo(frame, "tag", req->tag_);
}

static bool keep_params(lp_rpc_req_t *req, lp_json_t frame)
{
    lp_err_t err = lp_json_get(frame, "params", &req->params);
    if (err == LP_E_NOT_FOUND) {
        err = lp_json_get(frame, "args", &req->params);
    }
    if (err == LP_E_NOT_FOUND || (err == LP_OK && lp_json_is_null(req->params))) {
        req->params = (lp_json_t){0};
        return true;
    }
    return err == LP_OK && lp_json_type(req->params) == LP_JSON_OBJECT;
}

static void begin_watch(lp_rpc_req_t *req)
{
    const lp_rpc_watch_t *watch = req->rpc_->watch;
    if (watch != NULL) {
        watch->begin(watch->ctx, req);
    }
}

static void call(lp_rpc_req_t *req, const lp_rpc_set_t *set, lp_json_t frame)
{
    begin_watch(req);
    if (req->method->level > req->level) {
        lp_rpc_fail(req, LP_E_DENIED, "%s needs the level %s, you have %s", req->method->name,
                    lp_rpc_level_name(req->method->level),
                    lp_rpc_level_name((lp_rpc_level_t)req->level));
    } else if (!keep_params(req, frame)) {
        lp_rpc_fail(req, LP_E_INVALID, "params must be one object");
    } else {
        req->method->handle(set->ctx, req);
    }
}

// Whoever is not let in does not learn which methods there are.
static bool admit(lp_rpc_req_t *req, const char *name, lp_json_t frame)
{
    const lp_rpc_gate_t *gate = req->channel_->gate;
    lp_rpc_level_t level = (lp_rpc_level_t)req->channel_->max_level;
    if (gate != NULL && !gate->admit(gate->ctx, req, name, frame, &level)) {
        return false;
    }
    req->level = (uint8_t)level;
    return true;
}

static void dispatch(lp_rpc_req_t *req, lp_json_t frame)
{
    char name[NAME_MAX];
    lp_json_t method;
    const lp_rpc_set_t *set = NULL;
    if (lp_json_get(frame, "method", &method) != LP_OK ||
        lp_json_cstr(method, name, sizeof name) != LP_OK) {
        lp_rpc_fail(req, LP_E_FORMAT, "a request needs one \"method\"");
        return;
    }
    if (!admit(req, name, frame)) {
        return;
    }
    req->method = find_in_sets(req->rpc_, name, &set);
    if (req->method == NULL) {
        lp_rpc_fail_code(req, LP_RPC_UNKNOWN_METHOD, LP_E_NOT_FOUND,
                         "no method %s; RPC.List names them all", name);
    } else {
        call(req, set, frame);
    }
}

// An answer, or the echo of one: two boards must not answer each other's errors for ever.
static bool is_answer(lp_json_t frame)
{
    lp_json_t value;
    return lp_json_get(frame, "method", &value) == LP_E_NOT_FOUND &&
           (lp_json_get(frame, "result", &value) != LP_E_NOT_FOUND ||
            lp_json_get(frame, "error", &value) != LP_E_NOT_FOUND);
}

static bool parse_crc(lp_span_t digits, uint32_t *crc)
{
    *crc = 0;
    for (size_t i = 0; i < digits.len; i++) {
        const uint8_t c = digits.ptr[i];
        const uint32_t value = c >= '0' && c <= '9'   ? c - (uint32_t)'0'
                               : c >= 'a' && c <= 'f' ? c - (uint32_t)'a' + 10
                                                      : 16;
        if (value == 16) {
            return false;
        }
        *crc = *crc << 4 | value;
    }
    return digits.len == 8;
}

void lp_rpc_refuse(lp_rpc_channel_t *ch, lp_err_t err, const char *message)
{
    lp_rpc_req_t spare;
    lp_rpc_fail(take_req(ch->rpc_, ch, &spare), err, "%s", message);
}

void lp_rpc_handle_frame(lp_rpc_channel_t *ch, lp_span_t line)
{
    lp_json_t frame;
    lp_span_t rest;
    uint32_t crc = 0;
    if (lp_json_parse_prefix(line, &frame, &rest) != LP_OK ||
        lp_json_type(frame) != LP_JSON_OBJECT || (rest.len > 0 && !parse_crc(rest, &crc))) {
        lp_rpc_refuse(ch, LP_E_FORMAT,
                      "a frame is one JSON object on one line, or with its CRC-32");
        return;
    }
    if (rest.len > 0 && crc != lp_crc32(0, lp_span(line.ptr, line.len - rest.len))) {
        lp_rpc_refuse(ch, LP_E_CRC, "the frame was damaged on its way (CRC-32)");
        return;
    }
    if (is_answer(frame)) {
        return;
    }
    lp_rpc_req_t spare;
    lp_rpc_req_t *req = take_req(ch->rpc_, ch, &spare);
    req->wants_crc_ = rest.len > 0;
    if (!keep_echoes(req, frame)) {
        lp_rpc_fail(req, LP_E_INVALID, "id, src, dst and tag are numbers or short strings");
    } else if (req == &spare) {
        lp_rpc_fail(req, LP_E_BUSY, "%d requests are under way", LP_RPC_IN_FLIGHT_MAX);
    } else {
        dispatch(req, frame);
    }
}

void lp_rpc_forget_channel(lp_rpc_channel_t *ch)
{
    for (size_t i = 0; i < LP_RPC_IN_FLIGHT_MAX; i++) {
        if (ch->rpc_->reqs_[i].channel_ == ch) {
            ch->rpc_->reqs_[i].channel_ = NULL;
        }
    }
    ch->in_flight_ = 0;
    for (const lp_rpc_farewell_t *f = ch->rpc_->farewells_; f != NULL; f = f->next_) {
        f->gone(f->ctx, ch);
    }
}

// -- parameters

lp_err_t lp_rpc_param(const lp_rpc_req_t *req, const char *key, lp_json_t *value)
{
    lp_json_t found;
    if (lp_json_type(req->params) == LP_JSON_NONE) {
        return LP_E_NOT_FOUND;
    }
    const lp_err_t err = lp_json_get(req->params, key, &found);
    if (err != LP_OK) {
        return err;
    }
    if (lp_json_is_null(found)) {
        return LP_E_NOT_FOUND;
    }
    *value = found;
    return LP_OK;
}

lp_err_t lp_rpc_param_str(const lp_rpc_req_t *req, const char *key, char *dst, size_t cap)
{
    lp_json_t value;
    const lp_err_t err = lp_rpc_param(req, key, &value);
    return err != LP_OK ? err : lp_json_cstr(value, dst, cap);
}

lp_err_t lp_rpc_param_bool(const lp_rpc_req_t *req, const char *key, bool fallback, bool *value)
{
    lp_json_t found;
    const lp_err_t err = lp_rpc_param(req, key, &found);
    if (err == LP_E_NOT_FOUND) {
        *value = fallback;
        return LP_OK;
    }
    return err != LP_OK ? err : lp_json_bool(found, value);
}
