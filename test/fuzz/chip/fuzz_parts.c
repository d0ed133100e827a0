// SPDX-License-Identifier: Apache-2.0
// Virtual sensors: the words that make one (up to the first line end), then any traffic to it; each
// transfer has a byte for what it is and one for its length. A part that could be made answers
// within the time of the bus, whatever it is told, and what is read is as long as was asked for.
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "limpet/parts.h"

enum { WORDS_MAX = 120, READS = 1, WAITS = 2, READ_MAX = 255 };

static uint64_t now_us(void *ctx)
{
    return *(const uint64_t *)ctx;
}

// Words with a path would read and write this computer's files.
static bool take_words(const uint8_t *data, size_t size, char words[WORDS_MAX], size_t *used)
{
    const uint8_t *end = memchr(data, '\n', size < WORDS_MAX ? size : WORDS_MAX);
    if (end == NULL) {
        return false;
    }
    const size_t len = (size_t)(end - data);
    memcpy(words, data, len);
    words[len] = '\0';
    *used = len + 1;
    const char *values = strchr(words, '=');
    const bool is_display = strncmp(words, "ssd1306", 7) == 0;
    return strlen(words) == len && strchr(words, '/') == NULL &&
           (values == NULL || !is_display || strcmp(values, "=-") == 0);
}

static void talk(lp_chipsim_bus_t *bus, uint8_t addr, uint64_t *clock, const uint8_t *data,
                 size_t size)
{
    while (size >= 2) {
        uint8_t got[READ_MAX];
        const size_t left = size - 2;
        size_t len = data[1] < left ? data[1] : left;
        *clock += (data[0] & WAITS) != 0 ? 1000u * data[1] : 100u;
        if ((data[0] & READS) != 0) {
            (void)lp_chipsim_bus_read(bus, addr, got, data[1]);
            len = 0;
        } else {
            (void)lp_chipsim_bus_write(bus, addr, data + 2, len);
        }
        data += 2 + len;
        size -= 2 + len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char words[WORDS_MAX];
    char why[200] = "";
    size_t used = 0;
    uint64_t clock = 0;
    lp_part_t *part = NULL;
    const lp_chipsim_clock_t time = {.now_us = now_us, .ctx = &clock};
    if (!take_words(data, size, words, &used)) {
        return 0;
    }
    if (lp_part_new(&part, words, &time, why, sizeof why) != LP_OK) {
        MUST(part == NULL && why[0] != '\0' && strlen(why) < sizeof why);
        return 0;
    }
    lp_chipsim_bus_t *bus = lp_chipsim_bus_new();
    MUST(bus != NULL && lp_chipsim_bus_attach_part(bus, lp_part_on_bus(part)) == LP_OK);
    talk(bus, lp_part_on_bus(part)->addr, &clock, data + used, size - used);
    lp_chipsim_bus_free(bus);
    lp_part_free(part);
    return 0;
}
