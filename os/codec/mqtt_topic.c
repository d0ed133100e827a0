// SPDX-License-Identifier: Apache-2.0
// Topic names and filters. @source MQTT 3.1.1 and 5.0, sections 4.7 and (5.0) 4.8
#include <string.h>

#include "limpet/mqtt_packet.h"

static bool has_byte(lp_span_t s, char c)
{
    return s.len > 0 && memchr(s.ptr, c, s.len) != NULL;
}

static lp_span_t from(lp_span_t s, size_t count)
{
    return lp_span(s.ptr + count, s.len - count);
}

// Length of the first level.
static size_t level_len(lp_span_t s)
{
    const uint8_t *slash = s.len > 0 ? memchr(s.ptr, '/', s.len) : NULL;
    return slash != NULL ? (size_t)(slash - s.ptr) : s.len;
}

bool lp_mqtt_topic_is_valid(lp_span_t topic)
{
    return topic.len > 0 && lp_mqtt_string_is_valid(topic) && !has_byte(topic, '+') &&
           !has_byte(topic, '#');
}

// A wildcard is alone in its level, and `#` only in the last one.
static bool are_levels_valid(lp_span_t filter)
{
    for (;;) {
        size_t len = level_len(filter);
        lp_span_t level = lp_span(filter.ptr, len);
        bool is_last = len == filter.len;
        bool has_hash = has_byte(level, '#');
        if ((has_hash || has_byte(level, '+')) && len != 1) {
            return false;
        }
        if (is_last) {
            return true;
        }
        if (has_hash) {
            return false;
        }
        filter = from(filter, len + 1);
    }
}

static bool is_shared(lp_span_t filter)
{
    return filter.len >= 7 && memcmp(filter.ptr, "$share/", 7) == 0;
}

// What follows `$share/group/`; empty when there is no such thing.
static lp_span_t without_share(lp_span_t filter)
{
    lp_span_t rest = from(filter, 7);
    size_t group = level_len(rest);
    return group < rest.len ? from(rest, group + 1) : from(rest, rest.len);
}

bool lp_mqtt_filter_is_valid(lp_span_t filter)
{
    if (filter.len == 0 || !lp_mqtt_string_is_valid(filter)) {
        return false;
    }
    if (!is_shared(filter)) {
        return are_levels_valid(filter);
    }
    lp_span_t rest = from(filter, 7);
    lp_span_t group = lp_span(rest.ptr, level_len(rest));
    lp_span_t inner = without_share(filter);
    return group.len > 0 && !has_byte(group, '+') && !has_byte(group, '#') && inner.len > 0 &&
           are_levels_valid(inner);
}

bool lp_mqtt_filter_matches(lp_span_t filter, lp_span_t topic)
{
    if (is_shared(filter)) {
        filter = without_share(filter);
    }
    bool is_wild = filter.len > 0 && (filter.ptr[0] == '+' || filter.ptr[0] == '#');
    if (is_wild && topic.len > 0 && topic.ptr[0] == '$') {
        return false;
    }
    for (;;) {
        lp_span_t want = lp_span(filter.ptr, level_len(filter));
        lp_span_t have = lp_span(topic.ptr, level_len(topic));
        if (lp_span_equal_str(want, "#")) {
            return true;
        }
        if (!lp_span_equal_str(want, "+") && !lp_span_equal(want, have)) {
            return false;
        }
        bool filter_ends = want.len == filter.len;
        bool topic_ends = have.len == topic.len;
        if (filter_ends) {
            return topic_ends;
        }
        filter = from(filter, want.len + 1);
        if (topic_ends) {
            return lp_span_equal_str(filter, "#"); // "a/#" selects "a" too
        }
        topic = from(topic, have.len + 1);
    }
}
