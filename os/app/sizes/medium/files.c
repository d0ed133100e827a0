// SPDX-License-Identifier: Apache-2.0
// Files: what is left of the flash behind the settings.
#include "files.h"

#include "limpet/log.h"
#include "limpet/port/flash.h"
#include "limpet/settings.h"
#include "limpet/svc_fs.h"
#include "sizes.h"

#define LOG_MODULE "files"

static lp_files_t files;
static lp_svc_fs_t service;

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

void files_start(lp_app_t *app, lp_store_t *store)
{
    const uint32_t flash_bytes = lp_port_flash_geometry().size_bytes;
    const lp_files_config_t config = {
        .offset = SIZE_STORE_BYTES,
        .size_bytes = flash_bytes > SIZE_STORE_BYTES ? flash_bytes - SIZE_STORE_BYTES : 0,
        .max_file_bytes = SIZE_FILE_BYTES,
        .max_files = SIZE_FILES,
        .store = store};
    tell(lp_files_open(&files, &config));
    lp_svc_fs_init(&service, app->rpc, &files, lp_setting_device_id(app->config));
    app->files = files.is_usable ? &files : NULL;
}
