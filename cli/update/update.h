// SPDX-License-Identifier: Apache-2.0
// A release: a short signed text beside the program.
//
//   limpet-release 1
//   version 0.2.0
//   platform Linux-x86_64
//   file limpet-0.2.0-linux-x86_64
//   size 1234567
//   sha256 64 hex digits
//   signature base64 of 64 bytes: Ed25519 over everything before this line
//
// Nothing of it is believed before the signature is right, and the program is nothing before it has
// just this size and hash.
#ifndef LP_CLI_UPDATE_H
#define LP_CLI_UPDATE_H

#include <stddef.h>
#include <stdint.h>

#include "limpet/fault.h"

enum { UPDATE_MANIFEST_MAX = 4096, UPDATE_FILE_MAX = 256 << 20, UPDATE_PATH = 4096 };

typedef struct {
    char version[32];
    char platform[48];
    char file[96];
    size_t size;
    uint8_t sha256[32];
} update_release_t;

// Checks the signature with `key` (32 bytes), then reads. On an error *release is untouched.
// Faults: update-signature, update-manifest.
lp_exit_t update_manifest_read(const uint8_t *text, size_t len, const uint8_t key[32],
                               update_release_t *release, lp_fault_t *f);
// Less than, equal to or greater than 0, as the version a is older than, equal to or newer than b.
int update_version_compare(const char *a, const char *b);
bool update_version_is_good(const char *text);

// Reads a file, or what is at an https address; at most `max` bytes. Owned by the caller.
// `what` names it in the progress; null: none is shown. `ca` is a file with roots; null: the
// computer's. Faults: update-source.
uint8_t *update_fetch(const char *from, size_t max, const char *what, const char *ca, size_t *len,
                      lp_fault_t *f);

// Puts the program in the place of the running one: written beside it, started once to see that it
// is what it says, then renamed. Faults: update-write, update-start.
lp_exit_t update_replace(const uint8_t *program, size_t len, const char *version, lp_fault_t *f);

#endif
