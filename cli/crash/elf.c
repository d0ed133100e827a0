// SPDX-License-Identifier: Apache-2.0
// Names and lines of an image, by elfutils' libdw, which reads DWARF of any machine.
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf_private.h"

enum { DEPTH_MAX = 32 };

static bool read_build_id(lp_elf_t *e)
{
    size_t count = 0;
    (void)elf_getphdrnum(e->elf, &count);
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr p;
        Elf_Data *data = NULL;
        if (gelf_getphdr(e->elf, (int)i, &p) == NULL || p.p_type != PT_NOTE) {
            continue;
        }
        data = elf_getdata_rawchunk(e->elf, (int64_t)p.p_offset, p.p_filesz, ELF_T_NHDR);
        lp_elf_take_notes(e, data);
    }
    Elf_Scn *section = NULL; // images without program headers for notes
    while (e->build_id[0] == '\0' && (section = elf_nextscn(e->elf, section)) != NULL) {
        GElf_Shdr head;
        if (gelf_getshdr(section, &head) != NULL && head.sh_type == SHT_NOTE) {
            lp_elf_take_notes(e, elf_getdata(section, NULL));
        }
    }
    return e->build_id[0] != '\0';
}

void lp_elf_take_notes(lp_elf_t *e, Elf_Data *data)
{
    GElf_Nhdr note;
    size_t name = 0, desc = 0, at = 0;
    while (data != NULL && (at = gelf_getnote(data, at, &note, &name, &desc)) > 0) {
        if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 || note.n_descsz > 20 ||
            memcmp((const char *)data->d_buf + name, "GNU", 4) != 0) {
            continue;
        }
        for (size_t i = 0; i < note.n_descsz; i++) {
            snprintf(e->build_id + 2 * i, 3, "%02x", ((const uint8_t *)data->d_buf)[desc + i]);
        }
    }
}

bool lp_elf_load(lp_elf_t *e, const char *path)
{
    *e = (lp_elf_t){.fd = open(path, O_RDONLY | O_CLOEXEC)};
    snprintf(e->path, sizeof e->path, "%s", path);
    if (e->fd < 0 || elf_version(EV_CURRENT) == EV_NONE) {
        return false;
    }
    e->elf = elf_begin(e->fd, ELF_C_READ_MMAP, NULL);
    if (e->elf == NULL || elf_kind(e->elf) != ELF_K_ELF) {
        return false;
    }
    (void)read_build_id(e);
    return true;
}

void lp_elf_unload(lp_elf_t *e)
{
    if (e->eh_frame != NULL) {
        dwarf_cfi_end(e->eh_frame); // the other one is part of e->dwarf
    }
    dwarf_end(e->dwarf);
    elf_end(e->elf);
    if (e->fd >= 0) {
        close(e->fd);
    }
}

lp_exit_t lp_elf_open(const char *path, lp_elf_t **elf, lp_fault_t *f)
{
    lp_elf_t *e = malloc(sizeof *e);
    if (e == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    if (!lp_elf_load(e, path)) {
        lp_elf_close(e);
        lp_fault_set(f, LP_EXIT_LOCAL, "elf-unreadable", "%.200s cannot be read as an image", path);
        lp_fault_why(f, "it is missing, or no ELF file");
        lp_fault_next(f, "give the file that the build made: --elf build/BOARD/NAME.elf");
        return f->exit;
    }
    e->dwarf = dwarf_begin_elf(e->elf, DWARF_C_READ, NULL);
    if (e->dwarf == NULL) {
        lp_elf_close(e);
        lp_fault_set(f, LP_EXIT_LOCAL, "elf-no-debug", "%.200s has no names and lines", path);
        lp_fault_next(f, "give the image before it was stripped, or build it with -g");
        return f->exit;
    }
    e->debug_frame = dwarf_getcfi(e->dwarf);
    e->eh_frame = dwarf_getcfi_elf(e->elf);
    *elf = e;
    return LP_EXIT_OK;
}

void lp_elf_close(lp_elf_t *elf)
{
    if (elf != NULL) {
        lp_elf_unload(elf);
        free(elf);
    }
}

const char *lp_elf_path(const lp_elf_t *elf)
{
    return elf->path;
}

const char *lp_elf_build_id(const lp_elf_t *elf)
{
    return elf->build_id;
}

// ---- places

static bool find_unit(lp_elf_t *e, uint64_t address, Dwarf_Die *unit)
{
    if (dwarf_addrdie(e->dwarf, address, unit) != NULL) {
        return true;
    }
    Dwarf_Off at = 0, next = 0;
    size_t head = 0;
    while (dwarf_nextcu(e->dwarf, at, &next, &head, NULL, NULL, NULL) == 0) {
        if (dwarf_offdie(e->dwarf, at + head, unit) != NULL && dwarf_haspc(unit, address) == 1) {
            return true;
        }
        at = next;
    }
    return false;
}

static void name_place(Dwarf_Die *die, lp_elf_place_t *place)
{
    const char *name = dwarf_diename(die);
    snprintf(place->function, sizeof place->function, "%s", name != NULL ? name : "");
}

static void take_line(Dwarf_Die *unit, uint64_t address, lp_elf_place_t *place)
{
    Dwarf_Line *line = dwarf_getsrc_die(unit, address);
    const char *file = line != NULL ? dwarf_linesrc(line, NULL, NULL) : NULL;
    int number = 0;
    if (file != NULL && dwarf_lineno(line, &number) == 0) {
        snprintf(place->file, sizeof place->file, "%s", file);
        place->line = (unsigned)number;
    }
}

// Where an inlined function was called.
static void take_call(Dwarf_Die *unit, Dwarf_Die *inlined, lp_elf_place_t *place)
{
    Dwarf_Attribute attr;
    Dwarf_Word line = 0, file = 0;
    Dwarf_Files *files = NULL;
    size_t count = 0;
    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attr), &line) != 0 ||
        dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attr), &file) != 0 ||
        dwarf_getsrcfiles(unit, &files, &count) != 0 || file >= count) {
        return;
    }
    const char *name = dwarf_filesrc(files, file, NULL, NULL);
    snprintf(place->file, sizeof place->file, "%s", name != NULL ? name : "");
    place->line = (unsigned)line;
}

