// SPDX-License-Identifier: Apache-2.0
// What the board has promised. For each thing there is what it may be now: one value when the last
// change was answered, two when power, cable or flash failed while it was under way. What is read
// must be one of them; after a restart everything is read.
#include <stdio.h>
#include <string.h>

#include "limpet/base64.h"
#include "limpet/json.h"
#include "soak.h"

enum { FILES = 4, FILE_BYTES_MAX = 2500, JOBS = 6, MAY_MAX = 8 };

// What a thing may be now.
typedef struct {
    unsigned may[MAY_MAX];
    unsigned count; // 0: the same as one that is 0
    bool is_busy;   // a call about it is under way
} promise_t;

static struct {
    promise_t files[FILES]; // version; 0: there is none
    promise_t config;       // what is saved
    unsigned config_set;    // what is set
    bool was_config_read, was_cron_read, is_config_known;
    unsigned files_read; // a bit each
    struct {
        unsigned number; // in its payload; 0: free
        unsigned id;
        bool is_sure;
    } jobs[JOBS];
    bool is_cron_busy, is_alone; // is_alone: a restart was asked for
    unsigned next_version, boots;
    unsigned done[OPS], failed[OPS], lost[OPS], busy;
    uint64_t slowest_ms;
    bool is_flash_failing;
} book;

static const char *const methods[OPS] = {
    [OP_PING] = "RPC.Ping",           [OP_INFO] = "Sys.GetInfo",
    [OP_STATUS] = "Cloud.Status",     [OP_FILE_PUT] = "FS.Put",
    [OP_FILE_GET] = "FS.Get",         [OP_FILE_REMOVE] = "FS.Remove",
    [OP_CHIP] = "Chip.Info",          [OP_CONFIG_SET] = "Config.Set",
    [OP_CONFIG_SAVE] = "Config.Save", [OP_CONFIG_GET] = "Config.Get",
    [OP_CRON_ADD] = "Cron.Add",       [OP_CRON_REMOVE] = "Cron.Remove",
    [OP_CRON_LIST] = "Cron.List",     [OP_SEAL] = "Sealed.Put",
    [OP_PROVE] = "Cloud.Prove",       [OP_REBOOT] = "Sys.Reboot"};

void ledger_start(void)
{
    book.was_config_read = book.was_cron_read = false;
    book.files_read = 0;
    book.is_config_known = false;
    book.is_flash_failing = false;
    book.is_alone = false;
}

void ledger_flash_fails(bool is_failing)
{
    book.is_flash_failing = is_failing;
}

bool ledger_is_checked(void)
{
    return book.was_config_read && book.was_cron_read && book.files_read == (1u << FILES) - 1;
}

static bool may_be(const promise_t *p, unsigned value)
{
    for (unsigned i = 0; i < p->count; i++) {
        if (p->may[i] == value) {
            return true;
        }
    }
    return p->count == 0 && value == 0;
}

static void is_now(promise_t *p, unsigned value)
{
    p->may[0] = value;
    p->count = 1;
}

static void is_perhaps(promise_t *p, unsigned value)
{
    if (p->count == 0) {
        is_now(p, 0);
    }
    if (!may_be(p, value)) {
        assert_true(p->count < MAY_MAX);
        p->may[p->count++] = value;
    }
}

// Nothing more may be asked that could fail; it has to be read first.
static bool is_full(const promise_t *p)
{
    return p->count == MAY_MAX;
}

// -- files

static size_t content(unsigned file, unsigned version, uint8_t *out)
{
    uint32_t mix = file * 7919u + version * 104729u + 1;
    const size_t len = 1 + mix % FILE_BYTES_MAX;
    for (size_t i = 0; i < len; i++) {
        mix = mix * 1664525u + 1013904223u;
        out[i] = (uint8_t)(mix >> 24);
    }
    return len;
}

static void text_of(unsigned file, unsigned version, char *text, size_t cap)
{
    uint8_t bytes[FILE_BYTES_MAX];
    lp_buf_t out = lp_buf(text, cap - 1);
    const size_t len = content(file, version, bytes);
    assert_int_equal(lp_base64_encode(&out, lp_span(bytes, len)), LP_OK);
    text[out.len] = '\0';
}

