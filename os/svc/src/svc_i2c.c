// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_i2c.h"

#include <string.h>

#include "limpet/hex.h"
#include "limpet/rpc_take.h"

enum { FIRST_ADDR = 0x08, LAST_ADDR = 0x77 };

// -- what may be spoken to

static bool is_chip(const lp_svc_i2c_t *svc, uint32_t addr)
{
    const lp_atecc_id_t *id = lp_svc_chip_id(svc->s_.chip);
    for (size_t i = 0; i < lp_atecc_scan_addrs_len; i++) {
        if (lp_atecc_scan_addrs[i] == addr) {
            return true;
        }
    }
    return id != NULL && id->addr == addr;
}

static bool take_addr(const lp_svc_i2c_t *svc, lp_rpc_req_t *req, uint8_t *addr)
{
    uint32_t value = 0;
    if (!lp_rpc_take_u32(req, "addr", LAST_ADDR, &value)) {
        return false;
    }
    if (value < FIRST_ADDR) {
        lp_rpc_fail(req, LP_E_RANGE, "addr: 7 bits, 8..119; the others are reserved");
        return false;
    }
    if (is_chip(svc, value)) {
        lp_rpc_fail(req, LP_E_DENIED,
                    "addr: the crypto chip is spoken to by Chip.* and Identity.* alone");
        return false;
    }
    *addr = (uint8_t)value;
    return true;
}

static bool is_free(lp_svc_i2c_t *svc, lp_rpc_req_t *req)
{
    if (svc->s_.bus == NULL) {
        lp_rpc_fail(req, LP_E_STATE, "this board has no I2C bus");
        return false;
    }
    if (svc->req_ != NULL) {
        lp_rpc_fail(req, LP_E_BUSY, "another request uses the bus");
        return false;
    }
    return true;
}

// -- how it ends

static void put_value(lp_svc_i2c_t *svc, lp_json_writer_t *w)
{
    if (svc->is_hex_) {
        lp_json_put_key(w, "data_hex");
        lp_json_put_hex(w, lp_span(svc->rx_, svc->rx_len_));
        return;
    }
    lp_json_put_key(w, "value");
    lp_json_put_uint(w, svc->rx_len_ == 2 ? (uint32_t)svc->rx_[0] << 8 | svc->rx_[1] : svc->rx_[0]);
}

