// SPDX-License-Identifier: Apache-2.0
// Dumps of crashes, with the length and the CRC made right, and then unwound against an image (this
// program); and lines of a console.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/crashdump.h"
#include "limpet/crc.h"
#include "limpet/endian.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_dump(uint8_t *bytes, size_t size)
{
    static lp_crashdump_t dump;
    static lp_elf_t *elf;
    lp_frame_t frames[LP_CRASHDUMP_FRAMES];
    lp_elf_place_t places[4];
    char cause[64];
    const char *why = NULL;
    lp_fault_t fault = {0};
    if (elf == NULL && lp_elf_open("/proc/self/exe", &elf, &fault) != LP_EXIT_OK) {
        abort();
    }
    if (!lp_crashdump_parse(bytes, size, &dump, &why)) {
        if (why == NULL) {
            abort();
        }
        return;
    }
    lp_crashdump_cause(&dump, cause, sizeof cause);
    const unsigned n = lp_crashdump_unwind(&dump, elf, frames, LP_CRASHDUMP_FRAMES);
    for (unsigned i = 0; i < n; i++) {
        (void)lp_elf_places(elf, frames[i].pc, places, 4);
    }
}

static void try_lines(const uint8_t *data, size_t size)
{
    static lp_crash_reader_t reader;
    char line[512];
    size_t at = 0;
    reader = (lp_crash_reader_t){.len = 0};
    while (at < size) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        const size_t len = end != NULL ? (size_t)(end - data) - at : size - at;
        const size_t kept = len < sizeof line ? len : sizeof line - 1;
        memcpy(line, data + at, kept);
        line[kept] = '\0';
        if (lp_crash_reader_feed(&reader, line) == LP_CRASH_LINE_WHOLE) {
            try_dump(reader.bytes, reader.len);
        }
        at += len + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    try_dump(copy, size);
    if (size >= 100) {
        lp_put_le16(copy + 6, (uint16_t)size);
        lp_put_le32(copy + size - 4, lp_crc32(0, lp_span(copy, size - 4)));
        try_dump(copy, size);
    }
    free(copy);
    try_lines(data, size);
    return 0;
}
