// SPDX-License-Identifier: Apache-2.0
// Any bytes as a state file: refused, or a chip that can be saved and read again as the same.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "limpet/chipsim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    lp_chipsim_image_t image;
    int fd = memfd_create("state", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        abort();
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    memset(&image, 0x5A, sizeof image);
    lp_err_t err = lp_chipsim_image_load(&image, path);
    close(fd);
    if (err == LP_OK) {
        if (lp_chipsim_model_name(image.model) == NULL) {
            abort();
        }
        return 0;
    }
    const uint8_t *p = (const uint8_t *)&image;
    for (size_t i = 0; i < sizeof image; i++) {
        if (p[i] != 0x5A) {
            abort(); // an error leaves the output alone
        }
    }
    return 0;
}