static void on_done(void *ctx, lp_err_t err)
{
    lp_svc_i2c_t *svc = ctx;
    lp_rpc_req_t *req = svc->req_;
    svc->req_ = NULL;
    if (err != LP_OK) {
        lp_rpc_fail(req, err, NULL);
        return;
    }
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    if (svc->rx_len_ > 0) {
        put_value(svc, w);
    }
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static void start(lp_svc_i2c_t *svc, lp_rpc_req_t *req, uint8_t addr, lp_span_t tx, size_t rx_len)
{
    const lp_i2c_seq_step_t step = {
        .addr = addr, .tx = tx, .rx = svc->rx_, .rx_len = rx_len, .done = on_done, .ctx = svc};
    svc->rx_len_ = (uint8_t)rx_len;
    const lp_err_t err = lp_i2c_seq_start(&svc->seq_, &step);
    if (err != LP_OK) {
        lp_rpc_fail(req, err, NULL);
        return;
    }
    svc->req_ = req;
}

// -- bytes

static void rpc_read(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_i2c_t *svc = ctx;
    uint8_t addr = 0;
    uint32_t len = 0;
    if (!is_free(svc, req) || !take_addr(svc, req, &addr) ||
        !lp_rpc_take_u32(req, "len", LP_SVC_I2C_LEN_MAX, &len)) {
        return;
    }
    if (len == 0) {
        lp_rpc_fail(req, LP_E_INVALID, "len: at least 1");
        return;
    }
    svc->is_hex_ = true;
    start(svc, req, addr, lp_span(NULL, 0), len);
}

static void rpc_write(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_i2c_t *svc = ctx;
    char digits[2 * LP_I2C_SEQ_TX_MAX + 1];
    uint8_t bytes[LP_I2C_SEQ_TX_MAX];
    uint8_t addr = 0;
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    if (!is_free(svc, req) || !take_addr(svc, req, &addr)) {
        return;
    }
    if (lp_rpc_param_str(req, "data_hex", digits, sizeof digits) != LP_OK ||
        lp_hex_decode(&out, lp_span_str(digits)) != LP_OK || out.len == 0) {
        lp_rpc_fail(req, LP_E_INVALID, "data_hex: 1 to %d bytes as hex digits", LP_I2C_SEQ_TX_MAX);
        return;
    }
    start(svc, req, addr, lp_buf_span(&out), 0);
}

// -- registers of one and of two bytes

static void read_register(lp_svc_i2c_t *svc, lp_rpc_req_t *req, size_t len)
{
    uint8_t addr = 0;
    uint32_t reg = 0;
    if (!is_free(svc, req) || !take_addr(svc, req, &addr) ||
        !lp_rpc_take_u32(req, "reg", 255, &reg)) {
        return;
    }
    const uint8_t byte = (uint8_t)reg;
    svc->is_hex_ = false;
    start(svc, req, addr, lp_span(&byte, 1), len);
}

static void write_register(lp_svc_i2c_t *svc, lp_rpc_req_t *req, size_t len)
{
    uint8_t addr = 0;
    uint32_t reg = 0;
    uint32_t value = 0;
    if (!is_free(svc, req) || !take_addr(svc, req, &addr) ||
        !lp_rpc_take_u32(req, "reg", 255, &reg) ||
        !lp_rpc_take_u32(req, "value", len == 1 ? 255 : 65535, &value)) {
        return;
    }
    const uint8_t wide[] = {(uint8_t)reg, (uint8_t)(value >> 8), (uint8_t)value};
    const uint8_t narrow[] = {(uint8_t)reg, (uint8_t)value};
    start(svc, req, addr, len == 1 ? lp_span(narrow, sizeof narrow) : lp_span(wide, sizeof wide),
          0);
}

static void rpc_read_reg_b(void *ctx, lp_rpc_req_t *req)
{
    read_register(ctx, req, 1);
}

static void rpc_read_reg_w(void *ctx, lp_rpc_req_t *req)
{
    read_register(ctx, req, 2);
}

static void rpc_write_reg_b(void *ctx, lp_rpc_req_t *req)
{
    write_register(ctx, req, 1);
}

static void rpc_write_reg_w(void *ctx, lp_rpc_req_t *req)
{
    write_register(ctx, req, 2);
}

// -- who is there

static void answer_scan(lp_svc_i2c_t *svc)
{
    lp_rpc_req_t *req = svc->req_;
    svc->req_ = NULL;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_array(w);
    for (unsigned addr = FIRST_ADDR; addr <= LAST_ADDR; addr++) {
        if ((svc->found_[addr / 8] >> addr % 8 & 1u) != 0) {
            lp_json_put_uint(w, addr);
        }
    }
    lp_json_put_array_end(w);
    lp_rpc_done(req);
}

static lp_err_t probe(lp_svc_i2c_t *svc);

static void on_probe(void *ctx, lp_err_t err)
{
    lp_svc_i2c_t *svc = ctx;
    if (err == LP_OK) {
        svc->found_[svc->at_ / 8] |= (uint8_t)(1u << svc->at_ % 8);
    } else if (err != LP_E_I2C_NACK) {
        on_done(svc, err);
        return;
    }
    if (svc->at_ == LAST_ADDR) {
        answer_scan(svc);
        return;
    }
    svc->at_++;
    const lp_err_t next = probe(svc);
    if (next != LP_OK) {
        on_done(svc, next);
    }
}

static lp_err_t probe(lp_svc_i2c_t *svc)
{
    svc->probe_ =
        (lp_i2c_xfer_t){.op = LP_I2C_WRITE, .addr = svc->at_, .done = on_probe, .ctx = svc};
    return lp_i2c_start(svc->s_.bus, &svc->probe_);
}

static void rpc_scan(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_i2c_t *svc = ctx;
    if (!is_free(svc, req)) {
        return;
    }
    memset(svc->found_, 0, sizeof svc->found_);
    svc->at_ = FIRST_ADDR;
    const lp_err_t err = probe(svc);
    if (err != LP_OK) {
        lp_rpc_fail(req, err, NULL);
        return;
    }
    svc->req_ = req;
}

static const lp_rpc_method_t methods[] = {
    {"I2C.Scan", LP_RPC_READ, rpc_scan, "", "[addr]"},
    {"I2C.Read", LP_RPC_WRITE, rpc_read, "{addr, len}", "{data_hex}"},
    {"I2C.Write", LP_RPC_WRITE, rpc_write, "{addr, data_hex}", "{}"},
    {"I2C.ReadRegB", LP_RPC_WRITE, rpc_read_reg_b, "{addr, reg}", "{value}"},
    {"I2C.ReadRegW", LP_RPC_WRITE, rpc_read_reg_w, "{addr, reg}", "{value}"},
    {"I2C.WriteRegB", LP_RPC_WRITE, rpc_write_reg_b, "{addr, reg, value}", "{}"},
    {"I2C.WriteRegW", LP_RPC_WRITE, rpc_write_reg_w, "{addr, reg, value}", "{}"},
};

void lp_svc_i2c_init(lp_svc_i2c_t *svc, const lp_svc_i2c_setup_t *setup)
{
    *svc = (lp_svc_i2c_t){.s_ = *setup};
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_i2c_seq_init(&svc->seq_, setup->loop, setup->bus);
    lp_rpc_add(setup->rpc, &svc->set_);
}
