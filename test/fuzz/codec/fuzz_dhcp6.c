// SPDX-License-Identifier: Apache-2.0
// Answers of a DHCPv6 server: what is taken is within bounds, and is for this client.
#include <string.h>

#include "fuzz.h"
#include "limpet/dhcp6.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t mac[6] = {2, 0, 0, 0x4F, 0x21, 0xC0};
    lp_dhcp6_info_t info;
    memset(&info, 0x77, sizeof info);
    const lp_dhcp6_info_t before = info;
    if (lp_dhcp6_answer(lp_span(data, size), 0xA1B2C3, mac, &info) != LP_OK) {
        MUST(memcmp(&info, &before, sizeof info) == 0);
        return 0;
    }
    MUST(size >= 4 + 14 + 7 && memcmp(data, "\x07\xA1\xB2\xC3", 4) == 0);
    MUST(info.count <= LP_DHCP6_SERVERS && info.refresh_s >= LP_DHCP6_REFRESH_MIN_S);
    MUST(info.max_rt_s == 0 || (info.max_rt_s >= 60 && info.max_rt_s <= 86400));
    for (size_t i = 0; i < info.count; i++) {
        MUST(info.servers[i][0] != 0xFF);
    }
    return 0;
}
