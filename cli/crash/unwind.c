// SPDX-License-Identifier: Apache-2.0
// From the core's registers and the stack to the calls that led there: by the compiler's own
// description of each frame (CFI) as long as that holds, else by what on the stack is behind a
// call.
// @source DWARF 5, 2.5 and 6.4
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "elf_private.h"

enum { REGS = LP_CRASHDUMP_REGS, DEPTH = 16, REG_BITS = 5 };

typedef struct {
    const lp_crashdump_t *dump;
    lp_elf_t *elf;
    uint64_t regs[REGS];
    bool is_known[REGS];
    uint64_t cfa;
} state_t;

static unsigned sp_register(lp_crashdump_core_t core)
{
    return core == LP_DUMP_X86_64 ? 7 : core == LP_DUMP_ARMV7M ? 13 : 1;
}

// Where a function finds its return address at its start; x86-64 has it on the stack.
static unsigned link_register(lp_crashdump_core_t core)
{
    return core == LP_DUMP_X86_64 ? 16 : core == LP_DUMP_ARMV7M ? 14 : 0;
}

// Of the image: without the place where it lies in memory, and without the bit that says Thumb.
static uint64_t code_address(const lp_crashdump_t *d, uint64_t word)
{
    const uint64_t at = word - d->bias;
    return d->core == LP_DUMP_ARMV7M ? at & ~1ULL : at;
}

// A word of the stack. False: it is outside of the dump, or was left out as no address.
static bool read_stack(const lp_crashdump_t *d, uint64_t at, uint64_t *word)
{
    const uint64_t first = d->sp & ~(uint64_t)(d->word - 1);
    if (at < first || at % d->word != 0 || (at - first) / d->word >= d->word_count) {
        return false;
    }
    *word = d->words[(at - first) / d->word];
    return *word != 0;
}

// ---- location expressions, as far as compilers use them for frames

typedef struct {
    uint64_t value[DEPTH];
    unsigned n;
    bool is_value; // the result is the value itself, not where it is
} stack_t_;

static bool push(stack_t_ *s, uint64_t value)
{
    if (s->n == DEPTH) {
        return false;
    }
    s->value[s->n++] = value;
    return true;
}

static bool push_register(state_t *st, stack_t_ *s, uint64_t number, uint64_t offset)
{
    return number < REGS && st->is_known[number] && push(s, st->regs[number] + offset);
}

static bool add(stack_t_ *s)
{
    if (s->n < 2) {
        return false;
    }
    s->n--;
    s->value[s->n - 1] += s->value[s->n];
    return true;
}

static bool do_op(state_t *st, stack_t_ *s, const Dwarf_Op *op)
{
    if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31) {
        return push_register(st, s, op->atom - DW_OP_breg0, op->number);
    }
    if (op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31) {
        return push(s, op->atom - DW_OP_lit0);
    }
    switch (op->atom) {
    case DW_OP_bregx:
        return push_register(st, s, op->number, op->number2);
    case DW_OP_call_frame_cfa:
        return push(s, st->cfa);
    case DW_OP_plus_uconst:
        return push(s, op->number) && add(s);
    case DW_OP_consts:
    case DW_OP_constu:
    case DW_OP_const1u:
    case DW_OP_const2u:
    case DW_OP_const4u:
        return push(s, op->number);
    case DW_OP_plus:
        return add(s);
    case DW_OP_deref:
        return s->n > 0 && read_stack(st->dump, s->value[s->n - 1], &s->value[s->n - 1]);
    case DW_OP_stack_value:
        s->is_value = true;
        return true;
    default:
        return false;
    }
}

static bool evaluate(state_t *st, const Dwarf_Op *ops, size_t count, stack_t_ *s)
{
    *s = (stack_t_){.n = 0};
    for (size_t i = 0; i < count; i++) {
        if (!do_op(st, s, &ops[i])) {
            return false;
        }
    }
    return s->n > 0;
}

// ---- one frame up

static Dwarf_Frame *frame_at(state_t *st, uint64_t pc)
{
    Dwarf_Frame *frame = NULL;
    if (st->elf->eh_frame != NULL && dwarf_cfi_addrframe(st->elf->eh_frame, pc, &frame) == 0) {
        return frame;
    }
    if (st->elf->debug_frame != NULL &&
        dwarf_cfi_addrframe(st->elf->debug_frame, pc, &frame) == 0) {
        return frame;
    }
    return NULL;
}

