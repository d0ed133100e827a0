// SPDX-License-Identifier: Apache-2.0
// What a caller says, byte for byte, into the TLS server of a board that can be called.
#include "tls_script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tls_script_run(data, size, tls_target_listen);
    return 0;
}
