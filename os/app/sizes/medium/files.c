// SPDX-License-Identifier: Apache-2.0
// Files: what is left of the flash behind the settings.
#include "files.h"

#include "limpet/log.h"
#include "limpet/port/flash.h"
#include "limpet/settings.h"
#include "limpet/svc_fs.h"
#include "limpet/svc_seal.h"
#include "sizes.h"

#define LOG_MODULE "files"

static lp_files_t files;
static lp_svc_fs_t service;
static lp_svc_seal_t seal;

static void tell(lp_err_t err)
{
    if (err == LP_E_INVALID) {
        LP_LOGW("no files: the flash has no room for them");
    } else if (err != LP_OK) {
        LP_LOGE("the files cannot be read (%s); they are left as they are, FS.Mkfs makes a new, "
                "empty file system",
                lp_err_text(err));
    }
}

static void start_seal(const lp_app_extras_t *parts)
{
    lp_app_t *app = parts->app;
    const lp_svc_seal_setup_t setup = {.loop = app->loop,
                                       .rpc = app->rpc,
                                       .config = app->config,
                                       .store = parts->store,
                                       .files = &files,
                                       .chip = app->chip,
                                       .turn = parts->turn};
    lp_svc_seal_init(&seal, &setup);
}

void files_start(const lp_app_extras_t *parts)
{
    lp_app_t *app = parts->app;
    const uint32_t flash_bytes = lp_port_flash_geometry().size_bytes;
    const lp_files_config_t config = {
        .offset = SIZE_STORE_BYTES,
        .size_bytes = flash_bytes > SIZE_STORE_BYTES ? flash_bytes - SIZE_STORE_BYTES : 0,
        .max_file_bytes = SIZE_FILE_BYTES,
        .max_files = SIZE_FILES,
        .store = parts->store};
    tell(lp_files_open(&files, &config));
    lp_svc_fs_init(&service, app->rpc, &files, lp_setting_device_id(app->config));
    start_seal(parts);
    app->files = files.is_usable ? &files : NULL;
    app->seal = files.is_usable ? &seal : NULL;
}
