// SPDX-License-Identifier: Apache-2.0
// limpet/config.h - settings: a const table of what there is, checked values, kept in the store.
//
// What is set counts at once and is lost at a restart unless it is saved. A set is all or nothing:
// every value is checked before any changes. Stored values that are damaged, or not legal any more
// after an update, fall back to the default with a line in the log.
// @context loop
#ifndef LIMPET_CONFIG_H
#define LIMPET_CONFIG_H

#include <stdbool.h>

#include "limpet/err.h"
#include "limpet/json.h"
#include "limpet/store.h"

enum {
    LP_CONFIG_ROWS_MAX = 96,
    LP_CONFIG_VENDOR_MAX = 64,
    LP_CONFIG_KEY_MAX = LP_STORE_KEY_MAX,
    LP_CONFIG_WHY_MAX = 200, // a buffer of this size holds any explanation
    LP_CONFIG_LARGE_MAX = 4, // rows whose values stay in the store
};

typedef enum { LP_CONFIG_BOOL, LP_CONFIG_INT, LP_CONFIG_STR } lp_config_type_t;

enum {
    LP_CONFIG_SECRET = 1u,   // read as null by lp_config_put()
    LP_CONFIG_READONLY = 2u, // has its default only
};

// Looks at a string. An error: it is not legal, and `why` says the rule and the nearest legal value
// (the key itself is put in front of it).
typedef lp_err_t lp_config_check_fn(lp_span_t value, lp_buf_t *why);

typedef struct {
    const char *key; // dotted; the rows of a group stand together
    lp_config_type_t type;
    uint8_t flags;
    int32_t fallback_num;      // BOOL, INT
    int32_t min;               // INT
    int32_t max;               // INT; STR: longest value in bytes
    const char *fallback;      // STR
    const char *choices;       // STR: "auto|chip|software", null for anything
    lp_config_check_fn *check; // STR; null for none
} lp_config_row_t;

// A value that the vendor of a product set in its image; counts instead of the row's default. A
// pinned one cannot be set. One that is not legal is as if it were not there, and logged.
typedef struct {
    const char *key;
    int32_t num;      // BOOL, INT
    const char *text; // STR
    bool is_pinned;
} lp_config_vendor_t;

// One value in memory. Private; the caller owns an array of them.
typedef struct {
    const char *fallback_; // instead of the row's
    union {
        struct {
            uint16_t at_; // in the arena
            uint16_t len_;
        };               // STR
        uint8_t num_[4]; // BOOL, INT: little endian, as it is stored
    };
    bool is_set_;
} lp_config_value_t;

// Memory for a moment: within one call, never from one to the next.
typedef struct {
    void *(*take)(void *ctx, size_t bytes); // null: there is none now
    void (*give)(void *ctx, void *memory);
    void *ctx;
} lp_config_scratch_t;

// What the image gives to the settings. Everything is lent for as long as they are used.
typedef struct {
    const lp_config_row_t *rows;
    size_t count;              // up to LP_CONFIG_ROWS_MAX
    lp_config_value_t *values; // `count` of them
    lp_store_item_t *items;    // `count` of them; null: taken from `scratch` when they are needed
    uint8_t *arena;            // strings that are set, and room for one more of the longest
    size_t arena_bytes;        // up to 65535
    lp_store_t *store;         // open
    const lp_config_vendor_t *vendor; // may be null
    size_t vendor_count;              // up to LP_CONFIG_VENDOR_MAX
    // Strings that may have so many bytes stay in the store, also before they are saved, and take
    // nothing of `arena`: they are read with lp_config_read(). Each may take three places of its
    // length in the store. 0: none; else `scratch` is needed, and nothing can be tried.
    size_t large_bytes;
    const lp_config_scratch_t *scratch;
} lp_config_setup_t;

typedef struct {
    lp_config_setup_t s_;
    size_t used_; // of the arena
    uint64_t vendor_legal_;
    bool is_saved;
    bool is_trial; // this start counts what was saved to be tried
} lp_config_t;

// All defaults. LP_E_INVALID: the table is too long or the setup incomplete.
lp_err_t lp_config_init(lp_config_t *c, const lp_config_setup_t *setup);

// Another default for a string, known at run time only (static or lent).
void lp_config_set_fallback(lp_config_t *c, const char *key, const char *value);

