// SPDX-License-Identifier: Apache-2.0
// Any bytes as a file system. By the first byte's low bits:
//   0  the bytes are the region
//   1  a good file system, over which the bytes are laid (offset u16, length u8, bytes; repeated)
//   2  sectors whose metadata are the bytes' own, with right checksums: sector u8, revision u8,
//   then
//      tags (u32) each with its data, up to a zero tag
//   3  the same behind a good superblock
//
// What must hold: every call ends, nothing outside of the region changes, and after making a new
// file system a file can be put and read.
#include <stdlib.h>
#include <string.h>

#include "fake/port.h"
#include "limpet/crc.h"
#include "limpet/endian.h"
#include "limpet/files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BEFORE = 1024, SECTOR = 512, SECTORS = 12, AFTER = 1024, REGION = SECTOR * SECTORS };
enum { TAG_CRC = 0x500, TAG_NAME_SUPERBLOCK = 0x0FF, TAG_INLINE = 0x201, TAG_BYTES = 4 };

static lp_files_t files;

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static lp_err_t open_files(void)
{
    const lp_files_config_t config = {
        .offset = BEFORE, .size_bytes = REGION, .max_file_bytes = 3000, .max_files = 8};
    return lp_files_open(&files, &config);
}

// -- making images

typedef struct {
    const uint8_t *at;
    size_t left;
} input_t;

static uint32_t take(input_t *in, unsigned bytes)
{
    uint32_t v = 0;
    while (bytes-- > 0) {
        v = v << 8 | (in->left > 0 ? *in->at : 0);
        in->at += in->left > 0;
        in->left -= in->left > 0;
    }
    return v;
}

typedef struct {
    uint8_t *base;
    size_t len;
    uint32_t last; // tag
} sector_t;

static bool put_tag(sector_t *s, uint32_t tag, const uint8_t *bytes, size_t len)
{
    if (s->len + 2 * TAG_BYTES + len + TAG_BYTES > SECTOR) {
        return false;
    }
    lp_put_be32(s->base + s->len, (tag & 0x7FFFFFFF) ^ s->last);
    memcpy(s->base + s->len + TAG_BYTES, bytes, len);
    s->len += TAG_BYTES + len;
    s->last = tag & 0x7FFFFFFF;
    return true;
}

static uint32_t make_tag(uint32_t type, uint32_t id, uint32_t len)
{
    return type << 20 | id << 10 | len;
}

// The checksum's tag and the checksum itself: what is before it counts.
static void put_crc(sector_t *s)
{
    const uint32_t tag = make_tag(TAG_CRC, 0x3FF, TAG_BYTES);
    lp_put_be32(s->base + s->len, tag ^ s->last);
    s->len += TAG_BYTES;
    lp_put_le32(s->base + s->len, ~lp_crc32(0, lp_span(s->base, s->len)));
    s->len += TAG_BYTES;
}

static void put_superblock(sector_t *s)
{
    uint8_t fields[24];
    const uint32_t values[] = {0x00020001, SECTOR, SECTORS, 64, 0x7FFFFFFF, 1022};
    for (size_t i = 0; i < 6; i++) {
        lp_put_le32(fields + 4 * i, values[i]);
    }
    (void)put_tag(s, make_tag(0x401, 0, 0), (const uint8_t *)"", 0);
    (void)put_tag(s, make_tag(TAG_NAME_SUPERBLOCK, 0, 8), (const uint8_t *)"littlefs", 8);
    (void)put_tag(s, make_tag(TAG_INLINE, 0, 24), fields, sizeof fields);
}

static void make_sector(uint8_t *region, input_t *in, bool has_superblock)
{
    sector_t s = {.base = region + take(in, 1) % SECTORS * SECTOR, .last = 0xFFFFFFFF};
    memset(s.base, 0xFF, SECTOR);
    lp_put_le32(s.base, take(in, 1));
    s.len = TAG_BYTES;
    if (has_superblock) {
        put_superblock(&s);
    }
    for (;;) {
        const uint32_t tag = take(in, 4);
        const uint32_t wanted = (tag & 0x3FF) == 0x3FF ? 0 : tag & 0x3FF; // 0x3FF: a removal
        if (tag == 0 || wanted > in->left || !put_tag(&s, tag, in->at, wanted)) {
            break;
        }
        in->at += wanted;
        in->left -= wanted;
    }
    put_crc(&s);
}

