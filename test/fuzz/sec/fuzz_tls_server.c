// SPDX-License-Identifier: Apache-2.0
// What a server says, byte for byte, into the TLS client: handshakes, records, certificates.
#include "tls_script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tls_script_run(data, size, tls_target_open);
    return 0;
}
