// SPDX-License-Identifier: Apache-2.0
// An image that is open. Private to this folder.
#ifndef LP_ELF_PRIVATE_H
#define LP_ELF_PRIVATE_H

#include <elfutils/libdw.h>

#include "limpet/crashdump.h"

struct lp_elf {
    int fd;
    Elf *elf;
    Dwarf *dwarf;
    Dwarf_CFI *debug_frame, *eh_frame; // may be null
    bool is_thumb;
    char build_id[41];
    char path[4096];
};

// Opens it as far as the build id.
bool lp_elf_load(lp_elf_t *e, const char *path);
void lp_elf_unload(lp_elf_t *e);
void lp_elf_take_notes(lp_elf_t *e, Elf_Data *data);

#endif
