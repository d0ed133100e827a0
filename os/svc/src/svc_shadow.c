// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_shadow.h"

#include <string.h>

#include "limpet/log.h"
#include "limpet/settings.h"
#include "thing.h"

#define LOG_MODULE "shadow"

static bool is_on(const void *ctx)
{
    const lp_svc_shadow_t *svc = ctx;
    return lp_setting_cloud_shadow(svc->s_.config);
}

// -- what is reported

// Writes the values of all keys, or of those that `filter` has, as a tree. Dotted names that share
// a group stand together, so a group is opened once.
typedef struct {
    lp_json_writer_t *w;
    char group[LP_CONFIG_KEY_MAX + 1];
    bool is_open;
} tree_t;

static void enter_group(tree_t *t, const char *key, size_t len)
{
    if (t->is_open && strlen(t->group) == len && memcmp(t->group, key, len) == 0) {
        return;
    }
    if (t->is_open) {
        lp_json_put_object_end(t->w);
    }
    memcpy(t->group, key, len);
    t->group[len] = '\0';
    lp_json_put_key(t->w, t->group);
    lp_json_put_object(t->w);
    t->is_open = true;
}

// The name within the group; null: the key has no dot, and cannot be in a shadow.
static const char *name_in_group(tree_t *t, const char *key)
{
    const char *dot = strchr(key, '.');
    if (dot == NULL || (size_t)(dot - key) >= sizeof t->group) {
        return NULL;
    }
    enter_group(t, key, (size_t)(dot - key));
    return dot + 1;
}

static void end_tree(tree_t *t)
{
    if (t->is_open) {
        lp_json_put_object_end(t->w);
    }
}

static lp_err_t compose(const lp_svc_shadow_t *svc, lp_buf_t *out)
{
    lp_json_writer_t w;
    tree_t t = {.w = &w};
    lp_json_init(&w, out);
    lp_json_put_object(&w);
    lp_json_put_key(&w, "state");
    lp_json_put_object(&w);
    lp_json_put_key(&w, "reported");
    lp_json_put_object(&w);
    for (const char *const *key = svc->s_.keys; *key != NULL; key++) {
        const char *name = name_in_group(&t, *key);
        if (name != NULL) {
            lp_json_put_key(&w, name);
            (void)lp_config_put(svc->s_.config, *key, &w);
        }
    }
    end_tree(&t);
    lp_json_put_object_end(&w);
    lp_json_put_object_end(&w);
    lp_json_put_object_end(&w);
    return lp_json_done(&w);
}

static void report(void *ctx)
{
    lp_svc_shadow_t *svc = ctx;
    char topic[LP_CLOUD_INCOMING_MAX];
    uint8_t bytes[LP_SHADOW_DOC_MAX];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    // Without a connection nothing is queued: the next login reports anyway.
    if (!lp_thing_is_ready(&svc->thing_) || svc->s_.cloud->state != LP_CLOUD_CONNECTED) {
        return;
    }
    lp_err_t err = compose(svc, &out);
    if (err == LP_OK) {
        err = lp_thing_topic(&svc->thing_, "update", topic);
    }
    if (err == LP_OK) {
        err = lp_svc_cloud_send(svc->s_.cloud, topic, lp_buf_span(&out), 1, NULL, NULL);
    }
    if (err != LP_OK) {
        LP_LOGW("the state was not reported (%s)", lp_err_text(err));
    }
}

void lp_svc_shadow_poke(lp_svc_shadow_t *svc)
{
    lp_loop_post(svc->s_.loop, &svc->report_);
}

// -- what is desired

// The values of our keys in `state`, as a tree for lp_config_set(). *count: how many there were.
static lp_err_t pick(const lp_svc_shadow_t *svc, lp_json_t state, lp_buf_t *out, size_t *count)
{
    lp_json_writer_t w;
    tree_t t = {.w = &w};
    *count = 0;
    lp_json_init(&w, out);
    lp_json_put_object(&w);
    for (const char *const *key = svc->s_.keys; *key != NULL; key++) {
        lp_json_t value;
        // null would mean the default here; in a shadow it means that nothing is desired any more.
        if (lp_json_find(state, *key, &value) != LP_OK || lp_json_is_null(value)) {
            continue;
        }
        const char *name = name_in_group(&t, *key);
        if (name != NULL) {
            lp_json_put_key(&w, name);
            lp_json_put_value(&w, value);
            (*count)++;
        }
    }
    end_tree(&t);
    lp_json_put_object_end(&w);
    return lp_json_done(&w);
}

static void take(lp_svc_shadow_t *svc, lp_json_t state)
{
    uint8_t bytes[LP_SHADOW_DOC_MAX];
    char words[LP_CONFIG_WHY_MAX];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    lp_buf_t why = lp_buf(words, sizeof words - 1);
    size_t count = 0;
    lp_json_t tree;
    lp_err_t err = pick(svc, state, &out, &count);
    if (err == LP_OK && count > 0) {
        err = lp_json_parse(lp_buf_span(&out), &tree);
        if (err == LP_OK) {
            err = lp_config_set(svc->s_.config, tree, &why);
        }
    }
    words[why.len] = '\0';
    if (err != LP_OK || count == 0) {
        // No report: it would bring the same delta again, and again.
        svc->refused++;
        LP_LOGW("desired state was refused: %s", err == LP_OK
                                                     ? "it has no setting that the cloud may change"
                                                 : words[0] != '\0' ? words
                                                                    : lp_err_text(err));
        return;
    }
    svc->taken++;
    LP_LOGI("desired state was taken over: %lu settings", (unsigned long)count);
    lp_svc_shadow_poke(svc);
    if (svc->s_.on_change != NULL) {
        svc->s_.on_change(svc->s_.ctx);
    }
}

static void on_document(lp_svc_shadow_t *svc, lp_span_t payload, const char *path)
{
    lp_json_t root;
    lp_json_t state;
    if (lp_json_parse(payload, &root) != LP_OK) {
        LP_LOGW("a shadow document is not JSON");
        return;
    }
    if (lp_json_find(root, path, &state) == LP_OK && lp_json_type(state) == LP_JSON_OBJECT) {
        take(svc, state);
    }
}

static void on_delta(void *ctx, lp_span_t payload)
{
    on_document(ctx, payload, "state");
}

static void on_accepted(void *ctx, lp_span_t payload)
{
    on_document(ctx, payload, "state.delta");
}

// -- the connection

static void ask(void *ctx)
{
    lp_svc_shadow_t *svc = ctx;
    char topic[LP_CLOUD_INCOMING_MAX];
    lp_err_t err = lp_thing_topic(&svc->thing_, "get", topic);
    if (err == LP_OK) { // QoS 0: the next login asks again
        err = lp_svc_cloud_send(svc->s_.cloud, topic, lp_span_str(""), 0, NULL, NULL);
    }
    if (err != LP_OK) {
        LP_LOGW("the shadow was not asked for (%s)", lp_err_text(err));
    }
    lp_svc_shadow_poke(svc);
}

static const lp_thing_kind_t kind = {.name = "shadow",
                                     .topics = {"update/delta", "get/accepted"},
                                     .is_on = is_on,
                                     .ready = ask,
                                     .on_topic = {on_delta, on_accepted}};

void lp_svc_shadow_init(lp_svc_shadow_t *svc, const lp_svc_shadow_setup_t *setup)
{
    memset(svc, 0, sizeof *svc);
    svc->s_ = *setup;
    lp_event_init(&svc->report_, report, svc);
    lp_thing_init(&svc->thing_, &kind, setup->cloud, svc);
}
