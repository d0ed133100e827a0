// SPDX-License-Identifier: Apache-2.0
// Whether an address is one that a call returns to: what tells a return address on a stack from any
// other word that points into code.
#include "limpet/crashdump.h"

// E8 rel32; FF /2 with the lengths that addressing modes give it.
// @source Intel SDM, volume 2, CALL
static bool is_behind_x86_call(lp_elf_t *elf, uint64_t address)
{
    uint8_t b[7];
    if (address < sizeof b || !lp_elf_bytes(elf, address - sizeof b, b, sizeof b)) {
        return false;
    }
    if (b[2] == 0xE8) {
        return true;
    }
    for (unsigned len = 2; len <= 7; len++) {
        const uint8_t *at = b + sizeof b - len;
        if (at[0] != 0xFF || (at[1] >> 3 & 7) != 2) {
            continue;
        }
        const unsigned mode = at[1] >> 6, rm = at[1] & 7;
        unsigned needed = 2 + (mode != 3 && rm == 4 ? 1 : 0);
        needed += mode == 1 ? 1 : mode == 2 || (mode == 0 && rm == 5) ? 4 : 0;
        if (needed == len) {
            return true;
        }
    }
    return false;
}

// BL (T1) and BLX of a register (T1). @source ARM DDI 0403, A7.7.18 and A7.7.19
static bool is_behind_thumb_call(lp_elf_t *elf, uint64_t address)
{
    uint8_t b[4];
    if (address < sizeof b || !lp_elf_bytes(elf, address - sizeof b, b, sizeof b)) {
        return false;
    }
    const unsigned first = b[0] | (unsigned)b[1] << 8, second = b[2] | (unsigned)b[3] << 8;
    return ((first & 0xF800) == 0xF000 && (second & 0xD000) == 0xD000) ||
           (second & 0xFF87) == 0x4780;
}

// CALL0 and CALLX0, three bytes each. @source Xtensa Instruction Set Architecture, 6
static bool is_behind_xtensa_call(lp_elf_t *elf, uint64_t address)
{
    uint8_t b[3];
    if (address < sizeof b || !lp_elf_bytes(elf, address - sizeof b, b, sizeof b)) {
        return false;
    }
    return (b[0] & 0x3F) == 0x05 || (b[0] == 0xC0 && (b[1] & 0xF0) == 0 && b[2] == 0);
}

bool lp_crashdump_is_behind_call(lp_crashdump_core_t core, lp_elf_t *elf, uint64_t address)
{
    if (!lp_elf_is_code(elf, address)) {
        return false;
    }
    switch (core) {
    case LP_DUMP_X86_64:
        return is_behind_x86_call(elf, address);
    case LP_DUMP_ARMV7M:
        return is_behind_thumb_call(elf, address);
    case LP_DUMP_LX106:
        return is_behind_xtensa_call(elf, address);
    }
    return false;
}
