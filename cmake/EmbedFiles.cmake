# duplex_embed(target name folder): compiles the files of `folder` into `target`. They are found in the
# generated header embedded_<name>.h, as the table <name>_files::all of EmbeddedFile. Run as a script
# (-P) this file writes that header.
if(CMAKE_SCRIPT_MODE_FILE)
  file(GLOB files RELATIVE ${FOLDER} ${FOLDER}/*)
  list(SORT files)
  set(text "#pragma once\n\n#include \"embedded_file.h\"\n\nnamespace ${NAME}_files {\n")
  set(table "")
  set(number 0)
  foreach(file ${files})
    file(READ ${FOLDER}/${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "(................................................................................)"
           "\\1\n" bytes "${bytes}")
    string(APPEND text "inline constexpr unsigned char file${number}[] = {\n${bytes}};\n")
    string(APPEND table "    {\"${file}\", file${number}, sizeof file${number}},\n")
    math(EXPR number "${number} + 1")
  endforeach()
  string(APPEND text "inline constexpr EmbeddedFile all[] = {\n${table}};\n}  // namespace ${NAME}_files\n")
  file(WRITE ${OUTPUT} "${text}")
  return()
endif()

set(DUPLEX_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(duplex_embed target name folder)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*)
  set(header ${CMAKE_CURRENT_BINARY_DIR}/embedded_${name}.h)
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DNAME=${name} -DOUTPUT=${header} -P ${DUPLEX_EMBED_SCRIPT}
    DEPENDS ${files} ${DUPLEX_EMBED_SCRIPT}
    VERBATIM)
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()
