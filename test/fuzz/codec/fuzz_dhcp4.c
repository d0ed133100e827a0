// SPDX-License-Identifier: Apache-2.0
// What DHCP servers send: what is taken for a grant gives an address that a host can have.
#include "fuzz.h"
#include "limpet/dhcp4.h"
#include "limpet/endian.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (lp_dhcp4_kind(lp_span(data, size)) == LP_DHCP4_GRANT) {
        MUST(size > LP_DHCP4_MESSAGE_MIN && data[0] == 2);
        const uint32_t address = lp_get_be32(data + 16);
        MUST(address >> 24 != 0 && address >> 24 != 127 && address >> 24 < 224);
        MUST(address >> 16 != 0xA9FE);
    }
    return 0;
}
