// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "mqtt_internal.h"

const lp_mqtt_limits_t lp_mqtt_limits_aws = {
    .filters = 8,
    .slashes = 7,
    .topic_bytes = 256,
    .client_id_bytes = 128,
    .packet_bytes = 131072,
    .no_dollar_client_id = true,
    .no_qos2 = true,
};

static bool is_over(size_t limit, size_t value)
{
    return limit != 0 && value > limit;
}

// `topic` without a prefix and the level and slash behind it; as it is when it does not start so.
static lp_span_t without_prefix(lp_span_t topic, const char *prefix)
{
    size_t len = strlen(prefix);
    if (topic.len <= len || memcmp(topic.ptr, prefix, len) != 0) {
        return topic;
    }
    const uint8_t *slash = memchr(topic.ptr + len, '/', topic.len - len);
    if (slash == NULL) {
        return topic;
    }
    size_t skip = (size_t)(slash - topic.ptr) + 1;
    return lp_span(topic.ptr + skip, topic.len - skip);
}

lp_err_t mqtt_check_topic(const lp_mqtt_limits_t *limits, lp_span_t topic, uint8_t qos)
{
    if (limits == NULL) {
        return LP_OK;
    }
    topic = without_prefix(without_prefix(topic, "$share/"), "$aws/rules/");
    size_t slashes = 0;
    for (size_t i = 0; i < topic.len; i++) {
        slashes += topic.ptr[i] == '/' ? 1 : 0;
    }
    bool is_refused = is_over(limits->slashes, slashes) ||
                      is_over(limits->topic_bytes, topic.len) || (limits->no_qos2 && qos > 1);
    return is_refused ? LP_E_RANGE : LP_OK;
}

lp_err_t mqtt_check_packet(const lp_mqtt_limits_t *limits, size_t len_bytes)
{
    return limits != NULL && is_over(limits->packet_bytes, len_bytes) ? LP_E_RANGE : LP_OK;
}

lp_err_t mqtt_check_connect(const lp_mqtt_limits_t *limits, const lp_mqtt_connect_t *c)
{
    if (limits == NULL) {
        return LP_OK;
    }
    bool has_dollar = c->client_id.len > 0 && c->client_id.ptr[0] == '$';
    if (is_over(limits->client_id_bytes, c->client_id.len) ||
        (limits->no_dollar_client_id && has_dollar)) {
        return LP_E_RANGE;
    }
    return c->will != NULL ? mqtt_check_topic(limits, c->will->topic, c->will->qos) : LP_OK;
}
