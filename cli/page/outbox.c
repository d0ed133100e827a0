// SPDX-License-Identifier: Apache-2.0
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

lp_page_message_t *lp_page_message(unsigned page, const char *text, size_t room)
{
    const size_t len = strlen(text);
    lp_page_message_t *m = malloc(sizeof *m + room + len);
    if (m != NULL) {
        m->next = NULL;
        m->page = page;
        m->len = len;
        memcpy(m->text + room, text, len);
    }
    return m;
}

void lp_page_list_add(lp_page_list_t *list, lp_page_message_t *message)
{
    if (list->first == NULL) {
        list->last = &list->first;
    }
    *list->last = message;
    list->last = &message->next;
    list->bytes += message->len;
}

lp_page_message_t *lp_page_list_take(lp_page_list_t *list)
{
    lp_page_message_t *m = list->first;
    if (m != NULL) {
        list->first = m->next;
        list->bytes -= m->len;
        m->next = NULL;
    }
    return m;
}

void lp_page_list_clear(lp_page_list_t *list)
{
    for (lp_page_message_t *m; (m = lp_page_list_take(list)) != NULL;) {
        free(m);
    }
}
