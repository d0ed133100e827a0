// SPDX-License-Identifier: Apache-2.0
// Any bytes as EAPOL frames, to both sides of the handshake in each of its situations. Nobody is
// joined by frames that were made without the password: only what the other side has said is
// believed.
#include <stdlib.h>
#include <string.h>

#include "wpa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static wpa_supplicant_t sta;
static wpa_authenticator_t ap;

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void meet(void)
{
    static const uint8_t aa[6] = {2, 0, 0, 0, 0, 1};
    static const uint8_t spa[6] = {2, 0, 0, 0, 0, 2};
    must(wpa_supplicant_init(&sta, "home", "correct horse", aa, spa) &&
         wpa_authenticator_init(&ap, "home", "correct horse", aa, spa));
}

// The first message and its answer, as they are.
static void go_on(wpa_supplicant_t *s, wpa_authenticator_t *a)
{
    eapol_t down;
    eapol_t up;
    must(wpa_authenticator_say(a, &down) && wpa_supplicant_take(s, &down, &up) &&
         wpa_authenticator_take(a, &up));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_ready;
    eapol_t out;
    if (!is_ready) {
        meet();
        is_ready = true;
    }
    wpa_supplicant_t s = sta;
    wpa_authenticator_t a = ap;
    if (size == 0) {
        return 0;
    }
    if ((data[0] & 1) != 0) {
        go_on(&s, &a);
    }
    for (size_t at = 1; at < size;) {
        eapol_t in = {.len = data[at]};
        const size_t n = size - at - 1 < in.len ? size - at - 1 : in.len;
        memcpy(in.bytes, data + at + 1, n);
        at += 1 + n;
        (void)wpa_supplicant_take(&s, &in, &out);
        (void)wpa_authenticator_take(&a, &in);
    }
    must(!s.is_done && !a.is_done);
    return 0;
}
