// SPDX-License-Identifier: Apache-2.0
// Byte strings that the commands hash, put together piece by piece in the order of the sheets'
// tables.
#include <assert.h>
#include <string.h>

#include "internal.h"

void lp_cs_add(lp_cs_msg_t *m, const void *bytes, size_t len)
{
    assert(len <= sizeof m->bytes - m->len);
    memcpy(m->bytes + m->len, bytes, len);
    m->len += len;
}

void lp_cs_add_byte(lp_cs_msg_t *m, uint8_t byte)
{
    lp_cs_add(m, &byte, 1);
}

void lp_cs_add_zeros(lp_cs_msg_t *m, size_t len)
{
    assert(len <= sizeof m->bytes - m->len);
    memset(m->bytes + m->len, 0, len);
    m->len += len;
}

void lp_cs_add_sn(lp_cs_msg_t *m, const lp_chipsim_t *c, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        lp_cs_add_byte(m, c->image.config[i < 4 ? CFG_SN0 + i : CFG_SN4 + i - 4]);
    }
}

void lp_cs_add_header(lp_cs_msg_t *m, const lp_cs_cmd_t *cmd)
{
    lp_cs_add_byte(m, cmd->op);
    lp_cs_add_byte(m, cmd->p1);
    lp_cs_add_byte(m, (uint8_t)cmd->p2);
    lp_cs_add_byte(m, (uint8_t)(cmd->p2 >> 8));
}

void lp_cs_add_header_sn(lp_cs_msg_t *m, const lp_chipsim_t *c, const lp_cs_cmd_t *cmd,
                         size_t zeros)
{
    lp_cs_add_header(m, cmd);
    lp_cs_add_sn(m, c, 8, 1);
    lp_cs_add_sn(m, c, 0, 2);
    lp_cs_add_zeros(m, zeros);
}

void lp_cs_add_mac_tail(lp_cs_msg_t *m, const lp_chipsim_t *c, const lp_cs_cmd_t *cmd)
{
    bool with_sn = (cmd->p1 & 0x40) != 0;
    lp_cs_add_header(m, cmd);
    lp_cs_add_zeros(m, 11); // where the ATSHA204A has OTP bytes (L4075)
    lp_cs_add_sn(m, c, 8, 1);
    with_sn ? lp_cs_add_sn(m, c, 4, 4) : lp_cs_add_zeros(m, 4);
    lp_cs_add_sn(m, c, 0, 2);
    with_sn ? lp_cs_add_sn(m, c, 2, 2) : lp_cs_add_zeros(m, 2);
}

void lp_cs_msg_hash(lp_cs_msg_t *m, uint8_t out[32])
{
    lp_cs_sha(m->bytes, m->len, out);
    lp_cs_wipe(m, sizeof *m);
}
