// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "world.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "bare_internal.h"
#include "fake/port.h"
#include "limpet/bare_hw.h"
#include "limpet/port/clock.h"

enum { FRAMES = 64, STEP_MS = 50 };

lp_loop_t world_loop;
const uint8_t world_mac[6] = {0x02, 0x00, 0x00, 0x4F, 0x21, 0xC0};
bool world_has_link;
const char *world_words;
void (*world_on_frame)(const uint8_t *frame, size_t len);

// What the firmware's part needs of the rest of its port.
lp_loop_t *lp_bare_loop = &world_loop;

static struct {
    size_t len;
    uint8_t bytes[WORLD_FRAME_MAX];
} frames[FRAMES];
static size_t first, count, taken;
static uint8_t sent[WORLD_FRAME_MAX];
static size_t sent_len, sent_want;

void lp_bare_set_utc(int64_t utc_s)
{
    fake_clock_set_utc_s(utc_s);
}

// -- the board's memory at its start: the writable part of the shared object that it is

enum { PARTS = 4 };
static struct {
    uint8_t *at, *copy;
    size_t len;
} parts[PARTS];
static size_t part_count;

// Byte by byte, and not the library's function: what ASan keeps around variables is copied, too.
__attribute__((no_sanitize("address", "undefined"), noinline)) static void
copy(volatile uint8_t *to, const volatile uint8_t *from, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = from[i];
    }
}

static void keep(uint8_t *at, size_t len)
{
    if (len > 0 && part_count < PARTS) {
        parts[part_count].at = at;
        parts[part_count].len = len;
        parts[part_count].copy = malloc(len);
        copy(parts[part_count].copy, at, len);
        part_count++;
    }
}

// What the loader makes read-only once it has filled it in stays as it is.
static int find_parts(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    (void)ctx;
    uintptr_t fixed_end = 0;
    if (strstr(info->dlpi_name, "libbare_board") == NULL) {
        return 0;
    }
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type == PT_GNU_RELRO) {
            fixed_end = info->dlpi_addr + ((p->p_vaddr + p->p_memsz + 4095) & ~(uintptr_t)4095);
        }
    }
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t begin = info->dlpi_addr + p->p_vaddr, end = begin + p->p_memsz;
        if (p->p_type == PT_LOAD && (p->p_flags & PF_W) != 0) {
            begin = begin < fixed_end ? fixed_end : begin;
            keep((uint8_t *)begin, end > begin ? end - begin : 0);
        }
    }
    return 1;
}

static void restore(void)
{
    if (part_count == 0) {
        (void)dl_iterate_phdr(find_parts, NULL);
    }
    if (part_count == 0) {
        abort();
    }
    for (size_t i = 0; i < part_count; i++) {
        copy(parts[i].at, parts[i].copy, parts[i].len);
    }
}

void world_begin(void)
{
    restore();
    fake_clock_reset();
    fake_system_reset();
    fake_clock_advance_ms(1);
    lp_loop_init(&world_loop);
    world_has_link = true;
    world_words = "\0";
    world_on_frame = NULL;
    first = count = taken = 0;
}

// -- the card

void world_put(const uint8_t *frame, size_t len)
{
    if (count < FRAMES && len > 0 && len <= WORLD_FRAME_MAX) {
        const size_t at = (first + count++) % FRAMES;
        frames[at].len = len;
        memcpy(frames[at].bytes, frame, len);
    }
}

void lp_hw_eth_init(const uint8_t mac[6])
{
    if (memcmp(mac, world_mac, 6) != 0) {
        abort();
    }
}

bool lp_hw_eth_send_begin(size_t len)
{
    sent_len = 0;
    sent_want = len;
    return len >= 14 && len <= LP_HW_FRAME_MAX;
}

void lp_hw_eth_send_put(const uint8_t *bytes, size_t len)
{
    if (sent_len + len > sent_want) {
        abort();
    }
    memcpy(sent + sent_len, bytes, len);
    sent_len += len;
}

void lp_hw_eth_send_end(void)
{
    if (sent_len != sent_want) {
        abort();
    }
    if (world_has_link && world_on_frame != NULL) {
        world_on_frame(sent, sent_len);
    }
}

size_t lp_hw_eth_receive_begin(void)
{
    taken = 0;
    return world_has_link && count > 0 ? frames[first].len : 0;
}

void lp_hw_eth_receive_take(uint8_t *bytes, size_t len)
{
    if (taken + len > frames[first].len) {
        abort();
    }
    memcpy(bytes, frames[first].bytes + taken, len);
    taken += len;
}

void lp_hw_eth_receive_end(void)
{
    first = (first + 1) % FRAMES;
    count--;
}

bool lp_hw_eth_has_link(void)
{
    return world_has_link;
}

const char *lp_hw_words(void)
{
    return world_words;
}

// -- time

static void turn(void)
{
    lp_bare_net_poll();
    lp_loop_turn(&world_loop, 0);
}

void world_pass(uint64_t ms)
{
    const uint64_t end = lp_port_now_ms() + ms;
    turn();
    while (lp_port_now_ms() < end) {
        const uint64_t left = end - lp_port_now_ms();
        fake_clock_advance_ms(left < STEP_MS ? left : STEP_MS);
        turn();
    }
}

bool world_until(bool (*is_true)(void), uint64_t ms)
{
    for (uint64_t i = 0; i < ms && !is_true(); i += STEP_MS) {
        world_pass(STEP_MS);
    }
    return is_true();
}
