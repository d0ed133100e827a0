# SPDX-License-Identifier: Apache-2.0
# How every part of Limpet is compiled, and the layers that the build enforces.

option(LP_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(LP_WERROR "Warnings are errors" ON)
option(LP_FUZZ "Build the libFuzzer targets (clang only)" OFF)

add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
    -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wswitch-enum -fno-common
    # gcc guesses; truncation is checked at run time where it matters. clang does not know the name.
    $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
if(CMAKE_CROSSCOMPILING)
    add_compile_options(-g) # for backtraces; small images leave it out (app.cmake)
else()
    add_compile_options(-fstack-protector-strong)
endif()
if(LP_WERROR)
    add_compile_options(-Werror)
endif()
if(LP_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
endif()
if(LP_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# lp_layer(<name> SOURCES ... [DEPS ...]): a static library `lp_<name>` with its own include root.
# Only the include roots of DEPS are visible, so an upward include does not compile.
function(lp_layer name)
    cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
    list(TRANSFORM A_DEPS PREPEND lp_)
    if(A_SOURCES)
        add_library(lp_${name} STATIC ${A_SOURCES})
        target_include_directories(lp_${name} PUBLIC include)
        target_link_libraries(lp_${name} PUBLIC ${A_DEPS})
    else()
        add_library(lp_${name} INTERFACE)
        target_include_directories(lp_${name} INTERFACE include)
        target_link_libraries(lp_${name} INTERFACE ${A_DEPS})
    endif()
endfunction()

# lp_test(<name> SOURCES ... [LIBS ...] [PARTS n]): a cmocka program registered with ctest; with PARTS as n tests, each of
# which takes its part of the cases (test/unit/cli/part.h).
function(lp_test name)
    cmake_parse_arguments(A "" "PARTS" "SOURCES;LIBS" ${ARGN})
    add_executable(${name} ${A_SOURCES})
    target_link_libraries(${name} PRIVATE ${A_LIBS} cmocka)
    if(NOT A_PARTS)
        add_test(NAME ${name} COMMAND ${name})
        set_tests_properties(${name} PROPERTIES TIMEOUT 120)
        return()
    endif()
    foreach(part RANGE 1 ${A_PARTS})
        add_test(NAME ${name}_${part} COMMAND ${name} ${part}/${A_PARTS})
        set_tests_properties(${name}_${part} PROPERTIES TIMEOUT 600 COST 100)
    endforeach()
endfunction()

# lp_fuzz(<name> SOURCES ... [LIBS ...]): a fuzzer under LP_FUZZ; otherwise a program that replays
# its corpus (test/fuzz/corpus/<name>) as a test.
function(lp_fuzz name)
    cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
    if(LP_FUZZ)
        add_executable(fuzz_${name} ${A_SOURCES})
        target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
        if(NOT TARGET fuzzers)
            add_custom_target(fuzzers)
        endif()
        add_dependencies(fuzzers fuzz_${name})
    else()
        add_executable(fuzz_${name} ${A_SOURCES} ${CMAKE_SOURCE_DIR}/test/fuzz/replay.c)
        add_test(NAME fuzz_${name} COMMAND fuzz_${name} ${CMAKE_SOURCE_DIR}/test/fuzz/corpus/${name})
    endif()
    target_link_libraries(fuzz_${name} PRIVATE ${A_LIBS})
endfunction()
