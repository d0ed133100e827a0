// SPDX-License-Identifier: Apache-2.0
// Messages on their way to a page, from any thread. Private to this folder.
#ifndef LP_PAGE_OUTBOX_H
#define LP_PAGE_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

typedef struct lp_page_message {
    struct lp_page_message *next;
    unsigned page; // LP_PAGE_ALL: every page
    size_t len;
    char text[]; // LWS_PRE bytes of room, then the text
} lp_page_message_t;

typedef struct {
    lp_page_message_t *first;
    lp_page_message_t **last; // null: empty
    size_t bytes;
} lp_page_list_t;

// A message of its own memory. Null: out of memory.
lp_page_message_t *lp_page_message(unsigned page, const char *text, size_t room);
void lp_page_list_add(lp_page_list_t *list, lp_page_message_t *message); // owns
lp_page_message_t *lp_page_list_take(lp_page_list_t *list);              // null: empty
void lp_page_list_clear(lp_page_list_t *list);

#endif
