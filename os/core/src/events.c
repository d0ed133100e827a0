// SPDX-License-Identifier: Apache-2.0
// The bus of events. One ring is queue and memory at once:
//
//      ... | readable still | handed out: given_ | waiting | next_ -> (oldest readable)
//
// Interrupts write next_, lost and the place that next_ names, under lp_port_irq_save(); a place
// that waits, or is being handed out, is never written. The loop alone moves given_.
#include "limpet/events.h"

#include <string.h>

#include "limpet/fmt.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/port/irq.h"

#define LOG_MODULE "events"

static lp_events_item_t *place(const lp_events_t *bus, uint32_t seq)
{
    return &bus->items_[seq % bus->cap_];
}

static void write_item(lp_events_t *bus, lp_events_id_t id, int32_t number, const char *text)
{
    lp_events_item_t *item = place(bus, bus->next_);
    size_t len = 0;
    while (text != NULL && len < sizeof item->text - 1 && text[len] != '\0') {
        item->text[len] = text[len];
        len++;
    }
    item->text[len] = '\0';
    item->id = id;
    item->seq = bus->next_;
    item->at_ms = lp_port_now_ms();
    item->number = number;
}

void lp_events_publish(lp_events_t *bus, lp_events_id_t id, int32_t number, const char *text)
{
    if (bus == NULL) {
        return;
    }
    const uint32_t irq = lp_port_irq_save();
    if (bus->next_ - bus->given_ < bus->cap_) {
        write_item(bus, id, number, text);
        bus->next_++;
    } else {
        bus->lost++;
    }
    lp_port_irq_restore(irq);
    lp_loop_post(bus->loop_, &bus->event_);
}

// -- handing out

static bool is_wanted(const lp_events_sub_t *sub, const lp_events_item_t *item)
{
    const bool is_of_group = sub->id_ >> 8 == item->id >> 8 && (sub->id_ & 0xFF) == 0;
    return (sub->id_ == LP_EVENTS_ANY || sub->id_ == item->id || is_of_group) &&
           (int32_t)(item->seq - sub->from_) >= 0;
}

// lp_events_unsubscribe() moves then_, so whoever leaves meanwhile is not looked at again.
static void hand_out(lp_events_t *bus, const lp_events_item_t *item)
{
    for (lp_events_sub_t *sub = bus->subs_; sub != NULL; sub = bus->then_) {
        bus->then_ = sub->next_;
        if (is_wanted(sub, item)) {
            sub->fn_(sub->ctx_, item);
        }
    }
}

static void tell_lost(lp_events_t *bus)
{
    const uint32_t lost = bus->lost;
    if (lost != bus->told_) {
        LP_LOGW("%u events were lost: more came in one turn of the loop than the %u that can wait",
                (unsigned)(lost - bus->told_), (unsigned)bus->cap_);
        bus->told_ = lost;
    }
}

// What is published meanwhile belongs to the next turn.
static void deliver(void *ctx)
{
    lp_events_t *bus = ctx;
    const uint32_t end = bus->next_;
    while (bus->given_ != end) {
        hand_out(bus, place(bus, bus->given_));
        bus->given_++;
    }
    tell_lost(bus);
}

// -- who wants what

void lp_events_unsubscribe(lp_events_t *bus, lp_events_sub_t *sub)
{
    lp_events_sub_t **link = &bus->subs_;
    while (*link != NULL && *link != sub) {
        link = &(*link)->next_;
    }
    if (*link == NULL) {
        return;
    }
    if (bus->then_ == sub) {
        bus->then_ = sub->next_;
    }
    *link = sub->next_;
}

void lp_events_subscribe(lp_events_t *bus, lp_events_sub_t *sub, lp_events_id_t id,
                         lp_events_fn *fn, void *ctx)
{
    lp_events_unsubscribe(bus, sub);
    *sub = (lp_events_sub_t){.id_ = id, .from_ = bus->next_, .fn_ = fn, .ctx_ = ctx};
    lp_events_sub_t **link = &bus->subs_;
    while (*link != NULL) {
        link = &(*link)->next_;
    }
    *link = sub;
}

void lp_events_init(lp_events_t *bus, lp_loop_t *loop, lp_events_item_t *items, size_t cap)
{
    *bus = (lp_events_t){
        .loop_ = loop, .items_ = items, .cap_ = (uint32_t)cap, .next_ = 1, .given_ = 1};
    memset(items, 0, cap * sizeof *items);
    lp_event_init(&bus->event_, deliver, bus);
}

// -- looking back

bool lp_events_next(const lp_events_t *bus, uint32_t seq, lp_events_item_t *item)
{
    const uint32_t irq = lp_port_irq_save();
    const uint32_t next = bus->next_;
    const uint32_t first = next > bus->cap_ ? next - bus->cap_ : 1;
    const uint32_t at = seq > first ? seq : first;
    const bool is_there = at < next;
    if (is_there) {
        *item = *place(bus, at);
    }
    lp_port_irq_restore(irq);
    return is_there;
}

const char *lp_events_name(lp_events_id_t id, char name[LP_EVENTS_NAME_MAX])
{
    static const struct {
        lp_events_id_t id;
        const char *name;
    } names[] = {
#define LP_EVENTS_X(id, group, code, name) {(group) << 8 | (code), name},
        LP_EVENTS_LIST(LP_EVENTS_X)
#undef LP_EVENTS_X
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].id == id) {
            (void)lp_fmt_str(name, LP_EVENTS_NAME_MAX, "%s", names[i].name);
            return name;
        }
    }
    (void)lp_fmt_str(name, LP_EVENTS_NAME_MAX, "%u.%u", (unsigned)(id >> 8), (unsigned)(id & 0xFF));
    return name;
}
