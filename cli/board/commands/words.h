// SPDX-License-Identifier: Apache-2.0
// What the commands share that take a few words: numbers in, members of an answer out.
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>

struct cJSON;

// A whole number of 0..max, decimal or with 0x. False: it is something else.
bool words_number(const char *word, long max, long *out);

// The member's text, or "".
const char *words_text(const struct cJSON *tree, const char *key);
// The member's whole number, or -1.
int words_int(const struct cJSON *tree, const char *key);

#endif
