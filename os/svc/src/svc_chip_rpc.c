// SPDX-License-Identifier: Apache-2.0
// The methods Chip.*. Each takes the turn, looks what is there, does its work, answers, gives the
// turn back.
#include <string.h>

#include "limpet/hex.h"
#include "limpet/log.h"
#include "svc_chip_internal.h"

#define LOG_MODULE "chip"

enum { DIFFERENCES_MAX = 24 }; // more are counted

// -- what is shown

static void put_hex(lp_json_writer_t *w, const char *key, const uint8_t *bytes, size_t len)
{
    lp_json_put_key(w, key);
    lp_json_put_hex(w, lp_span(bytes, len));
}

static void put_chip_members(lp_json_writer_t *w, const lp_atecc_id_t *id)
{
    lp_json_put_key(w, "addr");
    lp_json_put_uint(w, id->addr);
    lp_json_put_key(w, "part");
    lp_json_put_str(w, lp_atecc_part_name(id->part));
    put_hex(w, "revision", id->revision, sizeof id->revision);
    put_hex(w, "serial", id->serial, sizeof id->serial);
    lp_json_put_key(w, "lock");
    lp_json_put_object(w);
    lp_json_put_key(w, "config");
    lp_json_put_bool(w, id->is_config_locked);
    lp_json_put_key(w, "data");
    lp_json_put_bool(w, id->is_data_locked);
    lp_json_put_object_end(w);
    lp_json_put_key(w, "variant");
    lp_json_put_str(w, lp_atecc_variant_name(id->variant));
}

typedef struct {
    lp_json_writer_t *w;
    size_t count;
} differences_t;

static void put_difference(void *ctx, int slot, const char *text)
{
    (void)slot; // the text names it
    differences_t *d = ctx;
    if (d->count++ < DIFFERENCES_MAX) {
        lp_json_put_str(d->w, text);
    }
}

static void put_plan(lp_json_writer_t *w, const lp_svc_chip_t *svc)
{
    const lp_atecc_id_t *id = &svc->id_;
    const size_t count = lp_atecc_plan_diff(svc->s_.plan, id->part, id->config, NULL, NULL);
    lp_json_put_key(w, "plan");
    lp_json_put_object(w);
    lp_json_put_key(w, "name");
    lp_json_put_str(w, svc->s_.plan->name);
    lp_json_put_key(w, "state");
    lp_json_put_str(w, count == 0 ? "match" : id->is_config_locked ? "differs" : "open");
    lp_json_put_key(w, "differences");
    lp_json_put_array(w);
    differences_t d = {.w = w};
    (void)lp_atecc_plan_diff(svc->s_.plan, id->part, id->config, put_difference, &d);
    if (d.count > DIFFERENCES_MAX) {
        char more[32];
        (void)lp_fmt_str(more, sizeof more, "and %u more", (unsigned)(d.count - DIFFERENCES_MAX));
        lp_json_put_str(w, more);
    }
    lp_json_put_array_end(w);
    lp_json_put_object_end(w);
}

// -- the ends of a method

lp_rpc_req_t *lp_svc_chip_finish(lp_svc_chip_t *svc)
{
    lp_rpc_req_t *req = svc->rpc_req_;
    svc->rpc_req_ = NULL;
    lp_turn_give(svc->s_.turn, &svc->ticket_);
    return req;
}

void lp_svc_chip_fail(lp_svc_chip_t *svc, lp_err_t err, const char *what)
{
    lp_rpc_fail(lp_svc_chip_finish(svc), err, "%s (%s)", what, lp_err_text(err));
}

static void answer_scan(lp_svc_chip_t *svc, lp_err_t err)
{
    if (err != LP_OK && err != LP_E_CHIP_MISSING) {
        lp_svc_chip_fail(svc, err, "the I2C bus cannot be searched");
        return;
    }
    lp_rpc_req_t *req = lp_svc_chip_finish(svc);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "bus");
    lp_json_put_object(w);
    lp_json_put_key(w, "name");
    lp_json_put_str(w, svc->s_.bus_name);
    lp_json_put_key(w, "lines"); // this bus cannot look at its wires
    lp_json_put_null(w);
    lp_json_put_object_end(w);
    lp_json_put_key(w, "tried");
    lp_json_put_array(w);
    for (size_t i = 0; svc->s_.bus != NULL && i < lp_atecc_scan_addrs_len; i++) {
        lp_json_put_uint(w, lp_atecc_scan_addrs[i]);
    }
    lp_json_put_array_end(w);
    lp_json_put_key(w, "chips");
    lp_json_put_array(w);
    for (size_t i = 0; i < svc->found_len_; i++) {
        lp_json_put_object(w);
        put_chip_members(w, &svc->found_[i]);
        lp_json_put_object_end(w);
    }
    lp_json_put_array_end(w);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

