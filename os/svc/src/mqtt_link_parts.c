// SPDX-License-Identifier: Apache-2.0
// Of a further MQTT connection: its settings, whole messages, Mqtt.Status.
#include <string.h>

#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/settings.h"
#include "mqtt_link_internal.h"

#define LOG_MODULE "mqtt"

enum { KEY_MAX = LP_CONFIG_KEY_MAX + 1, PLAIN_PORT = 1883 };

// -- settings

static const char *key_of(const lp_mqtt_link_t *l, const char *what, char key[KEY_MAX])
{
    (void)lp_fmt_str(key, KEY_MAX, "%s.%s", l->s_.name, what);
    return key;
}

static const char *text(const lp_mqtt_link_t *l, const char *what)
{
    char key[KEY_MAX];
    return lp_config_str(l->s_.base->config, key_of(l, what, key));
}

static bool flag(const lp_mqtt_link_t *l, const char *what)
{
    char key[KEY_MAX];
    return lp_config_bool(l->s_.base->config, key_of(l, what, key));
}

static int32_t number(const lp_mqtt_link_t *l, const char *what)
{
    char key[KEY_MAX];
    return lp_config_int(l->s_.base->config, key_of(l, what, key));
}

static void copy(char *out, size_t cap, const char *value, const char *fallback)
{
    (void)lp_fmt_str(out, cap, "%s", value[0] != '\0' ? value : fallback);
}

// Whether the text names a port, behind a host or behind [an IPv6 address].
static bool has_port(const char *server)
{
    const char *behind = server[0] == '[' ? strchr(server, ']') : server;
    return behind != NULL && strchr(behind, ':') != NULL;
}

static lp_err_t read_server(const lp_mqtt_link_t *l, lp_mqtt_link_wish_t *wish)
{
    const char *server = text(l, "server");
    if (server[0] == '\0') {
        return LP_E_NOT_CONFIGURED;
    }
    const lp_err_t err =
        lp_settings_split_server(server, wish->host, sizeof wish->host, &wish->port);
    if (err == LP_OK && !wish->is_secure && !has_port(server)) {
        wish->port = PLAIN_PORT;
    }
    return err == LP_OK ? LP_OK : LP_E_INVALID;
}

lp_err_t lp_mqtt_link_read_wish(const lp_mqtt_link_t *l, lp_mqtt_link_wish_t *wish)
{
    const lp_config_t *c = l->s_.base->config;
    memset(wish, 0, sizeof *wish); // so that two can be compared
    wish->is_enabled = flag(l, "enable");
    wish->is_secure = flag(l, "tls");
    wish->is_persistent = flag(l, "persistent");
    wish->keep_alive_s = number(l, "keep_alive_s");
    wish->backoff_ms = number(l, "backoff_ms");
    wish->backoff_max_s = number(l, "backoff_max_s");
    copy(wish->trust, sizeof wish->trust, text(l, "trust"), "");
    copy(wish->cert, sizeof wish->cert, text(l, "cert"), "");
    copy(wish->key, sizeof wish->key, text(l, "key"), lp_setting_identity_key(c));
    copy(wish->client_id, sizeof wish->client_id, text(l, "client_id"), lp_setting_device_id(c));
    copy(wish->user, sizeof wish->user, text(l, "user"), "");
    copy(wish->password, sizeof wish->password, text(l, "password"), "");
    return read_server(l, wish);
}

// -- messages, which come in pieces

void lp_mqtt_link_on_message(void *ctx, const lp_mqtt_message_t *msg)
{
    lp_mqtt_link_t *l = ctx;
    switch (lp_mqtt_inbox_put(&l->inbox_, msg)) {
    case LP_MQTT_INBOX_MORE:
        return;
    case LP_MQTT_INBOX_TOO_LARGE:
        LP_LOGW("%s: a message of %lu bytes is too large and was passed over", l->s_.name,
                (unsigned long)msg->total_len);
        return;
    case LP_MQTT_INBOX_WHOLE:
        break;
    }
    const char *topic = lp_mqtt_inbox_topic(&l->inbox_);
    const lp_span_t payload = lp_mqtt_inbox_payload(&l->inbox_);
    for (const lp_mqtt_link_topic_t *t = l->topics_; t != NULL; t = t->next_) {
        if (lp_mqtt_filter_matches(lp_span_str(t->filter_), lp_span_str(topic))) {
            t->fn_(t->ctx_, topic, payload);
        }
    }
}

// -- Mqtt.Status

static void put_str(lp_json_writer_t *w, const char *key, const char *value)
{
    lp_json_put_key(w, key);
    lp_json_put_str(w, value);
}

static void put_num(lp_json_writer_t *w, const char *key, uint32_t value)
{
    lp_json_put_key(w, key);
    lp_json_put_uint(w, value);
}

static void put_link(lp_json_writer_t *w, const lp_mqtt_link_t *l)
{
    const lp_mqtt_stats_t stats = l->has_mqtt_ ? lp_mqtt_stats(&l->mqtt_) : (lp_mqtt_stats_t){0};
    lp_json_put_object(w);
    put_str(w, "name", l->s_.name);
    put_str(w, "state", lp_mqtt_link_state_name(l->state));
    put_num(w, "since_s", (uint32_t)((lp_port_now_ms() - l->since_ms) / 1000));
    put_str(w, "server", l->wish_.host);
    put_num(w, "port", l->wish_.port);
    put_str(w, "client_id", l->wish_.client_id);
    put_str(w, "tls",
            l->wish_.is_secure && l->state == LP_MQTT_LINK_CONNECTED
                ? lp_tls_report(&l->link_.tls_)->version
                : "");
    put_num(w, "connects", l->connects);
    put_num(w, "queued", stats.queued);
    put_num(w, "published", stats.published);
    put_num(w, "acknowledged", stats.completed);
    put_num(w, "received", stats.received);
    put_str(w, "error", l->err != LP_OK ? lp_err_name(l->err) : "");
    put_str(w, "detail", l->detail);
    lp_json_put_object_end(w);
}

static void status(void *ctx, lp_rpc_req_t *req)
{
    const lp_mqtt_links_t *links = ctx;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "connections");
    lp_json_put_array(w);
    for (size_t i = 0; i < links->count; i++) {
        put_link(w, &links->links[i]);
    }
    lp_json_put_array_end(w);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static const lp_rpc_method_t methods[] = {
    {"Mqtt.Status", LP_RPC_READ, status, "",
     "{connections: [{name, state, since_s, server, port, client_id, tls, connects, queued, "
     "published, acknowledged, received, error, detail}]}"},
};

void lp_mqtt_links_add_methods(lp_mqtt_links_t *links, lp_rpc_t *rpc)
{
    links->set_ = (lp_rpc_set_t){.methods = methods, .count = 1, .ctx = links};
    lp_rpc_add(rpc, &links->set_);
}