// The functions around `address`, outermost first.
static unsigned find_chain(Dwarf_Die *in, uint64_t address, Dwarf_Die chain[DEPTH_MAX],
                           unsigned depth)
{
    Dwarf_Die child;
    if (dwarf_child(in, &child) != 0) {
        return depth;
    }
    do {
        const int tag = dwarf_tag(&child);
        const bool is_function = tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine;
        if ((is_function || tag == DW_TAG_lexical_block) && dwarf_haspc(&child, address) == 1 &&
            depth < DEPTH_MAX) {
            if (is_function) {
                chain[depth++] = child;
            }
            Dwarf_Die inner = child;
            return find_chain(&inner, address, chain, depth);
        }
    } while (dwarf_siblingof(&child, &child) == 0);
    return depth;
}

// From the symbol table: for what was not compiled with -g.
static void name_by_symbol(lp_elf_t *e, uint64_t address, lp_elf_place_t *place)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(e->elf, section)) != NULL) {
        GElf_Shdr head;
        Elf_Data *data = elf_getdata(section, NULL);
        if (gelf_getshdr(section, &head) == NULL || head.sh_type != SHT_SYMTAB || data == NULL) {
            continue;
        }
        for (int i = 0; (size_t)i < data->d_size / head.sh_entsize; i++) {
            GElf_Sym symbol;
            if (gelf_getsym(data, i, &symbol) == NULL || GELF_ST_TYPE(symbol.st_info) != STT_FUNC) {
                continue;
            }
            const uint64_t at = symbol.st_value & ~(uint64_t)e->is_thumb;
            const char *name = elf_strptr(e->elf, head.sh_link, symbol.st_name);
            if (name != NULL && address >= at && address < at + symbol.st_size) {
                snprintf(place->function, sizeof place->function, "%s", name);
            }
        }
    }
}

unsigned lp_elf_places(lp_elf_t *elf, uint64_t address, lp_elf_place_t *places, unsigned cap)
{
    Dwarf_Die unit;
    Dwarf_Die chain[DEPTH_MAX];
    memset(places, 0, cap * sizeof *places);
    const bool has_unit = find_unit(elf, address, &unit);
    unsigned depth = has_unit ? find_chain(&unit, address, chain, 0) : 0;
    if (depth == 0) {
        if (has_unit) {
            take_line(&unit, address, &places[0]);
        }
        name_by_symbol(elf, address, &places[0]);
        return 1;
    }
    unsigned n = 0;
    for (; n < cap && n < depth; n++) {
        Dwarf_Die *die = &chain[depth - 1 - n];
        name_place(die, &places[n]);
        if (n == 0) {
            take_line(&unit, address, &places[n]);
        } else {
            take_call(&unit, &chain[depth - n], &places[n]);
        }
    }
    return n;
}

// ---- bytes

static bool find_segment(lp_elf_t *e, uint64_t address, size_t len, GElf_Phdr *p)
{
    size_t count = 0;
    (void)elf_getphdrnum(e->elf, &count);
    for (size_t i = 0; i < count; i++) {
        if (gelf_getphdr(e->elf, (int)i, p) != NULL && p->p_type == PT_LOAD &&
            address >= p->p_vaddr && address - p->p_vaddr < p->p_filesz &&
            len <= p->p_filesz - (address - p->p_vaddr)) {
            return true;
        }
    }
    return false;
}

bool lp_elf_is_code(lp_elf_t *elf, uint64_t address)
{
    GElf_Phdr p;
    return find_segment(elf, address, 1, &p) && (p.p_flags & PF_X) != 0;
}

bool lp_elf_bytes(lp_elf_t *elf, uint64_t address, uint8_t *bytes, size_t len)
{
    GElf_Phdr p;
    return find_segment(elf, address, len, &p) &&
           pread(elf->fd, bytes, len, (off_t)(p.p_offset + (address - p.p_vaddr))) == (ssize_t)len;
}
