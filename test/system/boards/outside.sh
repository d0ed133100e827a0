#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A port outside of this tree, as docs/porting.md says it, each block taken from there: from an empty folder to the linker's
# list of what is missing, all of which the document names; and a whole port that lies elsewhere, to its images.
# ./dev check port runs this with bash; it takes a minute of compiling.
set -uo pipefail
cd "$(dirname "$0")/../../.." || exit 1
# shellcheck source=test/system/lib.sh
. test/system/lib.sh

export LIMPET=$PWD
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
guide=$LIMPET/docs/porting.md

# block WORDS: the code of the block that is opened with these words.
block() { awk -v open="\`\`\`$1" '$0 == open {on = 1; next} on && /^```/ {exit} on' "$guide"; }
the_guide_ends_in_a_list() {
    local file
    mkdir -p "$box/my board/src" && cd "$box/my board" || return 1
    for file in toolchain.cmake CMakeLists.txt src/clock.c; do
        block "${file##*.} $file" >"$file"
        [ -s "$file" ] || block "cmake $file" >"$file"
        [ -s "$file" ] || { echo "the guide has no $file"; return 1; }
    done
    awk '/^## A port of your own/ {on = 1} on' "$guide" >section
    guide=section block sh >steps
    [ "$(grep -c . steps)" = 2 ] && bash -eu steps >missing && grep -q lp_hw_init missing || { cat steps missing; return 1; }
}
# What the linker wants of a port is in the table of the document, or in limpet/bare_hw.h, to which it leads.
the_document_names_them() {
    local name short
    sed -n "s/^undefined reference to .\(.*\).$/\1/p" "$box/my board/missing" | while read -r name; do
        short=${name#lp_port_}
        case $name in
            lp_port_*) grep -qE "\`(lp_port)?_?${short}\`|\`lp_port_${short}|_${short##*_}\`" "$guide" || { echo "the guide has no $name"; exit 1; } ;;
            lp_hw_*) grep -qwF "$name" "$LIMPET/ports/bare/include/limpet/bare_hw.h" || { echo "bare_hw.h has no $name"; exit 1; } ;;
            lp_code_* | lp_ram_* | lp_stack_* | lp_heap_* | __* | _*) ;;
            *) echo "nothing says that a port has $name"; exit 1 ;;
        esac
    done
}
# The port for QEMU's board, somewhere else and under another name.
a_port_elsewhere_has_its_images() {
    mkdir -p "$box/else/src" "$box/app" && cd "$box/else" && cp -r "$LIMPET"/ports/qemu-mps2/{src,an385,include,mps2.ld} . &&
        cp "$LIMPET/boards/qemu/main.c" main.c && cp "$box/my board/toolchain.cmake" . && cp "$LIMPET"/apps/weather/{limpet.json,main.c} "$box/app" || return 1
    sed -e 's/qemu_mps2/my_board/g; s/if(LP_MACHINE.*/if(FALSE)/' "$LIMPET/ports/qemu-mps2/CMakeLists.txt" >CMakeLists.txt
    # What was made from the guide's text says which of the two mains is in the image.
    sed -i 's/random numbers come from the computer below/a main of its own/' main.c
    cmake -S "$LIMPET" -B build -G Ninja -DCMAKE_TOOLCHAIN_FILE="$PWD/toolchain.cmake" -DLP_PORT_DIR="$PWD" -DCMAKE_BUILD_TYPE=MinSizeRel -DLP_APP_DIR="$box/app" -Wno-dev >log 2>&1 &&
        cmake --build build --target conformance --target app >>log 2>&1 || { tail -n 30 log; return 1; }
    [ -s build/conformance.elf ] && grep -qaF 'a main of its own' "$box/app/build/my-board/weather.elf"
}

try outside_guide_ends_in_a_list the_guide_ends_in_a_list
try outside_document_names_what_is_missing the_document_names_them
try outside_port_elsewhere_has_its_images a_port_elsewhere_has_its_images
done_testing
