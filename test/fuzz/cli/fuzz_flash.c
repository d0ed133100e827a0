// SPDX-License-Identifier: Apache-2.0
// Firmware images of all kinds: nothing is read past their end, and a refusal has a reason.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "flash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const flash_target_t all[] = {FLASH_POSIX,   FLASH_QEMU_MPS2, FLASH_QEMU_LX106,
                                         FLASH_ESP8266, FLASH_ESP32,     FLASH_STM32};
    char why[160];
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        why[0] = '\0';
        if (!flash_image_fits(all[i], data, size, 0, why, sizeof why) && why[0] == '\0') {
            abort();
        }
    }
    return 0;
}
