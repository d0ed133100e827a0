# SPDX-License-Identifier: Apache-2.0
# Applications: a folder with a manifest, limpet.json, and C files (docs/apps.md).

# What the names of an application may look like; the tool has the same rule.
set(LP_APP_NAME_RULE "^[a-z][a-z0-9-]*$")
# Per size of an image: its memory (sizes.h) and what it has beside the platform (extras.c).
set(LP_APP_SIZES ${CMAKE_SOURCE_DIR}/os/app/sizes)

# lp_app_list(<variable> <manifest> <key>): the strings of an array; empty when there is none.
function(lp_app_list variable manifest key)
    set(items "")
    string(JSON count ERROR_VARIABLE missing LENGTH "${manifest}" ${key})
    if(count)
        math(EXPR last "${count} - 1")
        foreach(i RANGE ${last})
            string(JSON item GET "${manifest}" ${key} ${i})
            list(APPEND items "${item}")
        endforeach()
    endif()
    set(${variable} "${items}" PARENT_SCOPE)
endfunction()

# lp_app_value(<variable> <manifest> <key> <default>)
function(lp_app_value variable manifest key default)
    string(JSON value ERROR_VARIABLE missing GET "${manifest}" ${key})
    if(missing)
        set(value "${default}")
    endif()
    set(${variable} "${value}" PARENT_SCOPE)
endfunction()

# The header with what the manifest says, for os/app.
function(lp_app_header target manifest name)
    lp_app_value(version "${manifest}" version ${PROJECT_VERSION})
    lp_app_list(shadow "${manifest}" shadow)
    set(LP_APP_NAME ${name})
    set(LP_APP_VERSION ${version})
    set(LP_APP_SHADOW "")
    foreach(key ${shadow})
        string(APPEND LP_APP_SHADOW "\"${key}\", ")
    endforeach()
    set(folder ${CMAKE_BINARY_DIR}/app-manifests/${target})
    configure_file(${CMAKE_SOURCE_DIR}/cmake/app_manifest.h.in ${folder}/app_manifest.h @ONLY)
    target_include_directories(${target} PRIVATE ${folder})
endfunction()

# A board that is a process, or one in QEMU: the platform and the application on it.
function(lp_app_posix target)
    set(board ${CMAKE_SOURCE_DIR}/boards/posix)
    target_sources(${target} PRIVATE ${board}/main.c ${board}/options.c ${board}/bus.c ${LP_APP_SIZES}/medium/extras.c ${LP_APP_SIZES}/medium/files.c)
    target_include_directories(${target} PRIVATE ${LP_APP_SIZES}/large ${board})
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    # Whole: the layers below ask for the port, whatever order the linker meets them in.
    target_link_libraries(${target} PRIVATE lp_app $<LINK_LIBRARY:WHOLE_ARCHIVE,lp_posix>)
endfunction()

function(lp_app_bare target)
    string(REPLACE - _ port lp_${LP_PORT})
    set(sizes medium)
    if(LP_TLS_PROFILE STREQUAL "small")
        set(sizes small)
    endif()
    file(GLOB extras CONFIGURE_DEPENDS ${LP_APP_SIZES}/${sizes}/*.c)
    # The port's objects whole, as above.
    target_sources(${target} PRIVATE ${CMAKE_SOURCE_DIR}/boards/qemu/main.c ${extras}
        $<TARGET_OBJECTS:${port}> $<TARGET_OBJECTS:lp_bare>)
    target_include_directories(${target} PRIVATE ${LP_APP_SIZES}/${sizes})
    target_link_options(${target} PRIVATE -Wl,--gc-sections -Wl,-Map=${CMAKE_BINARY_DIR}/${target}.map)
    target_link_libraries(${target} PRIVATE ${port} lp_bare lp_app)
    set_target_properties(${target} PROPERTIES SUFFIX .elf)
endfunction()

# lp_app(<folder> <target>): the firmware of the application in <folder>, for the board this build is for.
function(lp_app folder target)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${folder}/limpet.json)
    file(READ ${folder}/limpet.json manifest)
    lp_app_value(name "${manifest}" name "")
    if(NOT name MATCHES "${LP_APP_NAME_RULE}")
        message(FATAL_ERROR "${folder}/limpet.json: \"name\" is needed: lower-case letters, digits and dashes")
    endif()
    lp_app_list(sources "${manifest}" sources)
    list(TRANSFORM sources PREPEND ${folder}/)
    add_executable(${target} ${sources})
    target_include_directories(${target} PRIVATE ${folder})
    lp_app_header(${target} "${manifest}" ${name})
    if(CMAKE_CROSSCOMPILING)
        lp_app_bare(${target})
    else()
        lp_app_posix(${target})
    endif()
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

# lp_app_of_the_user(<folder>): the same for an application that is not part of this project: the target "app", which
# nothing but `limpet build` asks for. The image goes to build/BOARD in the folder.
function(lp_app_of_the_user folder)
    lp_app(${folder} app)
    file(READ ${folder}/limpet.json manifest)
    string(JSON name GET "${manifest}" name)
    target_compile_options(app PRIVATE -Wno-error)
    set(board posix)
    if(LP_PORT)
        set(board ${LP_PORT})
    endif()
    set_target_properties(app PROPERTIES EXCLUDE_FROM_ALL ON OUTPUT_NAME ${name}
        RUNTIME_OUTPUT_DIRECTORY ${folder}/build/${board})
endfunction()
