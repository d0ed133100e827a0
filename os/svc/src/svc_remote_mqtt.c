// SPDX-License-Identifier: Apache-2.0
// The channel's stream: messages become lines, lines become messages.
#include "limpet/svc_remote_mqtt.h"

#include <string.h>

#include "limpet/log.h"
#include "svc_remote_internal.h"

#define LOG_MODULE "remote"

enum { NAME_MAX = 64, TOPIC_MAX = NAME_MAX + 8, REFUSAL_MAX = 400 };

static lp_svc_remote_mqtt_t *self(lp_stream_t *s)
{
    return (lp_svc_remote_mqtt_t *)s;
}

static bool is_on(const lp_svc_remote_mqtt_t *svc)
{
    return lp_config_bool(svc->remote_->s_.config, "rpc.mqtt.enable");
}

static lp_err_t own_topic(const lp_svc_remote_mqtt_t *svc, char topic[TOPIC_MAX])
{
    return lp_fmt_str(topic, TOPIC_MAX, "%s/rpc",
                      lp_config_str(svc->remote_->s_.config, "device.id"));
}

// A name that may stand in a topic, and nowhere but at its beginning.
static bool read_name(lp_json_t frame, const char *key, char name[NAME_MAX])
{
    lp_json_t value;
    if (lp_json_get(frame, key, &value) != LP_OK || lp_json_cstr(value, name, NAME_MAX) != LP_OK) {
        return false;
    }
    for (const char *c = name; *c != '\0'; c++) {
        const bool is_fine = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                             (*c >= '0' && *c <= '9') || strchr("-_.:", *c) != NULL;
        if (!is_fine) {
            return false;
        }
    }
    return name[0] != '\0';
}

// -- in

static void drop(lp_svc_remote_mqtt_t *svc, const char *why)
{
    svc->dropped++;
    LP_LOGW("a call over MQTT was passed over: %s", why);
}

static void take(lp_svc_remote_mqtt_t *svc, lp_span_t payload)
{
    lp_json_t frame;
    char src[NAME_MAX];
    if (lp_json_parse(payload, &frame) != LP_OK || lp_json_type(frame) != LP_JSON_OBJECT ||
        !read_name(frame, "src", src)) {
        drop(svc, "it is no frame with a src of letters, digits and - _ . :");
        return;
    }
    if (frame.raw.len + 1 > sizeof svc->in_ - svc->in_len_) {
        drop(svc, "too many at once");
        return;
    }
    uint8_t *line = svc->in_ + svc->in_len_;
    memcpy(line, frame.raw.ptr, frame.raw.len);
    lp_rpc_web_tame(line, frame.raw.len);
    line[frame.raw.len] = '\n';
    svc->in_len_ += frame.raw.len + 1;
    lp_loop_post(svc->loop_, &svc->event_);
}

static void on_message(void *ctx, const char *topic, lp_span_t payload)
{
    lp_svc_remote_mqtt_t *svc = ctx;
    char own[TOPIC_MAX];
    if (is_on(svc) && own_topic(svc, own) == LP_OK && strcmp(topic, own) == 0) {
        take(svc, payload);
    }
}

static void deliver(void *ctx)
{
    lp_svc_remote_mqtt_t *svc = ctx;
    if (svc->fn_ != NULL) {
        svc->fn_(svc->ctx_, LP_STREAM_READABLE, LP_OK);
    }
}

// For the books: whoever the next line says it is from.
static void name_sender(lp_svc_remote_mqtt_t *svc, lp_span_t line)
{
    lp_json_t frame;
    char src[NAME_MAX] = "?";
    if (lp_json_parse(line, &frame) == LP_OK) {
        (void)read_name(frame, "src", src);
    }
    (void)lp_fmt_str(svc->caller_.from, sizeof svc->caller_.from, "mqtt %s", src);
}

// At most one line in a call, so that its sender is the one that was named.
static lp_err_t mqtt_read(lp_stream_t *stream, uint8_t *buf, size_t cap, size_t *n)
{
    lp_svc_remote_mqtt_t *svc = self(stream);
    if (svc->in_len_ == 0) {
        return LP_E_AGAIN;
    }
    const uint8_t *end = memchr(svc->in_, '\n', svc->in_len_);
    const size_t whole = (size_t)(end - svc->in_) + 1; // take() writes whole lines
    if (svc->in_pos_ == 0) {
        name_sender(svc, lp_span(svc->in_, whole - 1));
    }
    *n = whole - svc->in_pos_ < cap ? whole - svc->in_pos_ : cap;
    memcpy(buf, svc->in_ + svc->in_pos_, *n);
    svc->in_pos_ += *n;
    if (svc->in_pos_ == whole) {
        svc->in_len_ -= whole;
        memmove(svc->in_, svc->in_ + whole, svc->in_len_);
        svc->in_pos_ = 0;
    }
    return LP_OK;
}

// -- out

static lp_err_t publish(lp_svc_remote_mqtt_t *svc, const char *to, lp_span_t payload)
{
    char topic[TOPIC_MAX];
    const lp_err_t err = lp_fmt_str(topic, sizeof topic, "%s/rpc", to);
    return err != LP_OK ? err : lp_svc_cloud_send(svc->cloud_, topic, payload, 1, NULL, NULL);
}