static void check_file(unsigned file, lp_span_t data)
{
    char text[4000];
    promise_t *p = &book.files[file];
    if (p->count == 0) {
        is_now(p, 0);
    }
    for (unsigned i = 0; i < p->count; i++) {
        text_of(file, p->may[i], text, sizeof text);
        const bool is_it =
            p->may[i] == 0 ? data.ptr == NULL : data.ptr != NULL && lp_span_equal_str(data, text);
        if (is_it) {
            is_now(p, p->may[i]);
            book.files_read |= 1u << file;
            return;
        }
    }
    soak_fail("file %u is none of its %u versions (%u): %.60s", file, p->count, p->may[0],
              data.ptr != NULL ? (const char *)data.ptr : "there is none");
}

// -- asking

static bool make_file_op(op_t *op)
{
    op->arg = soak_pick(FILES);
    if (book.files[op->arg].is_busy || (op->kind != OP_FILE_GET && is_full(&book.files[op->arg]))) {
        return false;
    }
    char text[4000];
    op->version = 0;
    if (op->kind == OP_FILE_PUT) {
        op->version = ++book.next_version;
        text_of(op->arg, op->version, text, sizeof text);
        snprintf(op->params, sizeof op->params, "{\"filename\":\"f%u\",\"data\":\"%s\"}", op->arg,
                 text);
    } else {
        snprintf(op->params, sizeof op->params, "{\"filename\":\"f%u\"}", op->arg);
    }
    book.files[op->arg].is_busy = true;
    return true;
}

static bool make_cron_op(op_t *op)
{
    op->arg = soak_pick(JOBS);
    const bool is_there = book.jobs[op->arg].number != 0;
    if (book.is_cron_busy || (op->kind == OP_CRON_ADD && is_there) ||
        (op->kind == OP_CRON_REMOVE && (!is_there || !book.jobs[op->arg].is_sure))) {
        return false;
    }
    if (op->kind == OP_CRON_ADD) {
        op->version = ++book.next_version;
        snprintf(op->params, sizeof op->params,
                 "{\"at\":\"*/%u * * * *\",\"action\":\"publish\",\"payload\":\"cron %u\"}",
                 2 + soak_pick(20), op->version);
    } else if (op->kind == OP_CRON_REMOVE) {
        snprintf(op->params, sizeof op->params, "{\"id\":%u}", book.jobs[op->arg].id);
    }
    book.is_cron_busy = true;
    return true;
}

static bool make_config_op(op_t *op)
{
    if (book.config.is_busy ||
        (op->kind == OP_CONFIG_SAVE && (!book.is_config_known || is_full(&book.config)))) {
        return false;
    }
    op->arg = ++book.next_version;
    if (op->kind == OP_CONFIG_SET) { // two settings that belong together
        snprintf(op->params, sizeof op->params,
                 "{\"config\":{\"rpc\":{\"idle_s\":%u,\"http\":{\"host\":\"h%u\"}}}}",
                 100 + op->arg % 1000, op->arg);
    } else if (op->kind == OP_CONFIG_GET) {
        snprintf(op->params, sizeof op->params, "{\"key\":\"rpc\"}");
    }
    book.config.is_busy = true;
    return true;
}

static bool make(op_t *op)
{
    snprintf(op->params, sizeof op->params, "{}");
    switch (op->kind) {
    case OP_PING:
    case OP_INFO:
    case OP_STATUS:
    case OP_CHIP:
        return true;
    case OP_FILE_PUT:
    case OP_FILE_GET:
    case OP_FILE_REMOVE:
        return make_file_op(op);
    case OP_CONFIG_SET:
    case OP_CONFIG_SAVE:
    case OP_CONFIG_GET:
        return make_config_op(op);
    case OP_CRON_ADD:
    case OP_CRON_REMOVE:
    case OP_CRON_LIST:
        return make_cron_op(op);
    case OP_SEAL:
        snprintf(op->params, sizeof op->params, "{\"filename\":\"s\",\"data\":\"c2VjcmV0\"}");
        return true;
    case OP_PROVE:
        snprintf(op->params, sizeof op->params, "{\"nonce\":\"%08x%08x%08x%08x\"}",
                 (unsigned)soak_pick(1u << 24), 1u, 2u, 3u);
        return true;
    case OP_REBOOT:
        if (!soak_may_restart() || !soak_chance(10)) {
            return false;
        }
        soak_expect_reboot();
        return true;
    case OPS:
        break;
    }
    return false;
}

static bool try_make(op_t *op, op_kind_t kind)
{
    op->kind = kind;
    op->method = methods[kind];
    op->since_ms = soak_now();
    return make(op);
}

