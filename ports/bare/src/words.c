// SPDX-License-Identifier: Apache-2.0
// The words that the board was started with.
#include <string.h>

#include "bare_internal.h"
#include "limpet/span.h"

const char *lp_bare_word(const char *name)
{
    size_t len = strlen(name);
    for (const char *word = lp_hw_words(); *word != '\0'; word += strlen(word) + 1) {
        if (strncmp(word, name, len) == 0 && word[len] == '=') {
            return word + len + 1;
        }
    }
    return NULL;
}

// host=NAME=ADDRESS, as often as needed: what a router's own names are to a real board.
bool lp_bare_host(const char *name, char *address, size_t cap)
{
    size_t len = strlen(name);
    for (const char *word = lp_hw_words(); *word != '\0'; word += strlen(word) + 1) {
        if (strncmp(word, "host=", 5) == 0 && strncmp(word + 5, name, len) == 0 &&
            word[5 + len] == '=' && strlen(word + 6 + len) < cap) {
            memcpy(address, word + 6 + len, strlen(word + 6 + len) + 1);
            return true;
        }
    }
    return false;
}