static void make_good(void)
{
    static uint8_t text[1500];
    must(open_files() == LP_OK);
    must(lp_files_put(&files, LP_FILES_PLAIN, "a", lp_span(text, sizeof text)) == LP_OK);
    must(lp_files_put(&files, LP_FILES_SEALED, "b", lp_span(text, 20)) == LP_OK);
    must(lp_files_stage(&files, "c", 0, lp_span(text, 200)) == LP_OK);
}

static void make_image(unsigned kind, input_t in)
{
    uint8_t *region = fake_flash_bytes() + BEFORE;
    if (kind == 0) {
        memcpy(region, in.at, in.left < REGION ? in.left : REGION);
        return;
    }
    if (kind == 1) {
        make_good();
        while (in.left > 3) {
            const uint32_t at = take(&in, 2) % REGION;
            size_t len = take(&in, 1);
            len = len > in.left ? in.left : len;
            len = len > REGION - at ? REGION - at : len;
            memcpy(region + at, in.at, len);
            in.at += len;
            in.left -= len;
        }
        return;
    }
    bool has_superblock = kind == 3;
    for (int i = 0; i < 2 * SECTORS && in.left > 2; i++) {
        make_sector(region, &in, has_superblock);
        has_superblock = false;
    }
}

// -- using them

static void look(void *ctx, const char *name, uint32_t size_bytes)
{
    (void)size_bytes;
    must(lp_files_is_name(name));
    (*(unsigned *)ctx)++;
}

static void use(void)
{
    static const char *const names[] = {"a", "c", "new"};
    static uint8_t buf[700];
    unsigned n = 0;
    size_t got = 0;
    lp_files_space_t space;
    (void)lp_files_each(&files, LP_FILES_PLAIN, look, &n);
    (void)lp_files_space(&files, &space);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)lp_files_read(&files, LP_FILES_PLAIN, names[i], 3, buf, sizeof buf, &got);
        must(got <= sizeof buf);
        (void)lp_files_stage(&files, names[i], 0, lp_span(buf, sizeof buf));
        (void)lp_files_commit(&files, names[i]);
        (void)lp_files_append(&files, names[i], lp_span(buf, 50));
    }
    (void)lp_files_read(&files, LP_FILES_SEALED, "b", 0, buf, sizeof buf, &got);
    (void)lp_files_rename(&files, "a", "d", true);
    (void)lp_files_put(&files, LP_FILES_SEALED, "b", lp_span(buf, 600));
    (void)lp_files_remove(&files, LP_FILES_PLAIN, "c");
}

static void check_outside(void)
{
    const uint8_t *flash = fake_flash_bytes();
    for (size_t i = 0; i < BEFORE; i++) {
        must(flash[i] == 0xFF);
    }
    for (size_t i = 0; i < AFTER; i++) {
        must(flash[BEFORE + REGION + i] == 0xFF);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t byte = 0;
    size_t got = 0;
    if (size == 0) {
        return 0;
    }
    fake_flash_reset((lp_flash_geometry_t){BEFORE + REGION + AFTER, SECTOR, 4});
    make_image(data[0] & 3, (input_t){data + 1, size - 1});
    if (open_files() == LP_OK) {
        use();
        (void)open_files();
    }
    check_outside();
    must(lp_files_format(&files) == LP_OK);
    must(lp_files_put(&files, LP_FILES_PLAIN, "x", lp_span_str("y")) == LP_OK);
    must(lp_files_read(&files, LP_FILES_PLAIN, "x", 0, &byte, 1, &got) == LP_OK && byte == 'y');
    return 0;
}