void ledger_make(op_t *op, op_kind_t kind)
{
    if (!try_make(op, kind)) {
        (void)try_make(op, OP_PING);
    }
}

void ledger_next(op_t *op, unsigned kinds)
{
    // First what has to be looked at after a start, where all may be asked.
    if (kinds == OPS && !book.was_config_read && try_make(op, OP_CONFIG_GET)) {
        return;
    }
    if (kinds == OPS && !book.was_cron_read && try_make(op, OP_CRON_LIST)) {
        return;
    }
    if (kinds == OPS && !ledger_is_checked() && try_make(op, OP_FILE_GET)) {
        return;
    }
    ledger_make(op, (op_kind_t)soak_pick(kinds));
}

// -- answers

static bool get(const char *answer, const char *path, lp_json_t *value)
{
    lp_json_t root;
    return lp_json_parse(lp_span_str(answer), &root) == LP_OK &&
           lp_json_find(root, path, value) == LP_OK;
}

static unsigned number_at(const char *answer, const char *path)
{
    lp_json_t value;
    uint32_t n = 0;
    if (!get(answer, path, &value) || lp_json_u32(value, UINT32_MAX, &n) != LP_OK) {
        soak_fail("no %s in %.300s", path, answer);
    }
    return n;
}

static bool is_error(const char *answer, char *name, size_t cap)
{
    lp_json_t value;
    name[0] = '\0';
    if (!get(answer, "error", &value)) {
        return false;
    }
    if (get(answer, "error.name", &value)) {
        (void)lp_json_cstr(value, name, cap);
    }
    return true;
}

static void read_config(const char *answer)
{
    lp_json_t value;
    char host[40] = "";
    unsigned n = 0;
    if (!get(answer, "result.http.host", &value) ||
        lp_json_cstr(value, host, sizeof host) != LP_OK) {
        soak_fail("no settings: %.200s", answer);
    }
    (void)sscanf(host, "h%u", &n);
    if (number_at(answer, "result.idle_s") != (n == 0 ? 120 : 100 + n % 1000)) {
        soak_fail("half of a change of settings: %.300s", answer);
    }
    promise_t *p = &book.config;
    if (!book.is_config_known && !may_be(p, n)) {
        soak_fail("settings %u, saved were %u or %u others", n, p->may[0], p->count);
    }
    if (!book.is_config_known) {
        is_now(p, n);
        book.config_set = n;
        book.is_config_known = true;
    }
    if (book.config_set != n) {
        soak_fail("settings %u, set were %u", n, book.config_set);
    }
    book.was_config_read = true;
}

static void take_config(const op_t *op, const char *answer, bool is_fine)
{
    book.config.is_busy = false;
    if (op->kind == OP_CONFIG_GET && is_fine) {
        read_config(answer);
    } else if (op->kind == OP_CONFIG_SET && is_fine) {
        book.config_set = op->arg;
    } else if (op->kind == OP_CONFIG_SAVE) {
        (is_fine ? is_now : is_perhaps)(&book.config, book.config_set);
    }
}

static void take_file(const op_t *op, const char *answer, bool is_fine, const char *error)
{
    promise_t *p = &book.files[op->arg];
    lp_json_t value;
    char text[4000];
    p->is_busy = false;
    if (op->kind != OP_FILE_GET) {
        const bool is_none = op->kind == OP_FILE_REMOVE && strcmp(error, "LP_E_NOT_FOUND") == 0;
        if (is_none && !may_be(p, 0)) {
            soak_fail("file %u is gone", op->arg);
        }
        (is_fine || is_none ? is_now : is_perhaps)(p, op->version);
    } else if (strcmp(error, "LP_E_NOT_FOUND") == 0) {
        check_file(op->arg, lp_span(NULL, 0));
    } else if (is_fine && get(answer, "result.data", &value) &&
               lp_json_cstr(value, text, sizeof text) == LP_OK) {
        check_file(op->arg, lp_span_str(text));
    } else if (is_fine) {
        soak_fail("no content in %.200s", answer);
    }
}

static void read_jobs(const char *answer)
{
    for (unsigned i = 0; i < JOBS; i++) {
        char payload[40];
        snprintf(payload, sizeof payload, "\"cron %u\"", book.jobs[i].number);
        const bool is_there = book.jobs[i].number != 0 && strstr(answer, payload) != NULL;
        if (book.jobs[i].number != 0 && book.jobs[i].is_sure && !is_there) {
            soak_fail("cron job %u is gone: %.400s", book.jobs[i].number, answer);
        }
        if (!is_there) {
            book.jobs[i].number = 0;
        }
    }
    book.was_cron_read = true;
}

