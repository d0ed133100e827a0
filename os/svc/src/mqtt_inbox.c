// SPDX-License-Identifier: Apache-2.0
#include "limpet/mqtt_inbox.h"

#include <string.h>

void lp_mqtt_inbox_set(lp_mqtt_inbox_t *inbox, uint8_t *memory, size_t bytes)
{
    *inbox = (lp_mqtt_inbox_t){.memory_ = memory, .bytes_ = bytes};
}

static bool begin(lp_mqtt_inbox_t *inbox, const lp_mqtt_message_t *msg)
{
    const size_t topic_len = msg->topic.len + 1;
    inbox->len_ = 0;
    inbox->topic_len_ = 0;
    inbox->is_whole_ = false;
    if (inbox->memory_ == NULL || topic_len > LP_MQTT_INBOX_TOPIC_MAX ||
        topic_len > inbox->bytes_ || msg->total_len > inbox->bytes_ - topic_len) {
        return false;
    }
    memcpy(inbox->memory_, msg->topic.ptr, msg->topic.len);
    inbox->memory_[msg->topic.len] = '\0';
    inbox->topic_len_ = (uint16_t)topic_len;
    return true;
}

// Only the first piece has a topic. The session hands pieces on in order and none beyond total_len,
// which was held against the memory; it costs little to look once more.
lp_mqtt_inbox_got_t lp_mqtt_inbox_put(lp_mqtt_inbox_t *inbox, const lp_mqtt_message_t *piece)
{
    if (piece->topic.len > 0 && !begin(inbox, piece)) {
        return LP_MQTT_INBOX_TOO_LARGE;
    }
    const size_t room = inbox->bytes_ - inbox->topic_len_ - inbox->len_;
    if (inbox->topic_len_ == 0 || inbox->is_whole_ || piece->offset != inbox->len_ ||
        piece->piece.len > room) {
        return LP_MQTT_INBOX_MORE;
    }
    if (piece->piece.len > 0) {
        memcpy(inbox->memory_ + inbox->topic_len_ + inbox->len_, piece->piece.ptr,
               piece->piece.len);
        inbox->len_ += piece->piece.len;
    }
    inbox->is_whole_ = inbox->len_ == piece->total_len;
    return inbox->is_whole_ ? LP_MQTT_INBOX_WHOLE : LP_MQTT_INBOX_MORE;
}

const char *lp_mqtt_inbox_topic(const lp_mqtt_inbox_t *inbox)
{
    return (const char *)inbox->memory_;
}

lp_span_t lp_mqtt_inbox_payload(const lp_mqtt_inbox_t *inbox)
{
    return lp_span(inbox->memory_ + inbox->topic_len_, inbox->len_);
}
