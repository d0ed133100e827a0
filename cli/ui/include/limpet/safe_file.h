// SPDX-License-Identifier: Apache-2.0
// limpet/safe_file.h - files that are there whole, or as they were before.
#ifndef LIMPET_SAFE_FILE_H
#define LIMPET_SAFE_FILE_H

#include <stdbool.h>
#include <stddef.h>

// Writes all of it, however often the system takes only a part. False: errno says why.
bool lp_file_write_all(int fd, const void *bytes, size_t len);

// Makes the file's folder durable: a rename is on disk only when its folder is. False: errno.
bool lp_file_sync_folder(const char *path_of_file);

// Writes PATH.new and renames it to PATH; its content is on disk before. mode: the file's
// permissions, whatever the umask. False: `path` is as it was, errno says why.
bool lp_file_replace(const char *path, const void *bytes, size_t len, unsigned mode);

#endif
