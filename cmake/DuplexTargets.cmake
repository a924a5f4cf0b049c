# Warnings and sanitizers for everything that is ours; private, so that users do not inherit them.
add_library(duplex_build INTERFACE)
target_compile_options(duplex_build INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                              -Wold-style-cast -Wno-missing-field-initializers)
if(DUPLEX_WARNINGS_AS_ERRORS)
  target_compile_options(duplex_build INTERFACE -Werror)
endif()
if(DUPLEX_SANITIZE)
  # The check of virtual tables probes memory through a pipe, and takes a process that is out of descriptors
  # to be broken.
  target_compile_options(duplex_build INTERFACE -fsanitize=${DUPLEX_SANITIZE} -fno-sanitize=vptr
                                                -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(duplex_build INTERFACE -fsanitize=${DUPLEX_SANITIZE})
endif()
if(DUPLEX_FUZZ)
  target_compile_options(duplex_build INTERFACE -fsanitize=fuzzer-no-link)
endif()

# duplex_package(name… PKGCONFIG name…)
# A library that duplex needs: find_package(name…), and what pkg-config calls it: a module, or a linker's
# option where there is none.
macro(duplex_package)
  cmake_parse_arguments(DUPLEX_NEED "" "" "PKGCONFIG" ${ARGN})
  find_package(${DUPLEX_NEED_UNPARSED_ARGUMENTS} REQUIRED)
  duplex_needs("find_dependency(${DUPLEX_NEED_UNPARSED_ARGUMENTS})" "${DUPLEX_NEED_PKGCONFIG}")
endmacro()

# duplex_module(prefix module): a library that duplex needs and finds through pkg-config, as
# PkgConfig::prefix.
macro(duplex_module prefix module)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(${prefix} REQUIRED IMPORTED_TARGET ${module})
  duplex_needs("find_dependency(PkgConfig)\n  pkg_check_modules(${prefix} REQUIRED IMPORTED_TARGET ${module})"
               ${module})
endmacro()

# Notes for DuplexInstall.cmake how a user's build finds a library.
function(duplex_needs lines modules)
  string(REPLACE ";" " " lines "${lines}")
  set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND_STRING PROPERTY DUPLEX_FIND "  ${lines}\n")
  set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY DUPLEX_PKGCONFIG ${modules})
endfunction()

# duplex_library(name [DEPENDS folder…] [LIBRARIES target…])
# One folder of src is one static library. DEPENDS names the folders below that it may call: what is
# not named fails to link, and tests/checks/layers.py holds the includes to the same table.
function(duplex_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc)
  if(NOT sources)  # headers alone
    add_library(duplex_${name} INTERFACE)
    target_include_directories(duplex_${name} INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    return()
  endif()
  add_library(duplex_${name} STATIC EXCLUDE_FROM_ALL ${sources})
  set_target_properties(duplex_${name} PROPERTIES DUPLEX_LIBRARIES "${ARG_LIBRARIES}")
  if(NOT DUPLEX_QUICK_BUILD)  # what is compiled once has one visibility
    set_target_properties(duplex_${name} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  endif()
  if(BUILD_SHARED_LIBS)
    set_target_properties(duplex_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  endif()
  target_include_directories(duplex_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(duplex_${name} PRIVATE duplex_build ${ARG_LIBRARIES})
  foreach(folder ${ARG_DEPENDS})
    target_link_libraries(duplex_${name} PUBLIC duplex_${folder})
  endforeach()
endfunction()

# duplex_merge(name): the library that is installed, static or shared as BUILD_SHARED_LIBS says: the object
# files of all floors of this folder in one.
function(duplex_merge name)
  add_library(${name})
  add_library(duplex::duplex ALIAS ${name})
  get_property(floors DIRECTORY PROPERTY BUILDSYSTEM_TARGETS)
  list(FILTER floors INCLUDE REGEX "^duplex_")
  foreach(floor ${floors})
    get_target_property(type ${floor} TYPE)
    if(type STREQUAL STATIC_LIBRARY)
      target_sources(${name} PRIVATE $<TARGET_OBJECTS:${floor}>)
      get_target_property(libraries ${floor} DUPLEX_LIBRARIES)
      if(libraries)
        target_link_libraries(${name} PRIVATE ${libraries})
      endif()
    endif()
  endforeach()
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  target_compile_features(${name} PUBLIC cxx_std_20)
  # Before 1.0 a minor version may break what is linked.
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION}
                                           SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  if(BUILD_SHARED_LIBS)
    # What it takes from others, their static libraries or their headers, stays within.
    set(exports ${PROJECT_SOURCE_DIR}/cmake/exports.map)
    target_link_options(${name} PRIVATE LINKER:--exclude-libs,ALL LINKER:--version-script,${exports})
    set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS ${exports})
  endif()
  if(DUPLEX_SANITIZE)
    target_link_options(${name} PRIVATE -fsanitize=${DUPLEX_SANITIZE})
  elseif(PROJECT_IS_TOP_LEVEL)
    target_link_options(${name} PRIVATE LINKER:-z,defs)
  endif()
endfunction()

# duplex_program(name source…): a program over the public headers alone.
function(duplex_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE duplex duplex_build)
endfunction()
