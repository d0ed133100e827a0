// SPDX-License-Identifier: Apache-2.0
// A command group from the input FIFO to a reply group in the output FIFO: count, CRC, watchdog,
// table of commands.
#include <string.h>

#include "internal.h"

typedef lp_cs_status_t handler_fn(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_reply_t *r);

// Times in units of 0.1 ms. 508: table 9-4 (L2968). 608: maxima at the three clock dividers from
// public sources; the typical times are not published and are taken as six tenths of the maximum,
// never under those of the 508.
typedef struct {
    uint8_t op;
    const char *name;
    handler_fn *handler;
    uint16_t typ_508;
    uint16_t max_508;
    uint16_t max_608[3];
} command_t;

static const command_t COMMANDS[] = {
    {OP_PAUSE, "Pause", lp_cs_pause, 1, 30, {0, 0, 0}},
    {OP_READ, "Read", lp_cs_read, 1, 10, {50, 50, 50}},
    {OP_MAC, "MAC", lp_cs_mac, 50, 140, {550, 550, 550}},
    {OP_HMAC, "HMAC", lp_cs_hmac_cmd, 130, 230, {0, 0, 0}},
    {OP_WRITE, "Write", lp_cs_write, 70, 260, {450, 450, 450}},
    {OP_GENDIG, "GenDig", lp_cs_gendig, 50, 110, {250, 350, 350}},
    {OP_NONCE, "Nonce", lp_cs_nonce, 1, 70, {200, 200, 200}},
    {OP_LOCK, "Lock", lp_cs_lock, 80, 320, {350, 350, 350}},
    {OP_RANDOM, "Random", lp_cs_random_cmd, 10, 230, {230, 230, 230}},
    {OP_DERIVEKEY, "DeriveKey", lp_cs_derivekey, 20, 500, {500, 500, 500}},
    {OP_UPDATEEXTRA, "UpdateExtra", lp_cs_updateextra, 80, 100, {100, 100, 100}},
    {OP_COUNTER, "Counter", lp_cs_counter, 50, 200, {250, 250, 250}},
    {OP_CHECKMAC, "CheckMac", lp_cs_checkmac, 50, 130, {400, 400, 400}},
    {OP_INFO, "Info", lp_cs_info, 1, 10, {50, 50, 50}},
    {OP_GENKEY, "GenKey", lp_cs_genkey, 110, 1150, {1150, 2150, 6530}},
    {OP_SIGN, "Sign", lp_cs_sign, 420, 500, {1150, 2200, 6650}},
    {OP_ECDH, "ECDH", lp_cs_ecdh, 380, 580, {750, 1720, 5310}},
    {OP_VERIFY, "Verify", lp_cs_verify, 380, 580, {1050, 2950, 10850}},
    {OP_PRIVWRITE, "PrivWrite", lp_cs_privwrite, 8, 480, {500, 500, 500}},
    {OP_SHA, "SHA", lp_cs_sha_cmd, 70, 90, {360, 420, 750}},
    {OP_AES, "AES", lp_cs_aes_cmd, 0, 0, {270, 270, 270}},
    {OP_KDF, "KDF", lp_cs_kdf, 0, 0, {1650, 1650, 1650}},
    {OP_SELFTEST, "SelfTest", lp_cs_selftest, 0, 0, {2500, 6250, 23240}},
    {OP_SECUREBOOT, "SecureBoot", lp_cs_secureboot, 0, 0, {800, 1600, 4800}},
};

enum { COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0], UNIT_US = 100, QUICK_US = 500 };

static const command_t *find(uint8_t op)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (COMMANDS[i].op == op) {
            return &COMMANDS[i];
        }
    }
    return NULL;
}

const char *lp_chipsim_command_name(uint8_t op)
{
    const command_t *cmd = find(op);
    return cmd != NULL ? cmd->name : NULL;
}

// Clock divider of a 608, ChipMode bits 7:3.
static unsigned divider(const lp_chipsim_t *c)
{
    switch (c->image.config[CFG_CHIP_MODE] >> 3) {
    case 0x05:
        return 1;
    case 0x0D:
        return 2;
    default:
        return 0;
    }
}

static bool exists(const lp_chipsim_t *c, const command_t *cmd)
{
    return lp_cs_is_608(c) ? cmd->max_608[0] != 0 : cmd->max_508 != 0;
}

uint32_t lp_cs_exec_max_us(const lp_chipsim_t *c, uint8_t op)
{
    const command_t *cmd = find(op);
    if (cmd == NULL || !exists(c, cmd)) {
        return QUICK_US;
    }
    return UNIT_US * (uint32_t)(lp_cs_is_608(c) ? cmd->max_608[divider(c)] : cmd->max_508);
}

static uint32_t typical_us(const lp_chipsim_t *c, uint8_t op)
{
    const command_t *cmd = find(op);
    if (cmd == NULL || !exists(c, cmd)) {
        return QUICK_US;
    }
    return lp_cs_is_608(c) ? lp_cs_exec_max_us(c, op) / 10 * 6 : UNIT_US * (uint32_t)cmd->typ_508;
}

