# SPDX-License-Identifier: Apache-2.0
# Cortex-M3 with Debian's gcc-arm-none-eabi and picolibc: what the firmware libraries cost there.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_FLAGS_INIT "--specs=picolibc.specs -mcpu=cortex-m3 -mthumb -ffunction-sections -fdata-sections")
set(CMAKE_ASM_FLAGS_INIT "-mcpu=cortex-m3 -mthumb")
# The emulated board that has this core; its name in QEMU.
set(LP_PORT qemu-mps2)
set(LP_MACHINE mps2-an385)
