# SPDX-License-Identifier: Apache-2.0
# Cortex-M33 with Debian's gcc-arm-none-eabi and picolibc: Arm's MPS2 board with TrustZone (AN505), the secure world alone.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_FLAGS_INIT "--specs=picolibc.specs -mcpu=cortex-m33 -mthumb -ffunction-sections -fdata-sections")
set(CMAKE_ASM_FLAGS_INIT "-mcpu=cortex-m33 -mthumb")
# The emulated board that has this core; its name in QEMU.
set(LP_PORT qemu-mps2)
set(LP_MACHINE mps2-an505)
# Its memory, as the secure world sees it.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--defsym=lp_flash_origin=0x10000000 -Wl,--defsym=lp_ram_origin=0x38000000 -Wl,--defsym=lp_nor_origin=0x38200000")
