# Warnings and sanitizers for everything that is ours; private, so that users do not inherit them.
add_library(duplex_build INTERFACE)
target_compile_options(duplex_build INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                              -Wold-style-cast -Wno-missing-field-initializers -Werror)
if(DUPLEX_SANITIZE)
  target_compile_options(duplex_build INTERFACE -fsanitize=${DUPLEX_SANITIZE} -fno-omit-frame-pointer
                                                -fno-sanitize-recover=all)
  target_link_options(duplex_build INTERFACE -fsanitize=${DUPLEX_SANITIZE})
endif()

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
  add_library(duplex_${name} STATIC ${sources})
  target_include_directories(duplex_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(duplex_${name} PRIVATE duplex_build ${ARG_LIBRARIES})
  foreach(folder ${ARG_DEPENDS})
    target_link_libraries(duplex_${name} PUBLIC duplex_${folder})
  endforeach()
endfunction()

# duplex_program(name source…): a program over the public headers alone.
function(duplex_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE duplex duplex_build)
endfunction()