// "Failing commands return relatively quickly"; limited use costs up to 50 ms more (L3040).
uint32_t lp_cs_exec_us(lp_chipsim_t *c, uint8_t op, uint8_t status)
{
    uint32_t typ = typical_us(c, op);
    uint32_t max = lp_cs_exec_max_us(c, op) + (c->counted ? 50000 : 0);
    if (status != ST_OK && status != ST_MISCOMPARE) {
        typ = typ < QUICK_US ? typ : QUICK_US;
    }
    if (status == ST_COMM || status == ST_PARSE || status == ST_WATCHDOG) {
        max = typ; // nothing was tried
    }
    uint32_t us = 0;
    switch (c->timing) {
    case LP_CHIPSIM_TIMING_TYPICAL:
        us = typ + (c->counted ? 5000 : 0);
        break;
    case LP_CHIPSIM_TIMING_MAX:
        us = max;
        break;
    case LP_CHIPSIM_TIMING_RANDOM:
        us = typ + (uint32_t)(lp_cs_roll(&c->dice) % (max > typ ? max - typ + 1 : 1));
        break;
    case LP_CHIPSIM_TIMING_INSTANT:
        return 0;
    }
    return (uint32_t)((uint64_t)us * (100 + c->slow_percent) / 100);
}

uint16_t lp_chipsim_crc(const uint8_t *bytes, size_t len)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            unsigned in = bytes[i] >> bit & 1u;
            unsigned top = crc >> 15;
            crc = (uint16_t)(crc << 1);
            if (in != top) {
                crc ^= 0x8005;
            }
        }
    }
    return crc;
}

static void put_group(lp_chipsim_t *c, const uint8_t *bytes, size_t len)
{
    c->out[0] = (uint8_t)(len + 3);
    memcpy(c->out + 1, bytes, len);
    uint16_t crc = lp_chipsim_crc(c->out, len + 1);
    c->out[len + 1] = (uint8_t)crc;
    c->out[len + 2] = (uint8_t)(crc >> 8);
    c->out_len = len + 3;
    c->out_pos = 0;
    c->was_read = false;
}

void lp_cs_put_status(lp_chipsim_t *c, uint8_t status)
{
    put_group(c, &status, 1);
}

// In the failure state only the configuration can be read and SelfTest run (T2273).
static bool failed_state_refuses(const lp_chipsim_t *c, const lp_cs_cmd_t *m)
{
    bool config_read = m->op == OP_READ && (m->p1 & 3) == 0;
    bool refused = c->v.selftest_failed != 0 && m->op != OP_SELFTEST && !config_read;
    return lp_cs_breaks(c, LP_RULE_SELFTEST_STATE, refused);
}

static lp_cs_status_t run(lp_chipsim_t *c, const lp_cs_cmd_t *m, lp_cs_reply_t *r)
{
    const command_t *cmd = find(m->op);
    if (cmd == NULL || !exists(c, cmd)) {
        return ST_PARSE;
    }
    if (failed_state_refuses(c, m)) {
        return ST_SELFTEST;
    }
    uint64_t left = c->watchdog_us - lp_cs_now(c);
    if (lp_cs_breaks(c, LP_RULE_WATCHDOG_NEAR, left < lp_cs_exec_max_us(c, m->op))) {
        return ST_WATCHDOG;
    }
    return cmd->handler(c, m, r);
}

static void finish(lp_chipsim_t *c, uint8_t op, uint8_t status, const lp_cs_reply_t *r)
{
    lp_cs_commit(c);
    if (c->power == PWR_OFF) {
        lp_cs_forget(c);
        return;
    }
    if (r->none) {
        return;
    }
    lp_cs_tk_after(c, op, status);
    if (status == ST_OK && r->len > 0) {
        put_group(c, r->bytes, r->len);
    } else {
        lp_cs_put_status(c, status);
    }
    c->busy_us = lp_cs_now(c) + lp_cs_exec_us(c, op, status);
    c->busy = true;
}

// A CRC or count error comes before any other, and nothing is parsed (L2915).
void lp_cs_execute(lp_chipsim_t *c)
{
    size_t count = c->in[0];
    lp_cs_reply_t r = {.len = 0};
    lp_cs_status_t status = ST_COMM;
    lp_cs_cmd_t m = {.op = 0};
    c->tk_used = false;
    c->tk_written = false;
    c->counted = false;
    c->auth_claim = c->v.auth_valid;
    c->auth_claim_key = c->v.auth_key;
    bool sound = count >= GROUP_MIN && count <= GROUP_MAX;
    if (sound) {
        uint16_t crc = (uint16_t)(c->in[count - 2] | c->in[count - 1] << 8);
        sound = !lp_cs_breaks(c, LP_RULE_CRC, lp_chipsim_crc(c->in, count - 2) != crc);
    }
    if (sound && count < COMMAND_MIN) {
        status = ST_PARSE;
    } else if (sound) {
        m = (lp_cs_cmd_t){.op = c->in[1],
                          .p1 = c->in[2],
                          .p2 = (uint16_t)(c->in[3] | c->in[4] << 8),
                          .data = c->in + 5,
                          .len = count - COMMAND_MIN};
        status = run(c, &m, &r);
    }
    finish(c, m.op, status, &r);
    lp_cs_wipe(c->in, sizeof c->in);
    c->in_len = 0;
    lp_cs_wipe(&r, sizeof r);
}
