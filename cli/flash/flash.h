// SPDX-License-Identifier: Apache-2.0
// What the flash commands share.
#ifndef LP_CLI_FLASH_H
#define LP_CLI_FLASH_H

#include <stddef.h>
#include <stdint.h>

#include "limpet/fault.h"

enum { FLASH_IMAGE_MAX = 64 << 20, FLASH_PATH = 4096 };

typedef enum {
    FLASH_POSIX,
    FLASH_QEMU_MPS2,
    FLASH_QEMU_LX106,
    FLASH_ESP8266,
    FLASH_ESP32,
    FLASH_STM32,
} flash_target_t;

// By the name of its board or chip. False: there is none.
bool flash_target_parse(const char *name, flash_target_t *target);
const char *flash_target_name(flash_target_t target);
bool flash_target_is_chip(flash_target_t target); // real: driven by another program

// -- image.c: pure

// Whether these bytes can run on the target: kind, checksum, addresses, size. `room` is what there
// is from the offset on, in bytes; 0: as usual for the target. On false `why` says it.
bool flash_image_fits(flash_target_t target, const uint8_t *image, size_t len, size_t room,
                      char *why, size_t cap);

// -- place.c: virtual boards, as limpet run keeps them

typedef struct {
    char image[FLASH_PATH]; // what starts
    char flash[FLASH_PATH]; // settings, identity, files
} flash_place_t;

lp_exit_t flash_place_find(const char *app, flash_target_t target, flash_place_t *place,
                           lp_fault_t *f);
// Locks the board's flash, so that it cannot start meanwhile. *fd: close it. -1: there is none yet.
lp_exit_t flash_place_lock(const flash_place_t *place, int *fd, lp_fault_t *f);
// The image takes the old one's place at once, or the old one stays.
lp_exit_t flash_place_write(const flash_place_t *place, const uint8_t *image, size_t len,
                            lp_fault_t *f);

// Reads a whole file; owned by the caller.
uint8_t *flash_read_file(const char *path, size_t *len, lp_fault_t *f);

// -- rom.c: chips, through the boot loader in their ROM or a probe

typedef struct {
    flash_target_t target;
    const char *port;
    const char *via;     // "serial", "swd"
    const char *openocd; // the target file of openocd, "stm32f1x"
    const char *mode;    // of the serial line of an STM32, "8e1"
    long baud;
    long at;       // offset or address
    bool is_whole; // erase everything first
} flash_rom_t;

// What the chip says of itself and how large its flash is (0: it does not say). Nothing is changed.
lp_exit_t flash_rom_look(const flash_rom_t *rom, size_t *flash_bytes, lp_fault_t *f);
// Writes the file and has it verified.
lp_exit_t flash_rom_write(const flash_rom_t *rom, const char *path, size_t len, lp_fault_t *f);
lp_exit_t flash_rom_read(const flash_rom_t *rom, const char *path, size_t len, lp_fault_t *f);

extern const int flash_exits[];

#endif