static bool restore(state_t *st, Dwarf_Frame *frame, unsigned number, uint64_t *value)
{
    Dwarf_Op memory[3];
    Dwarf_Op *ops = NULL;
    size_t count = 0;
    stack_t_ s;
    if (dwarf_frame_register(frame, (int)number, memory, &ops, &count) != 0) {
        return false;
    }
    if (ops == NULL) { // the same value
        *value = st->regs[number];
        return st->is_known[number];
    }
    if (count == 0 || !evaluate(st, ops, count, &s)) {
        return false;
    }
    *value = s.value[s.n - 1];
    return s.is_value || read_stack(st->dump, *value, value);
}

// The caller's registers in place of the callee's. False: this frame cannot be unwound.
static bool step(state_t *st, uint64_t pc, uint64_t *return_to)
{
    Dwarf_Op *ops = NULL;
    size_t count = 0;
    stack_t_ s;
    uint64_t regs[REGS] = {0};
    bool is_known[REGS] = {false};
    Dwarf_Frame *frame = frame_at(st, pc);
    if (frame == NULL) {
        return false;
    }
    const int link = dwarf_frame_info(frame, NULL, NULL, NULL);
    const unsigned sp = sp_register(st->dump->core);
    bool is_done = link >= 0 && link < REGS && dwarf_frame_cfa(frame, &ops, &count) == 0 &&
                   evaluate(st, ops, count, &s);
    if (is_done) {
        st->cfa = s.value[s.n - 1];
        for (unsigned i = 0; i < REGS; i++) {
            is_known[i] = restore(st, frame, i, &regs[i]);
        }
        // Above the frame is where the caller's begins, whatever its registers say.
        regs[sp] = st->cfa;
        is_known[sp] = true;
        *return_to = regs[link];
        is_done = is_known[link];
    }
    free(frame);
    if (is_done) {
        memcpy(st->regs, regs, sizeof regs);
        memcpy(st->is_known, is_known, sizeof is_known);
    }
    return is_done;
}

static void begin(state_t *st, const lp_crashdump_t *dump, lp_elf_t *elf)
{
    *st = (state_t){.dump = dump, .elf = elf};
    for (unsigned i = 0; i < dump->reg_count; i++) {
        st->regs[i] = dump->regs[i];
        st->is_known[i] = dump->regs[i] != 0;
    }
    st->regs[sp_register(dump->core)] = dump->sp;
    st->is_known[sp_register(dump->core)] = true;
}

// ---- the whole

static bool is_return_address(const state_t *st, uint64_t word)
{
    return word != 0 &&
           lp_crashdump_is_behind_call(st->dump->core, st->elf, code_address(st->dump, word));
}

static unsigned scan(state_t *st, uint64_t from, lp_frame_t *frames, unsigned n, unsigned cap)
{
    const lp_crashdump_t *d = st->dump;
    const uint64_t first = d->sp & ~(uint64_t)(d->word - 1);
    for (unsigned i = 0; i < d->word_count && n < cap; i++) {
        if (first + (uint64_t)i * d->word >= from && is_return_address(st, d->words[i])) {
            frames[n++] = (lp_frame_t){code_address(d, d->words[i]), LP_FRAME_SCAN};
        }
    }
    return n;
}

// A jump to nowhere: whoever made it is in the link register, or has just pushed where to return
// to.
static bool step_out_of_nowhere(state_t *st, uint64_t *return_to)
{
    const lp_crashdump_t *d = st->dump;
    if (d->core == LP_DUMP_X86_64) {
        if (!read_stack(d, d->sp, return_to)) {
            return false;
        }
        st->regs[sp_register(d->core)] = d->sp + d->word;
    } else {
        *return_to = d->regs[link_register(d->core)];
    }
    return is_return_address(st, *return_to);
}

unsigned lp_crashdump_unwind(const lp_crashdump_t *dump, lp_elf_t *elf, lp_frame_t *frames,
                             unsigned cap)
{
    state_t st;
    begin(&st, dump, elf);
    elf->is_thumb = dump->core == LP_DUMP_ARMV7M;
    uint64_t pc = code_address(dump, dump->pc);
    unsigned n = 0;
    frames[n++] = (lp_frame_t){pc, LP_FRAME_PC};
    uint64_t return_to = 0;
    bool is_sure =
        lp_elf_is_code(elf, pc) ? step(&st, pc, &return_to) : step_out_of_nowhere(&st, &return_to);
    while (is_sure && n < cap) {
        if (!is_return_address(&st, return_to)) {
            break;
        }
        pc = code_address(dump, return_to);
        frames[n++] = (lp_frame_t){pc, LP_FRAME_CFI};
        is_sure = step(&st, pc - 1, &return_to);
    }
    return scan(&st, st.regs[sp_register(dump->core)], frames, n, cap);
}
