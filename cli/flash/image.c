// SPDX-License-Identifier: Apache-2.0
// Whether an image is for a board. Hostile bytes: every length is looked at before it is used.
#include <stdio.h>
#include <string.h>

#include "flash.h"

enum {
    ELF_HEADER_32 = 52,
    ELF_HEADER_64 = 64,
    EM_ARM_ = 40,
    EM_X86_64_ = 62,
    EM_XTENSA_ = 94,
    EM_AARCH64_ = 183,
    PT_LOAD_ = 1,
    PROGRAM_32 = 32,
    ESP_MAGIC = 0xE9,
    ESP_SEGMENTS_MAX = 16,
    ESP_CHECK = 0xEF,
};

static const struct {
    flash_target_t target;
    const char *name;
    bool is_chip;
    size_t room; // bytes of flash as a rule
} targets[] = {
    {FLASH_POSIX, "posix", false, FLASH_IMAGE_MAX},
    {FLASH_QEMU_MPS2, "qemu-mps2", false, 1 << 20},
    {FLASH_QEMU_LX106, "qemu-lx106", false, 1 << 20},
    {FLASH_ESP8266, "esp8266", true, 1 << 20},
    {FLASH_ESP32, "esp32", true, 4 << 20},
    {FLASH_STM32, "stm32", true, 512 << 10},
};

bool flash_target_parse(const char *name, flash_target_t *target)
{
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        if (strcmp(targets[i].name, name) == 0) {
            *target = targets[i].target;
            return true;
        }
    }
    return false;
}

const char *flash_target_name(flash_target_t target)
{
    return targets[target].name;
}

bool flash_target_is_chip(flash_target_t target)
{
    return targets[target].is_chip;
}

static uint32_t le(const uint8_t *p, size_t n)
{
    uint32_t v = 0;
    for (size_t i = n; i-- > 0;) {
        v = v << 8 | p[i];
    }
    return v;
}

// -- ELF