void lp_svc_chip_put_bus(const lp_svc_chip_t *svc, lp_json_writer_t *w)
{
    const lp_svc_chip_guard_t *guard = svc->s_.guard;
    lp_json_put_key(w, "bus");
    lp_json_put_str(w, lp_key_seal_name(lp_keychip_seal_state(&svc->keychip_)));
    lp_json_put_key(w, "can_bind");
    lp_json_put_bool(w, guard != NULL && guard->can_bind(guard, &svc->id_));
}

static void answer_info(lp_svc_chip_t *svc)
{
    lp_rpc_req_t *req = lp_svc_chip_finish(svc);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    put_chip_members(w, &svc->id_);
    put_plan(w, svc);
    lp_svc_chip_put_bus(svc, w);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static void answer_locked(lp_svc_chip_t *svc, const char *zone)
{
    lp_rpc_req_t *req = lp_svc_chip_finish(svc);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "zone");
    lp_json_put_str(w, zone);
    lp_json_put_key(w, "is_locked");
    lp_json_put_bool(w, true);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

// -- Chip.Configure

static void on_configured(void *ctx, lp_err_t err)
{
    lp_svc_chip_t *svc = ctx;
    if (err == LP_E_STATE) {
        lp_svc_chip_fail(
            svc, err,
            "the chip is locked with another configuration; Chip.Info lists what differs");
        return;
    }
    if (err != LP_OK) {
        lp_svc_chip_fail(svc, err,
                         err == LP_E_VERIFY
                             ? "written, but not read back the same; nothing is locked"
                             : "the slot plan could not be written");
        return;
    }
    svc->id_ = svc->op_.id;
    char crc[5];
    (void)lp_fmt_str(crc, sizeof crc, "%04x", lp_atecc_config_crc(svc->id_.config));
    lp_rpc_req_t *req = lp_svc_chip_finish(svc);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    put_hex(w, "config", svc->id_.config, sizeof svc->id_.config);
    lp_json_put_key(w, "crc");
    lp_json_put_str(w, crc);
    lp_json_put_key(w, "is_equal");
    lp_json_put_bool(w, true);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static void configure(lp_svc_chip_t *svc)
{
    const lp_err_t err =
        lp_atecc_plan_write(&svc->chip_, &svc->op_, svc->s_.plan, NULL, NULL, on_configured, svc);
    if (err != LP_OK) {
        lp_svc_chip_fail(svc, err, "the slot plan could not be written");
    }
}

// -- Chip.Lock

static void on_config_locked(void *ctx, lp_err_t err)
{
    lp_svc_chip_t *svc = ctx;
    if (err != LP_OK) {
        lp_svc_chip_fail(svc, err, "the configuration was not locked");
        return;
    }
    LP_LOGI("configuration locked for ever, CRC matched");
    answer_locked(svc, "config");
}

// The chip was just read again and compared: only now there is a token, and only if it was equal.
static void on_checked_for_lock(void *ctx, lp_err_t err)
{
    lp_svc_chip_t *svc = ctx;
    if (err == LP_E_VERIFY) {
        lp_svc_chip_fail(svc, LP_E_STATE,
                         "nothing was locked: the chip's configuration is not the plan; "
                         "Chip.Configure writes it");
        return;
    }
    if (err == LP_OK && svc->op_.token.crc != svc->crc_) {
        lp_svc_chip_fail(svc, LP_E_CRC,
                         "nothing was locked: crc is not the one of the chip's configuration");
        return;
    }
    svc->token_ = svc->op_.token;
    if (err == LP_OK) {
        err = lp_atecc_lock_config(&svc->chip_, &svc->op_, &svc->token_, on_config_locked, svc);
    }
    if (err != LP_OK) {
        lp_svc_chip_fail(svc, err, "nothing was locked");
    }
}

static void lock_config(lp_svc_chip_t *svc)
{
    const lp_err_t err = lp_atecc_plan_check(&svc->chip_, &svc->op_, svc->s_.plan, NULL, NULL,
                                             on_checked_for_lock, svc);
    if (err != LP_OK) {
        lp_svc_chip_fail(svc, err, "nothing was locked");
    }
}

static void on_data_locked(void *ctx, lp_err_t err)
{
    lp_svc_chip_t *svc = ctx;
    if (err != LP_OK) {
        lp_svc_chip_fail(svc, err, "the data zone was not locked");
        return;
    }
    LP_LOGI("data zone locked for ever");
    answer_locked(svc, "data");
}

static void on_filled(void *ctx, lp_err_t err)
{
    lp_svc_chip_t *svc = ctx;
    if (err == LP_E_STATE || err == LP_E_VERIFY) {
        lp_svc_chip_fail(svc, LP_E_STATE,
                         "nothing was locked: first lock a configuration that is the plan's");
        return;
    }
    svc->token_ = svc->op_.token;
    if (err == LP_OK) {
        err = lp_atecc_lock_data(&svc->chip_, &svc->op_, &svc->token_, on_data_locked, svc);
    }
    if (err != LP_OK) {
        lp_svc_chip_fail(svc, err, "the data zone was not locked");
    }
}

static void lock_data(lp_svc_chip_t *svc)
{
    if (svc->id_.is_data_locked && svc->id_.variant == LP_ATECC_LIMPET) {
        answer_locked(svc, "data");
        return;
    }
    const lp_err_t err =
        lp_atecc_plan_fill(&svc->chip_, &svc->op_, svc->s_.plan, NULL, 0, on_filled, svc);
    if (err != LP_OK) {
        lp_svc_chip_fail(svc, err, "the data zone was not locked");
    }
}

static void on_trust_loaded(void *ctx, lp_err_t err)
{
    lp_svc_chip_t *svc = ctx;
    if (err != LP_OK) {
        lp_svc_chip_fail(svc, err, "the chip brought no certificate along");
        return;
    }
    lp_rpc_req_t *req = lp_svc_chip_finish(svc);
    err = lp_svc_chip_put_certificates(svc, req);
    if (err != LP_OK) {
        lp_rpc_fail(req, err, "the chip's certificate is of a chain that is not known (%s)",
                    lp_err_text(err));
        return;
    }
    lp_rpc_done(req);
}

static void load_certificates(lp_svc_chip_t *svc)
{
    const lp_err_t err =
        lp_atecc_trust_load(&svc->chip_, &svc->req_, &svc->trust_, on_trust_loaded, svc);
    if (err != LP_OK) {
        lp_svc_chip_fail(svc, err, "the chip's certificate cannot be read");
    }
}

// -- the way in

static void on_looked(void *ctx, lp_err_t err)
{
    lp_svc_chip_t *svc = ctx;
    const bool needs_consent = svc->job_ != LP_SVC_CHIP_SCAN && svc->job_ != LP_SVC_CHIP_INFO &&
                               svc->job_ != LP_SVC_CHIP_CERTIFICATE;
    if (svc->job_ == LP_SVC_CHIP_SCAN) {
        answer_scan(svc, err);
        return;
    }
    if (err != LP_OK) {
        lp_svc_chip_fail(svc, err, "no chip can be used");
        return;
    }
    if (needs_consent && !lp_svc_chip_is_serial(svc, svc->confirm_)) {
        lp_svc_chip_fail(svc, LP_E_DENIED,
                         "confirm must be the serial number of this chip; nothing was done");
        return;
    }
    switch ((lp_svc_chip_job_t)svc->job_) {
    case LP_SVC_CHIP_SCAN:
        break;
    case LP_SVC_CHIP_INFO:
        answer_info(svc);
        break;
    case LP_SVC_CHIP_CONFIGURE:
        configure(svc);
        break;
    case LP_SVC_CHIP_LOCK_CONFIG:
        lock_config(svc);
        break;
    case LP_SVC_CHIP_LOCK_DATA:
        lock_data(svc);
        break;
    case LP_SVC_CHIP_CERTIFICATE:
        load_certificates(svc);
        break;
    case LP_SVC_CHIP_BIND:
        svc->s_.guard->bind(svc->s_.guard, &svc->id_, &svc->keychip_);
        break;
    }
}

static void on_turn(void *ctx)
{
    lp_svc_chip_t *svc = ctx;
    const lp_err_t err = svc->job_ == LP_SVC_CHIP_SCAN ? lp_svc_chip_scan(svc, on_looked, svc)
                                                       : lp_svc_chip_check(svc, on_looked, svc);
    if (err != LP_OK) {
        lp_svc_chip_fail(svc, err, "the chip cannot be looked at");
    }
}

void lp_svc_chip_start(lp_svc_chip_t *svc, lp_rpc_req_t *req, lp_svc_chip_job_t job)
{
    if (svc->rpc_req_ != NULL) {
        lp_rpc_fail(req, LP_E_BUSY, "another Chip method is under way");
        return;
    }
    svc->job_ = (uint8_t)job;
    svc->confirm_[0] = '\0';
    (void)lp_rpc_param_str(req, "confirm", svc->confirm_, sizeof svc->confirm_);
    svc->rpc_req_ = req;
    lp_turn_take(svc->s_.turn, &svc->ticket_, on_turn, svc);
}

static void rpc_scan(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_chip_start(ctx, req, LP_SVC_CHIP_SCAN);
}

static void rpc_info(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_chip_start(ctx, req, LP_SVC_CHIP_INFO);
}

static void rpc_certificate(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_chip_start(ctx, req, LP_SVC_CHIP_CERTIFICATE);
}

static void rpc_configure(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_chip_start(ctx, req, LP_SVC_CHIP_CONFIGURE);
}

// The checksum as Chip.Configure gave it: four hex digits, or a number.
static bool read_crc(const lp_rpc_req_t *req, uint16_t *crc)
{
    char text[8];
    lp_json_t value;
    uint32_t number = 0;
    if (lp_rpc_param(req, "crc", &value) != LP_OK) {
        return false;
    }
    if (lp_json_type(value) == LP_JSON_NUMBER) {
        const bool is_ok = lp_json_u32(value, UINT16_MAX, &number) == LP_OK;
        *crc = (uint16_t)number;
        return is_ok;
    }
    if (lp_json_cstr(value, text, sizeof text) != LP_OK || strlen(text) != 4) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        const int digit = lp_hex_digit((uint8_t)text[i]);
        if (digit < 0) {
            return false;
        }
        number = number << 4 | (uint32_t)digit;
    }
    *crc = (uint16_t)number;
    return true;
}

static void rpc_lock(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_chip_t *svc = ctx;
    char zone[8] = "";
    uint16_t crc = 0;
    (void)lp_rpc_param_str(req, "zone", zone, sizeof zone);
    const bool is_config = strcmp(zone, "config") == 0;
    if (!is_config && strcmp(zone, "data") != 0) {
        lp_rpc_fail(req, LP_E_INVALID, "zone: config or data; nothing was done");
        return;
    }
    if (is_config && !read_crc(req, &crc)) {
        lp_rpc_fail(req, LP_E_INVALID,
                    "crc: the four hex digits that Chip.Configure answered are "
                    "needed; nothing was done");
        return;
    }
    if (svc->rpc_req_ == NULL) {
        svc->crc_ = crc;
    }
    lp_svc_chip_start(svc, req, is_config ? LP_SVC_CHIP_LOCK_CONFIG : LP_SVC_CHIP_LOCK_DATA);
}

static const lp_rpc_method_t methods[] = {
    {"Chip.Scan", LP_RPC_READ, rpc_scan, "", "{bus: {name, lines}, tried: [addr], chips: [chip]}"},
    {"Chip.Info", LP_RPC_READ, rpc_info, "",
     "chip and {plan: {name, state, differences: [words]}, bus, can_bind}"},
    {"Chip.Certificate", LP_RPC_READ, rpc_certificate, "", "{certificate: PEM, signer: PEM}"},
    {"Chip.Configure", LP_RPC_CHIP, rpc_configure, "confirm: serial",
     "{config: hex, crc: 4 hex digits, is_equal}"},
    {"Chip.Lock", LP_RPC_CHIP, rpc_lock, "zone: config or data, crc (config), confirm: serial",
     "{zone, is_locked}"},
};

void lp_svc_chip_add_methods(lp_svc_chip_t *svc)
{
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_rpc_add(svc->s_.rpc, &svc->set_);
}