// Takes the stored values. Those that are not legal are logged and left at their default; *dropped
// (may be null) counts them.
void lp_config_load(lp_config_t *c, unsigned *dropped);

// Values. Asking for a key that is not in the table, or for another type, is a bug of ours: false,
// 0 or "", and a line in the log.
bool lp_config_bool(const lp_config_t *c, const char *key);
int32_t lp_config_int(const lp_config_t *c, const char *key);
// Borrows until the next lp_config_set().
const char *lp_config_str(const lp_config_t *c, const char *key);
bool lp_config_has(const lp_config_t *c, const char *key);
// Length of a string, and a part of it: of those that stay in the store, too. LP_E_NOT_FOUND: there
// is no such string; LP_E_RANGE: it is shorter; LP_E_IO.
size_t lp_config_len(const lp_config_t *c, const char *key);
lp_err_t lp_config_read(const lp_config_t *c, const char *key, size_t at, uint8_t *to, size_t n);

// The row of `key`, which must be in the table.
size_t lp_config_row(const lp_config_t *c, const char *key);

// The same by row, which must be one of the table and of that type: what tools/gen-settings makes
// functions of.
bool lp_config_bool_at(const lp_config_t *c, size_t row);
int32_t lp_config_int_at(const lp_config_t *c, size_t row);
const char *lp_config_str_at(const lp_config_t *c, size_t row);

// Whether the vendor pinned it.
bool lp_config_is_pinned(const lp_config_t *c, size_t row);
// Whether the user set it; else the vendor's or the built-in value counts.
bool lp_config_is_set(const lp_config_t *c, size_t row);

// Sets what is in `tree`: {"cloud":{"enable":true}}. null puts a key back to its default (a
// secret's null changes nothing, because that is how secrets are shown). LP_E_NOT_FOUND unknown
// key, LP_E_DENIED read-only or
// pinned, LP_E_INVALID type or rule, LP_E_RANGE, LP_E_EXISTS given twice,
// LP_E_NOSPACE, LP_E_BUSY no memory for a string that stays in the store, errors of
// lp_store_put() for such ones; nothing was changed then and `why` says it in a sentence.
lp_err_t lp_config_set(lp_config_t *c, lp_json_t tree, lp_buf_t *why);

// Writes all values to the store, all or none; a trial that waits for the next start is dropped.
// Errors as lp_store_put(); LP_E_BUSY: there is no memory for it now.
lp_err_t lp_config_save(lp_config_t *c);

// -- trying settings for one start
//
//   save_trial   the values that count now are written beside the saved ones
//   next start   start_trial() takes them, once: the start after it has the saved ones again,
//   confirm      ... unless they were confirmed, which saves them
//
// Power may be cut anywhere: either the trial or the saved values count, as a whole.

// Errors as lp_store_put(): the next start has the saved values then. LP_E_UNSUPPORTED: there are
// strings that stay in the store.
lp_err_t lp_config_save_trial(lp_config_t *c);

// To be called once, after lp_config_load(). Takes a trial that waits, or drops one that was not
// confirmed; sets c->is_trial. LP_E_IO...: the flash failed, the saved values count.
lp_err_t lp_config_start_trial(lp_config_t *c);

// Saves what counts now and ends the trial. LP_E_STATE: there is none.
lp_err_t lp_config_confirm(lp_config_t *c);

// -- factory reset

// Removes all that the user set, from memory and flash, so that it cannot be read there any more.
// What is in the store and no setting (keys, counters) stays, as do the vendor's values. LP_E_BUSY:
// as lp_config_save().
lp_err_t lp_config_reset(lp_config_t *c);

// -- old names

// A setting that had another name before. `convert` (may be null) turns the stored value into that
// of the new one; an error: the value is dropped.
typedef struct {
    const char *from;
    const char *to;
    lp_err_t (*convert)(lp_buf_t *value);
} lp_config_move_t;

// Moves stored values to their new names, each in one step; to be called before lp_config_load().
// What the new name has already stays. `scratch` has room for the longest value.
lp_err_t lp_config_migrate(lp_store_t *store, const lp_config_move_t *moves, size_t count,
                           lp_buf_t *scratch);

// Writes the value of `key`, or the tree of all keys under it; null: of all keys.
// LP_E_NOT_FOUND: nothing was written.
lp_err_t lp_config_put(const lp_config_t *c, const char *key, lp_json_writer_t *w);

#endif