// Firmware of Limpet names its methods.
static bool has_word(const uint8_t *image, size_t len, const char *word)
{
    const size_t n = strlen(word);
    for (size_t i = 0; i + n <= len; i++) {
        if (image[i] == (uint8_t)word[0] && memcmp(image + i, word, n) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_in(uint32_t at, uint32_t len, uint32_t begin, uint32_t size)
{
    return at >= begin && at - begin <= size && len <= size - (at - begin);
}

// The memory that the emulated boards have for an image; see their linker scripts.
static bool is_in_memory(flash_target_t target, uint32_t at, uint32_t len)
{
    if (target == FLASH_QEMU_MPS2) {
        return is_in(at, len, 0, 1 << 20) || is_in(at, len, 0x20000000, 4 << 20);
    }
    return is_in(at, len, 0x60000000, 1 << 20) || is_in(at, len, 0x60800000, 1 << 20) ||
           is_in(at, len, 0x3FFE8000, 0x18000) || is_in(at, len, 0, 0x1000);
}

static bool segments_fit(flash_target_t target, const uint8_t *image, size_t len, size_t room,
                         char *why, size_t cap)
{
    const uint32_t at = le(image + 28, 4);
    const uint32_t size = le(image + 42, 2);
    const uint32_t count = le(image + 44, 2);
    size_t total = 0;
    if (size != PROGRAM_32 || count == 0 || at > len || count * (size_t)size > len - at) {
        snprintf(why, cap, "its program headers are damaged, or it is cut off");
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *p = image + at + (size_t)i * size;
        const uint32_t offset = le(p + 4, 4);
        const uint32_t bytes = le(p + 16, 4);
        if (le(p, 4) != PT_LOAD_ || bytes == 0) {
            continue;
        }
        if (offset > len || bytes > len - offset) {
            snprintf(why, cap, "it is cut off");
            return false;
        }
        if (!is_in_memory(target, le(p + 8, 4), le(p + 20, 4))) {
            snprintf(why, cap, "it has %u bytes at 0x%08x, where this board has no memory", bytes,
                     le(p + 8, 4));
            return false;
        }
        total += bytes;
    }
    if (total > room) {
        snprintf(why, cap, "it is %zu KB, the board has room for %zu", (total + 1023) / 1024,
                 room / 1024);
        return false;
    }
    return true;
}

static bool elf_fits(flash_target_t target, const uint8_t *image, size_t len, size_t room,
                     char *why, size_t cap)
{
    const bool is_process = target == FLASH_POSIX;
    const size_t header = is_process ? ELF_HEADER_64 : ELF_HEADER_32;
    if (len < header || memcmp(image, "\177ELF", 4) != 0 || image[4] != (is_process ? 2 : 1)) {
        snprintf(why, cap, "it is no program for this board");
        return false;
    }
    const uint32_t machine = le(image + 18, 2);
    const bool is_right = target == FLASH_QEMU_MPS2 ? machine == EM_ARM_
                          : target == FLASH_QEMU_LX106
                              ? machine == EM_XTENSA_
                              : machine == EM_X86_64_ || machine == EM_AARCH64_;
    if (!is_right) {
        snprintf(why, cap, "it is for another processor (ELF machine %u)", machine);
        return false;
    }
    if (!is_process && !segments_fit(target, image, len, room, why, cap)) {
        return false;
    }
    if (!has_word(image, len, "Sys.GetInfo")) {
        snprintf(why, cap, "it is no firmware of Limpet: nothing in it answers Sys.GetInfo");
        return false;
    }
    return true;
}

// -- ESP8266 and ESP32: segments with a checksum
// @source the image format is public, in the documentation of esptool

static bool esp_fits(flash_target_t target, const uint8_t *image, size_t len, char *why, size_t cap)
{
    size_t at = target == FLASH_ESP32 ? 24 : 8;
    uint8_t check = ESP_CHECK;
    if (len < at || image[0] != ESP_MAGIC || image[1] == 0 || image[1] > ESP_SEGMENTS_MAX) {
        snprintf(why, cap, "it is no image for %s (it does not begin with e9)",
                 flash_target_name(target));
        return false;
    }
    for (unsigned i = 0; i < image[1]; i++) {
        if (len - at < 8 || le(image + at + 4, 4) > len - at - 8) {
            snprintf(why, cap, "it is cut off, or for the other of ESP8266 and ESP32");
            return false;
        }
        const size_t bytes = le(image + at + 4, 4);
        for (size_t k = 0; k < bytes; k++) {
            check ^= image[at + 8 + k];
        }
        at += 8 + bytes;
    }
    at |= 15; // the checksum is the last byte of a block of sixteen
    if (at >= len || image[at] != check) {
        snprintf(why, cap, "its checksum is wrong, or it is for the other of ESP8266 and ESP32");
        return false;
    }
    return true;
}

// -- STM32: a vector table

static bool stm32_fits(const uint8_t *image, size_t len, char *why, size_t cap)
{
    if (len < 16) {
        snprintf(why, cap, "it is too short for a vector table");
        return false;
    }
    const uint32_t stack = le(image, 4);
    const uint32_t reset = le(image + 4, 4);
    if (!is_in(stack, 0, 0x20000000, 1 << 20) || stack % 4 != 0) {
        snprintf(why, cap, "its first word, 0x%08x, is no end of a stack in RAM", stack);
        return false;
    }
    if (!is_in(reset, 0, 0x08000000, 2 << 20) || reset % 2 != 1) {
        snprintf(why, cap, "its second word, 0x%08x, is no start of a program in flash", reset);
        return false;
    }
    return true;
}

bool flash_image_fits(flash_target_t target, const uint8_t *image, size_t len, size_t room,
                      char *why, size_t cap)
{
    room = room != 0 ? room : targets[target].room;
    if (flash_target_is_chip(target) && len > room) {
        snprintf(why, cap, "it is %zu KB, there is room for %zu", (len + 1023) / 1024, room / 1024);
        return false;
    }
    switch (target) {
    case FLASH_POSIX:
    case FLASH_QEMU_MPS2:
    case FLASH_QEMU_LX106:
        return elf_fits(target, image, len, room, why, cap);
    case FLASH_ESP8266:
    case FLASH_ESP32:
        return esp_fits(target, image, len, why, cap);
    case FLASH_STM32:
        break;
    }
    return stm32_fits(image, len, why, cap);
}
