// SPDX-License-Identifier: Apache-2.0
#include "journal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEEP = 20000, TRIM_EVERY = 2000 };

static char *copy_text(const char *text)
{
    return text != NULL ? strdup(text) : NULL;
}

static void *copy_payload(const lp_reg_event_t *e)
{
    size_t len =
        e->payload_len < LP_REG_EVENT_PAYLOAD_MAX ? e->payload_len : LP_REG_EVENT_PAYLOAD_MAX;
    void *copy = e->payload != NULL && len > 0 ? malloc(len) : NULL;
    if (copy != NULL) {
        memcpy(copy, e->payload, len);
    }
    return copy;
}

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void free_const(const void *p)
{
    union {
        const void *in;
        void *out;
    } u = {.in = p};
    free(u.out);
}

void lp_journal_flush(lp_journal_t *journal, lp_registry_t *reg)
{
    if (journal->count == 0) {
        return;
    }
    if (lp_reg_event_put_all(reg, journal->event, journal->count) != LP_REG_OK) {
        journal->lost += (long long)journal->count;
    }
    journal->since_trim += (int)journal->count;
    if (journal->since_trim > TRIM_EVERY) {
        journal->since_trim = 0;
        lp_reg_event_trim(reg, KEEP);
    }
    for (size_t i = 0; i < journal->count; i++) {
        const lp_reg_event_t *e = &journal->event[i];
        const void *const owned[] = {e->client, e->certificate, e->thing,  e->address,
                                     e->topic,  e->reason,      e->payload};
        for (size_t k = 0; k < sizeof owned / sizeof owned[0]; k++) {
            free_const(owned[k]);
        }
    }
    journal->count = 0;
}

void lp_journal_add(lp_journal_t *journal, lp_registry_t *reg, const lp_reg_event_t *event)
{
    if (journal->count == JOURNAL_MAX) {
        lp_journal_flush(journal, reg);
    }
    lp_reg_event_t *e = &journal->event[journal->count++];
    *e = *event; // kind is static
    e->at_ms = now_ms();
    e->client = copy_text(event->client);
    e->certificate = copy_text(event->certificate);
    e->thing = copy_text(event->thing);
    e->address = copy_text(event->address);
    e->topic = copy_text(event->topic);
    e->reason = copy_text(event->reason);
    e->payload = copy_payload(event);
}
