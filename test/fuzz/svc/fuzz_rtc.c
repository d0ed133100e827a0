// SPDX-License-Identifier: Apache-2.0
// Any bytes in the memory that deep sleep leaves alone. The first one says how large the block is
// that asks for it, the second whether the checksum is made right, so that what is behind it is
// reached.
//
// What must hold: nothing beyond the block is written, and nothing at all when it is not taken.
#include <stdlib.h>
#include <string.h>

#include "fake/port.h"
#include "limpet/crc.h"
#include "limpet/endian.h"
#include "limpet/power.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { AT_CRC = 4, AT_REST = 8, FILL = 0xC3 };

static void fill_rtc(const uint8_t *data, size_t size, bool is_signed)
{
    size_t bytes = 0;
    uint8_t *rtc = lp_port_rtc(&bytes);
    memset(rtc, 0, LP_PORT_RTC_BYTES_MIN);
    memcpy(rtc, data, size < LP_PORT_RTC_BYTES_MIN ? size : LP_PORT_RTC_BYTES_MIN);
    const size_t used = LP_POWER_HEAD_BYTES + (size_t)lp_get_le16(rtc + AT_REST);
    if (is_signed && used <= LP_PORT_RTC_BYTES_MIN) {
        lp_put_le32(rtc + AT_CRC, lp_crc32(0, lp_span(rtc + AT_REST, used - AT_REST)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lp_loop_t loop;
    lp_power_t power;
    if (size < 2) {
        return 0;
    }
    fake_system_reset();
    fake_clock_reset();
    fake_wake = LP_WAKE_TIMER;
    fill_rtc(data + 2, size - 2, (data[1] & 1) != 0);
    lp_loop_init(&loop);
    lp_power_init(&power, &(lp_power_setup_t){.loop = &loop});
    const size_t bytes = data[0] % (LP_POWER_KEEP_MAX + 1);
    uint8_t *block = malloc(bytes > 0 ? bytes : 1);
    memset(block, FILL, bytes);
    const bool is_taken = lp_power_keep(&power, block, bytes, data[1] >> 1);
    for (size_t i = 0; i < bytes && !is_taken; i++) {
        if (block[i] != FILL) {
            abort();
        }
    }
    free(block);
    return 0;
}
