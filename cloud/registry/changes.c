// SPDX-License-Identifier: Apache-2.0
// What changed, and whom it concerns. A thousand devices are connected, one thing gets an
// attribute: 999 sessions must not read anything again for that.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "limpet/host.h"

int64_t lp_registry_change(lp_registry_t *reg)
{
    if (reg->change_st_ == NULL &&
        sqlite3_prepare_v3(reg->db_, "SELECT value FROM meta WHERE key='change'", -1,
                           SQLITE_PREPARE_PERSISTENT, &reg->change_st_, NULL) != SQLITE_OK) {
        return 0;
    }
    int64_t value =
        sqlite3_step(reg->change_st_) == SQLITE_ROW ? sqlite3_column_int64(reg->change_st_, 0) : 0;
    sqlite3_reset(reg->change_st_);
    reg->change_ = value;
    reg->change_ms_ = lp_host_now_ms();
    return value;
}

int64_t lp_registry_change_recent(lp_registry_t *reg)
{
    bool is_recent = reg->change_ != 0 && lp_host_now_ms() - reg->change_ms_ < LP_CHANGE_AGE_MS;
    return is_recent ? reg->change_ : lp_registry_change(reg);
}

// Reads the keys that are not known yet. More than there is room for: only the newest stay known.
static void learn(lp_registry_t *reg)
{
    if (reg->keys_ == NULL) {
        reg->keys_ = calloc(LP_CHANGE_KEYS, sizeof *reg->keys_);
        reg->known_from_ = reg->known_to_ = reg->change_;
    }
    if (reg->keys_ == NULL) {
        return;
    }
    sqlite3_stmt *st = lp_db_query(reg, "SELECT seq, key FROM changes WHERE seq>? ORDER BY seq",
                                   "i", reg->known_to_);
    while (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        int64_t seq = sqlite3_column_int64(st, 0);
        const char *key = (const char *)sqlite3_column_text(st, 1);
        if (seq != reg->known_to_ + 1) { // forgotten in between
            reg->known_from_ = seq - 1;
        }
        snprintf(reg->keys_[seq % LP_CHANGE_KEYS], LP_CHANGE_KEY, "%s", key != NULL ? key : "*");
        reg->known_to_ = seq;
        if (reg->known_to_ - reg->known_from_ > LP_CHANGE_KEYS) {
            reg->known_from_ = reg->known_to_ - LP_CHANGE_KEYS;
        }
    }
    sqlite3_finalize(st);
}

bool lp_registry_changed(lp_registry_t *reg, int64_t from, bool (*fn)(void *arg, const char *key),
                         void *arg)
{
    if (reg->known_to_ < reg->change_ || reg->keys_ == NULL) {
        learn(reg);
    }
    if (reg->keys_ == NULL || from < reg->known_from_ || reg->known_to_ < reg->change_) {
        return true;
    }
    for (int64_t seq = from + 1; seq <= reg->change_; seq++) {
        const char *key = reg->keys_[seq % LP_CHANGE_KEYS];
        if (strcmp(key, "*") == 0 || fn(arg, key)) {
            return true;
        }
    }
    return false;
}

void lp_registry_changes_close(lp_registry_t *reg)
{
    sqlite3_finalize(reg->change_st_);
    free(reg->keys_);
    reg->change_st_ = NULL;
    reg->keys_ = NULL;
}
