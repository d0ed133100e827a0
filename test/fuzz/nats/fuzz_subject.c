// SPDX-License-Identifier: Apache-2.0
// Any bytes as a topic, a filter, a text and a subject. What is taken comes back the same; nothing
// that NATS would read as something else gets out.
#include <stdlib.h>
#include <string.h>

#include "limpet/nats_subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void is_clean(const char *subject, bool is_filter)
{
    for (const char *at = subject; *at != '\0'; at++) {
        bool alone = (at == subject || at[-1] == '.') && (at[1] == '.' || at[1] == '\0');
        must((uint8_t)*at > ' ' && *at != 0x7f && *at != '/');
        must((*at != '*' && *at != '>') || (is_filter && alone));
        must(*at != '>' || at[1] == '\0');
        must(*at != '.' || (at > subject && at[1] != '.' && at[1] != '\0'));
    }
}

static void try_names(lp_span_t name)
{
    char subject[LP_SUBJECT_SIZE];
    char back[LP_SUBJECT_SIZE];
    if (lp_subject_of_topic(name, subject)) {
        is_clean(subject, false);
        must(lp_subject_topic(subject, back) && lp_span_equal_str(name, back));
    }
    if (lp_subject_of_filter(name, subject)) {
        is_clean(subject, true);
    }
    if (memchr(name.ptr, 0, name.len) == NULL && lp_subject_of_text(name, subject)) {
        is_clean(subject, false);
        must(strchr(subject, '.') == NULL);
        must(lp_subject_text(subject, back) && lp_span_equal_str(name, back));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char topic[LP_SUBJECT_SIZE];
    char again[LP_SUBJECT_SIZE];
    char *text = malloc(size + 1);
    must(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
        try_names(lp_span(data, size));
    }
    text[size] = '\0';
    if (lp_subject_topic(text, topic)) {
        must(lp_subject_of_topic(lp_span_str(topic), again) && strcmp(again, text) == 0);
    }
    if (lp_subject_text(text, topic)) {
        must(lp_subject_of_text(lp_span_str(topic), again) && strcmp(again, text) == 0);
    }
    free(text);
    return 0;
}
