# SPDX-License-Identifier: Apache-2.0
# The ESP8266's CPU core with Debian's gcc-xtensa-lx106 and picolibc.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR lx106)
set(CMAKE_C_COMPILER xtensa-lx106-elf-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_FLAGS_INIT "--specs=/usr/lib/xtensa-lx106-elf/picolibc.specs -mlongcalls -ffunction-sections -fdata-sections")
# The emulated board that has this core.
set(LP_PORT qemu-lx106)
