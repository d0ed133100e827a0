// SPDX-License-Identifier: Apache-2.0
#include "seal_rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "limpet/tls.h"

static _Alignas(16) uint8_t tls_arena[96 * 1024];
static _Alignas(16) uint8_t tls_stack[192 * 1024];

void seal_rig_board(seal_rig_t *rig, lp_chipsim_model_t model, bool is_provisioned)
{
    fake_system_reset();
    fake_flash_reset((lp_flash_geometry_t){RIG_FLASH_BYTES, 4096, 4});
    rig->world = world_new(model);
    assert_true(!is_provisioned || world_provision(rig->world) == LP_OK);
}

void seal_rig_start(seal_rig_t *rig)
{
    device_t *dev = &rig->dev;
    fake_flash_power_on();
    device_start(dev, rig->world, true, NULL);
    const lp_files_config_t f = {.offset = RIG_STORE_BYTES,
                                 .size_bytes = RIG_FLASH_BYTES - RIG_STORE_BYTES,
                                 .max_file_bytes = 8192,
                                 .max_files = 10,
                                 .store = &dev->store};
    assert_int_equal(lp_files_open(&rig->files, &f), LP_OK);
    const lp_svc_seal_setup_t s = {.loop = dev->loop,
                                   .rpc = &dev->rpc,
                                   .config = &dev->config,
                                   .store = &dev->store,
                                   .files = &rig->files,
                                   .chip = &dev->chip,
                                   .turn = &dev->turn};
    lp_svc_seal_init(&rig->seal, &s);
}

void seal_rig_start_tls(seal_rig_t *rig)
{
    const lp_tls_setup_t tls = {.loop = &rig->world->loop,
                                .keys = &rig->dev.keys,
                                .arena = tls_arena,
                                .arena_bytes = sizeof tls_arena,
                                .stack = tls_stack,
                                .stack_bytes = sizeof tls_stack};
    assert_int_equal(lp_tls_init(&tls), LP_OK);
}

void seal_rig_drop(seal_rig_t *rig)
{
    assert_int_equal(lp_tls_deinit(), LP_OK);
    world_free(rig->world);
}
