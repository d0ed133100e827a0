// SPDX-License-Identifier: Apache-2.0
// Memory that outlives the process: a file beside the flash, mapped. It survives exec(), a crash
// and being killed, as the RAM of a board survives a reset. Without that file it is plain memory.
#include "limpet/port/retained.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limpet/port/crash.h"
#include "limpet/port/power.h"
#include "posix_internal.h"

enum { LOG_BYTES = 32 * 1024, CRASH_BYTES = 3 * 1024, RTC_BYTES = 512 };

static uint8_t plain[LP_POSIX_RETAINED_BYTES];
static uint8_t *memory = plain;

// The whole file must be there: a page behind its end would be a fault when it is touched.
static bool has_room(int fd, bool is_new)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
           (!is_new || ftruncate(fd, 0) == 0) &&
           posix_fallocate(fd, 0, LP_POSIX_RETAINED_BYTES) == 0;
}

bool lp_posix_retained_open(const char *flash_path, bool is_new)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s.ram", flash_path) >= (int)sizeof path) {
        return false;
    }
    const int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    void *mapped = MAP_FAILED;
    if (has_room(fd, is_new)) {
        mapped = mmap(NULL, LP_POSIX_RETAINED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    close(fd);
    if (mapped == MAP_FAILED) {
        return false;
    }
    memory = mapped;
    return true;
}

uint8_t *lp_port_crash_area(size_t *bytes)
{
    *bytes = CRASH_BYTES;
    return memory + LOG_BYTES;
}

uint8_t *lp_port_retained_log(size_t *bytes)
{
    *bytes = LOG_BYTES;
    return memory;
}

uint8_t *lp_port_rtc(size_t *bytes)
{
    *bytes = RTC_BYTES;
    return memory + LOG_BYTES + CRASH_BYTES;
}
