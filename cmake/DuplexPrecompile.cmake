# Compiles the headers of precompiled.h once, not once a file. A file that forgets an include is found by the
# builds without this.

# duplex_precompile(name FOLDERS folder… [HEADERS header…]): for all that is built in these folders, with the options
# that hold now, and is not yet provided for. HEADERS are more of them.
function(duplex_precompile name)
  cmake_parse_arguments(ARG "" "" "FOLDERS;HEADERS" ${ARGN})
  set(headers precompiled_for_${name})
  file(CONFIGURE OUTPUT precompiled.cc CONTENT "")
  add_library(${headers} OBJECT EXCLUDE_FROM_ALL ${CMAKE_CURRENT_BINARY_DIR}/precompiled.cc)
  target_precompile_headers(${headers} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/precompiled.h ${ARG_HEADERS})
  target_link_libraries(${headers} PRIVATE duplex_build)
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    # Or ccache takes it for another one each time.
    target_compile_options(${headers} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
  foreach(folder ${ARG_FOLDERS})
    duplex_reuse(${headers} ${folder})
  endforeach()
endfunction()

function(duplex_reuse headers folder)
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    get_target_property(reused ${target} PRECOMPILE_HEADERS_REUSE_FROM)
    if(type MATCHES "EXECUTABLE|STATIC_LIBRARY" AND NOT reused)
      target_precompile_headers(${target} REUSE_FROM ${headers})
    endif()
  endforeach()
  get_property(inner DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(folder ${inner})
    duplex_reuse(${headers} ${folder})
  endforeach()
endfunction()