// What does not fit the session's queue is said in short.
static void say_too_long(lp_svc_remote_mqtt_t *svc, const char *to, lp_json_t answer, lp_err_t err)
{
    uint8_t bytes[REFUSAL_MAX];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    lp_json_writer_t w;
    lp_json_t id = {0};
    (void)lp_json_get(answer, "id", &id);
    lp_json_init(&w, &out);
    lp_json_put_object(&w);
    lp_json_put_key(&w, "id");
    lp_json_put_value(&w, id);
    lp_json_put_key(&w, "dst");
    lp_json_put_str(&w, to);
    lp_json_put_key(&w, "error");
    lp_json_put_object(&w);
    lp_json_put_key(&w, "code");
    lp_json_put_int(&w, -(int64_t)err);
    lp_json_put_key(&w, "message");
    lp_json_put_str(&w, "the answer does not fit an MQTT message of this board");
    lp_json_put_key(&w, "name");
    lp_json_put_str(&w, lp_err_name(err));
    lp_json_put_object_end(&w);
    lp_json_put_object_end(&w);
    if (lp_json_done(&w) == LP_OK) {
        (void)publish(svc, to, lp_buf_span(&out));
    }
}

static void answer(lp_svc_remote_mqtt_t *svc, lp_span_t line)
{
    lp_json_t frame;
    char to[NAME_MAX];
    if (lp_json_parse(line, &frame) != LP_OK || !read_name(frame, "dst", to)) {
        return; // a refusal of something that was no frame
    }
    const lp_err_t err = publish(svc, to, line);
    if (err != LP_OK) {
        LP_LOGW("an answer to %s was not sent (%s)", to, lp_err_text(err));
        say_too_long(svc, to, frame, err);
    }
}

// The channel hands over whole lines.
static lp_err_t mqtt_write(lp_stream_t *stream, lp_span_t data, size_t *n)
{
    const uint8_t *end = memchr(data.ptr, '\n', data.len);
    size_t len = end != NULL ? (size_t)(end - data.ptr) : data.len;
    *n = end != NULL ? len + 1 : len;
    len -= len > 0 && data.ptr[len - 1] == '\r' ? 1 : 0;
    if (len > 0) {
        answer(self(stream), lp_span(data.ptr, len));
    }
    return LP_OK;
}

static void mqtt_listen(lp_stream_t *stream, lp_stream_fn *fn, void *ctx)
{
    self(stream)->fn_ = fn;
    self(stream)->ctx_ = ctx;
}

static void mqtt_close(lp_stream_t *stream)
{
    (void)stream; // it ends with the board
}

// -- the session

static void on_subscribed(void *ctx, lp_err_t err, const lp_mqtt_result_t *result)
{
    lp_svc_remote_mqtt_t *svc = ctx;
    (void)result;
    if (err != LP_OK) {
        svc->is_subscribed_ = false;
        if (err != LP_E_CLOSED && err != LP_E_CANCELED) {
            LP_LOGE("no calls over MQTT: the broker does not let this device subscribe (%s)",
                    lp_err_text(err));
        }
        return;
    }
    LP_LOGI("mqtt: calls are taken on %s/rpc", lp_config_str(svc->remote_->s_.config, "device.id"));
}

static void step(void *ctx)
{
    lp_svc_remote_mqtt_t *svc = ctx;
    char topic[TOPIC_MAX];
    if (!is_on(svc) || svc->is_subscribed_ || svc->cloud_->state != LP_CLOUD_CONNECTED ||
        own_topic(svc, topic) != LP_OK) {
        return;
    }
    const lp_mqtt_filter_t filter = {.filter = lp_span_str(topic), .qos = 1};
    svc->is_subscribed_ =
        lp_svc_cloud_subscribe(svc->cloud_, &filter, 1, on_subscribed, svc) == LP_OK;
}

static void on_connected(void *ctx, bool session_present)
{
    lp_svc_remote_mqtt_t *svc = ctx;
    svc->is_subscribed_ = svc->is_subscribed_ && session_present;
    lp_svc_remote_mqtt_poke(svc);
}

void lp_svc_remote_mqtt_poke(lp_svc_remote_mqtt_t *svc)
{
    lp_loop_post(svc->loop_, &svc->step_);
}

void lp_svc_remote_mqtt_init(lp_svc_remote_mqtt_t *svc, lp_svc_remote_t *remote,
                             lp_svc_cloud_t *cloud)
{
    static const lp_stream_ops_t ops = {
        .listen = mqtt_listen, .read = mqtt_read, .write = mqtt_write, .close = mqtt_close};
    memset(svc, 0, sizeof *svc);
    svc->stream.ops = &ops;
    svc->loop_ = remote->s_.loop;
    svc->remote_ = remote;
    svc->cloud_ = cloud;
    svc->caller_ = (lp_remote_caller_t){.svc = remote, .from = "mqtt"};
    memset(svc->caller_.key, 0xFF, sizeof svc->caller_.key); // no address: all are one peer
    svc->gate_ = (lp_rpc_gate_t){.admit = lp_remote_admit, .ctx = &svc->caller_};
    lp_event_init(&svc->event_, deliver, svc);
    lp_event_init(&svc->step_, step, svc);
    lp_rpc_open(&svc->channel_, remote->s_.rpc, &svc->stream, LP_RPC_READ);
    svc->channel_.gate = &svc->gate_;
    svc->channel_.is_public = true; // the broker reads along
    svc->client_ =
        (lp_cloud_client_t){.on_connected = on_connected, .on_message = on_message, .ctx = svc};
    lp_svc_cloud_add_client(cloud, &svc->client_);
    lp_svc_remote_mqtt_poke(svc);
}
