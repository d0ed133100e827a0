// SPDX-License-Identifier: Apache-2.0
// The record of a setup, from a disk that may have been written by anybody: what is taken of it
// keeps its length, comes back when it is written again, and is of the cloud that was asked for.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "journal.h"

static char home[] = "/tmp/limpet-fuzz-XXXXXX";
static const char device[] = "lamp";
static const char endpoint[] = "https://cloud.example";

static void remove_home(void)
{
    char path[80];
    static const char *const below[] = {"limpet/setup/lamp.json", "limpet/setup", "limpet"};
    for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", home, below[i]);
        (void)remove(path);
    }
    (void)rmdir(home);
}

static void make_home(void)
{
    static bool is_made;
    if (!is_made) {
        MUST(mkdtemp(home) != NULL && setenv("XDG_STATE_HOME", home, 1) == 0);
        MUST(atexit(remove_home) == 0);
        is_made = true;
    }
}

// What a power failure leaves is not the question here, and waiting for a disk is slow.
int fsync(int fd)
{
    (void)fd;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lp_journal_t read, again;
    lp_fault_t f = {.exit = LP_EXIT_OK};
    make_home();
    MUST(lp_journal_open(device, endpoint, &read, &f) == LP_EXIT_OK);
    MUST(lp_journal_save(&read, &f) == LP_EXIT_OK); // makes the folders
    FILE *file = fopen(read.path, "wb");
    MUST(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
    MUST(lp_journal_open(device, endpoint, &read, &f) == LP_EXIT_OK);
    MUST(strcmp(read.device, device) == 0 && strcmp(read.endpoint, endpoint) == 0);
    MUST(lp_journal_save(&read, &f) == LP_EXIT_OK);
    MUST(lp_journal_open(device, endpoint, &again, &f) == LP_EXIT_OK);
    MUST(strcmp(read.thing, again.thing) == 0 && strcmp(read.policy, again.policy) == 0 &&
         strcmp(read.cert_id, again.cert_id) == 0 && read.is_cert_asked == again.is_cert_asked &&
         read.made_thing == again.made_thing && read.made_policy == again.made_policy &&
         read.is_proven == again.is_proven);
    if (read.old_cert_id[0] != '\0') {
        MUST(strcmp(read.old_cert_id, again.old_cert_id) == 0 &&
             strcmp(read.new_key, again.new_key) == 0);
    }
    lp_journal_remove(&read);
    return 0;
}