static void take_cron(const op_t *op, const char *answer, bool is_fine, bool is_unsure)
{
    book.is_cron_busy = false;
    if (op->kind == OP_CRON_LIST && is_fine) {
        read_jobs(answer);
    } else if (op->kind == OP_CRON_ADD && (is_fine || is_unsure)) {
        book.jobs[op->arg].number = op->version;
        book.jobs[op->arg].is_sure = is_fine;
        book.jobs[op->arg].id = is_fine ? number_at(answer, "result.id") : 0;
    } else if (op->kind == OP_CRON_REMOVE && is_fine) {
        book.jobs[op->arg].number = 0;
    } else if (op->kind == OP_CRON_REMOVE && is_unsure) {
        book.jobs[op->arg].is_sure = false;
    }
}

static void take_info(const char *answer)
{
    const unsigned uptime_s = number_at(answer, "result.uptime_s");
    const unsigned boots = number_at(answer, "result.boot.count");
    const uint64_t now_s = soak_now() / 1000;
    if (uptime_s > now_s || uptime_s + SOAK_ANSWER_MS / 1000 < now_s || boots < book.boots) {
        soak_fail("uptime %u s at %u s, start %u after %u", uptime_s, (unsigned)now_s, boots,
                  book.boots);
    }
    book.boots = boots;
}

static bool is_flash_bad(void)
{
    return book.is_flash_failing || fake_flash_is_cut();
}

static void take(op_t *op, const char *answer, bool is_fine, const char *error)
{
    switch (op->kind) {
    case OP_INFO:
        if (is_fine) {
            take_info(answer);
        }
        break;
    case OP_FILE_PUT:
    case OP_FILE_GET:
    case OP_FILE_REMOVE:
        take_file(op, answer, is_fine, error);
        break;
    case OP_CONFIG_SET:
    case OP_CONFIG_SAVE:
    case OP_CONFIG_GET:
        take_config(op, answer, is_fine);
        break;
    case OP_CRON_ADD:
    case OP_CRON_REMOVE:
    case OP_CRON_LIST:
        take_cron(op, answer, is_fine, answer[0] == '\0' || is_flash_bad());
        break;
    case OP_REBOOT:
        if (!is_fine && answer[0] != '\0') {
            soak.reboot_until_ms = 0;
        }
        break;
    case OP_PING:
    case OP_STATUS:
    case OP_CHIP:
    case OP_SEAL:
    case OP_PROVE:
    case OPS:
        break;
    }
}

// What may be refused although nothing is wrong with the flash.
static bool may_fail(const op_t *op, const char *error)
{
    const bool is_about_chip = op->kind == OP_CHIP || op->kind == OP_SEAL || op->kind == OP_PROVE;
    const bool is_about_file = op->kind == OP_FILE_GET || op->kind == OP_FILE_REMOVE;
    return is_about_chip || strcmp(error, "LP_E_BUSY") == 0 || is_flash_bad() ||
           (is_about_file && strcmp(error, "LP_E_NOT_FOUND") == 0);
}

void ledger_answer(op_t *op, const char *answer)
{
    char error[40];
    const bool is_fine = !is_error(answer, error, sizeof error);
    const uint64_t took = soak_now() - op->since_ms;
    book.slowest_ms = took > book.slowest_ms ? took : book.slowest_ms;
    if (took > SOAK_ANSWER_MS) {
        soak_fail("%s took %u ms", op->method, (unsigned)took);
    }
    if (!is_fine && !may_fail(op, error)) {
        soak_fail("%s %.100s: %.300s", op->method, op->params, answer);
    }
    book.done[op->kind] += is_fine;
    book.failed[op->kind] += !is_fine;
    soak_note("%s: %s", op->method, is_fine ? "fine" : error);
    take(op, answer, is_fine, error);
}

void ledger_lost(op_t *op)
{
    book.lost[op->kind]++;
    soak_note("%s: no answer", op->method);
    take(op, "", false, "");
}

void ledger_report(void)
{
    for (unsigned i = 0; i < OPS; i++) {
        print_message("  %-12s %6u fine, %5u refused, %4u without an answer\n", methods[i],
                      book.done[i], book.failed[i], book.lost[i]);
    }
    print_message("  the slowest answer took %u ms\n", (unsigned)book.slowest_ms);
}
