// SPDX-License-Identifier: Apache-2.0
// Guests of a shared port that say anything, in any order, and a board that takes it or does not.
// What goes to the board is whole lines, each after the sign that frames come, and never more than
// there is room for; the owner lives.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "limpet/rpc_frame.h"
#include "share.h"

enum { GUESTS = 4, PIECE_MAX = 8192, PENDING_MAX = 64 * 1024 };

static char home[] = "/tmp/limpet-fuzz-XXXXXX";
static const char port[] = "/dev/pts/4";

static void remove_home(void)
{
    char path[64];
    snprintf(path, sizeof path, "%s/limpet/ports", home);
    (void)rmdir(path);
    snprintf(path, sizeof path, "%s/limpet", home);
    (void)rmdir(path);
    (void)rmdir(home);
}

static void make_home(void)
{
    static bool is_made;
    if (!is_made) {
        MUST(mkdtemp(home) != NULL && setenv("XDG_RUNTIME_DIR", home, 1) == 0);
        MUST(atexit(remove_home) == 0);
        is_made = true;
    }
}

static void turn(lp_share_t *s)
{
    struct pollfd polls[LP_SHARE_POLLS];
    const size_t n = lp_share_polls(s, polls);
    MUST(n <= LP_SHARE_POLLS);
    if (poll(polls, n, 0) > 0) {
        lp_share_turn(s, polls, n);
    }
}

static int join(void)
{
    char name[64];
    long pid = 0;
    const int folder = lp_share_folder(false);
    MUST(folder >= 0 && lp_share_name(port, name, sizeof name));
    const int fd = lp_share_connect(folder, name, &pid);
    close(folder);
    return fd;
}

// All of it is lines; no frame in them is longer than a board takes.
static void take_pending(lp_share_t *s)
{
    size_t len = 0;
    const char *text = lp_share_pending(s, &len);
    MUST(len <= PENDING_MAX && (len == 0 || text[len - 1] == '\n'));
    while (len > 0) {
        const size_t line = (size_t)((const char *)memchr(text, '\n', len) - text) + 1;
        MUST(line <= LP_RPC_MAX_REQUEST + 1 && memchr(text, '\0', line) == NULL);
        lp_share_sent(s, line);
        text = lp_share_pending(s, &len);
    }
}

// What the board says: an answer, or a line of its log.
static void hear(lp_share_t *s, const char *text)
{
    cJSON *frame = cJSON_Parse(text);
    if (cJSON_IsObject(frame)) {
        (void)lp_share_answer(s, text, frame);
    } else {
        lp_share_tell(s, text);
    }
    cJSON_Delete(frame);
}

// One step: a byte that says what and who, one for how much, and so many bytes.
static size_t step(lp_share_t *s, int guests[GUESTS], const uint8_t *data, size_t size)
{
    char text[PIECE_MAX + 1];
    int *guest = &guests[data[0] % GUESTS];
    const size_t wanted = (size_t)data[1] * ((data[0] & 0x80) != 0 ? 32 : 1);
    const size_t len = wanted < size - 2 ? wanted : size - 2;
    memcpy(text, data + 2, len);
    text[len] = '\0';
    const unsigned what = data[0] / GUESTS % 8;
    if (what < 4 && *guest < 0) {
        *guest = join();
    } else if (what < 4) {
        (void)!write(*guest, text, len);
    } else if (what == 4 && *guest >= 0) {
        close(*guest);
        *guest = -1;
    } else if (what == 5) {
        take_pending(s);
    } else if (what == 6 && *guest >= 0) {
        (void)!read(*guest, text, sizeof text);
    } else if (what == 7 && strchr(text, '\n') == NULL) {
        hear(s, text);
    }
    turn(s);
    return 2 + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int guests[GUESTS] = {-1, -1, -1, -1};
    make_home();
    lp_share_t *s = lp_share_start(port);
    MUST(s != NULL);
    for (size_t at = 0; at + 2 < size;) {
        at += step(s, guests, data + at, size - at);
    }
    for (int i = 0; i < GUESTS; i++) {
        turn(s);
        take_pending(s);
    }
    for (int i = 0; i < GUESTS; i++) {
        if (guests[i] >= 0) {
            close(guests[i]);
        }
    }
    lp_share_end(s);
    return 0;
}
