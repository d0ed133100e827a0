# SPDX-License-Identifier: Apache-2.0
# Big-endian MIPS with Debian's cross compiler, for tests under qemu-user: the other byte order.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR mips)
set(CMAKE_C_COMPILER mips-linux-gnu-gcc)
# What nobody has set is never by chance what a test wants.
set(CMAKE_C_FLAGS_INIT "-ftrivial-auto-var-init=pattern")
