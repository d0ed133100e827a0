// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_crash.h"

#include <string.h>

#include "limpet/endian.h"
#include "limpet/log.h"
#include "limpet/settings.h"

#define LOG_MODULE "crash"
#define STORE_KEY  "crash.dump"

enum { STORED, RETAINED, PLACES, ID_MAX = 64 };

static const char *core_name(unsigned core)
{
    static const char *const names[] = {
        [LP_CRASH_X86_64] = "x86-64", [LP_CRASH_ARMV7M] = "armv7m", [LP_CRASH_LX106] = "lx106"};
    return core < sizeof names / sizeof names[0] && names[core] != NULL ? names[core] : "unknown";
}

static const char *reason_name(const uint8_t *dump)
{
    const char *name = lp_crash_reason_name(dump[9]);
    return name != NULL ? name : "unknown";
}

static lp_span_t retained(void)
{
    size_t bytes = 0;
    const uint8_t *area = lp_port_crash_area(&bytes);
    return lp_crash_kept(area, bytes);
}

// The dump at `place`, in svc->dump_ or in the retained memory; empty: there is none.
static lp_span_t dump_at(lp_svc_crash_t *svc, unsigned place)
{
    if (place == RETAINED) {
        return retained();
    }
    lp_buf_t out = lp_buf(svc->dump_, sizeof svc->dump_);
    const bool is_there = lp_store_get(svc->store_, STORE_KEY, &out) == LP_OK &&
                          lp_crash_is_dump(lp_span(out.ptr, out.len));
    return lp_span(out.ptr, is_there ? out.len : 0);
}

// -- after a restart

static void say(lp_span_t dump, const char *where)
{
    const uint32_t pc = lp_get_le32(dump.ptr + LP_CRASH_HEAD) - lp_get_le32(dump.ptr + 24);
    LP_LOGE("%s before this start, at %x, %s; limpet crash shows where", reason_name(dump.ptr),
            (unsigned)pc, where);
}

// Only what is on the flash for sure is taken out of the memory.
static void bring_to_safety(lp_svc_crash_t *svc)
{
    size_t bytes = 0;
    uint8_t *area = lp_port_crash_area(&bytes);
    const lp_span_t fresh = lp_crash_kept(area, bytes);
    if (fresh.len == 0) {
        return;
    }
    if (dump_at(svc, STORED).len > 0) {
        say(fresh, "kept until the power goes, since an earlier one was not cleared");
        return;
    }
    const lp_store_item_t item = {.key = STORE_KEY, .value = fresh};
    const lp_err_t err = lp_store_put(svc->store_, &item, 1);
    if (err != LP_OK) {
        LP_LOGE("a dump could not be written to flash (%s)", lp_err_text(err));
        return;
    }
    say(fresh, "kept");
    lp_crash_forget(area, bytes);
}

// -- Crash.*

static void put_str(lp_json_writer_t *w, const char *key, const char *value)
{
    lp_json_put_key(w, key);
    lp_json_put_str(w, value);
}

static void put_uint(lp_json_writer_t *w, const char *key, uint64_t value)
{
    lp_json_put_key(w, key);
    lp_json_put_uint(w, value);
}

static void put_dump(lp_json_writer_t *w, lp_span_t dump, unsigned place)
{
    size_t id_len = 0;
    const uint8_t *d = dump.ptr;
    const uint8_t *id = lp_port_build_id(&id_len);
    const size_t dump_id_len = d[44] <= LP_CRASH_BUILD_ID_MAX ? d[44] : 0;
    char app[LP_CRASH_APP_MAX + 1] = "";
    memcpy(app, d + 68, LP_CRASH_APP_MAX);
    lp_json_put_object(w);
    put_uint(w, "index", place);
    put_str(w, "reason", reason_name(d));
    put_str(w, "core", core_name(d[8]));
    put_str(w, "app", app);
    lp_json_put_key(w, "build_id");
    lp_json_put_hex(w, lp_span(d + 45, dump_id_len));
    lp_json_put_key(w, "is_this_build");
    lp_json_put_bool(w, id_len > 0 && id_len == dump_id_len && memcmp(id, d + 45, id_len) == 0);
    put_uint(w, "boot", lp_get_le32(d + 40));
    put_uint(w, "uptime_ms", lp_get_le64(d + 32));
    put_uint(w, "size", dump.len);
    lp_json_put_object_end(w);
}

static void crash_info(void *ctx, lp_rpc_req_t *req)
{
    size_t bytes = 0;
    const uint8_t *area = lp_port_crash_area(&bytes);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "crashes");
    lp_json_put_array(w);
    for (unsigned place = 0; place < PLACES; place++) {
        const lp_span_t dump = dump_at(ctx, place);
        if (dump.len > 0) {
            put_dump(w, dump, place);
        }
    }
    lp_json_put_array_end(w);
    put_uint(w, "missed", lp_crash_missed(area, bytes));
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static bool take_number(lp_rpc_req_t *req, const char *key, uint32_t max, uint32_t *number)
{
    lp_json_t value;
    const lp_err_t err = lp_rpc_param(req, key, &value);
    *number = 0;
    if (err != LP_E_NOT_FOUND && (err != LP_OK || lp_json_u32(value, max, number) != LP_OK)) {
        lp_rpc_fail(req, LP_E_RANGE, "%s: a whole number, 0..%u", key, (unsigned)max);
        return false;
    }
    return true;
}

static void crash_read(void *ctx, lp_rpc_req_t *req)
{
    uint32_t place, offset;
    uint8_t text[LP_BASE64_LEN(LP_SVC_CRASH_PART_MAX)];
    lp_buf_t out = lp_buf(text, sizeof text);
    if (!take_number(req, "index", PLACES - 1, &place) ||
        !take_number(req, "offset", LP_SVC_CRASH_DUMP_MAX, &offset)) {
        return;
    }
    const lp_span_t dump = dump_at(ctx, place);
    if (dump.len == 0) {
        lp_rpc_fail(req, LP_E_NOT_FOUND, "there is no such dump; Crash.Info lists them");
        return;
    }
    offset = offset < dump.len ? offset : (uint32_t)dump.len;
    const size_t left = dump.len - offset;
    const size_t part = left < LP_SVC_CRASH_PART_MAX ? left : LP_SVC_CRASH_PART_MAX;
    (void)lp_base64_encode(&out, lp_span(dump.ptr + offset, part));
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "data");
    lp_json_put_span(w, lp_span(out.ptr, out.len));
    put_uint(w, "left", left - part);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static void crash_clear(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_crash_t *svc = ctx;
    char confirm[ID_MAX] = "";
    const char *id = lp_setting_device_id(svc->config_);
    size_t bytes = 0;
    uint8_t *area = lp_port_crash_area(&bytes);
    (void)lp_rpc_param_str(req, "confirm", confirm, sizeof confirm);
    if (strcmp(confirm, id) != 0) {
        lp_rpc_fail(req, LP_E_DENIED,
                    "confirm: the board's id is needed (%s); the dumps are gone then", id);
        return;
    }
    const lp_store_item_t item = {.key = STORE_KEY, .is_removal = true};
    const lp_err_t err = lp_store_put(svc->store_, &item, 1);
    if (err != LP_OK) {
        lp_rpc_fail(req, err, "the dump could not be removed from flash (%s)", lp_err_text(err));
        return;
    }
    lp_crash_forget(area, bytes);
    lp_rpc_ok(req);
}

static const lp_rpc_method_t methods[] = {
    {"Crash.Info", LP_RPC_READ, crash_info, "",
     "{crashes: [{index, reason, core, app, build_id, is_this_build, boot, uptime_ms, size}...], "
     "missed}"},
    {"Crash.Read", LP_RPC_READ, crash_read, "index [0], offset [0]", "{data: base64, left}"},
    {"Crash.Clear", LP_RPC_WRITE, crash_clear, "confirm: the board's id", "{}"},
};

void lp_svc_crash_init(lp_svc_crash_t *svc, lp_rpc_t *rpc, lp_store_t *store,
                       const lp_config_t *config)
{
    svc->store_ = store;
    svc->config_ = config;
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    bring_to_safety(svc);
    lp_rpc_add(rpc, &svc->set_);
}
