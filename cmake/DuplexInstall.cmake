# What `cmake --install` puts where, in three components: `library` (the shared library, if it is one),
# `development` (headers, what to link, CMake and pkg-config files) and `program`.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(DUPLEX_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/duplex)
set(DUPLEX_SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

install(TARGETS duplex EXPORT duplexTargets
        ARCHIVE COMPONENT development
        LIBRARY COMPONENT library NAMELINK_COMPONENT development
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/duplex TYPE INCLUDE COMPONENT development
        FILES_MATCHING PATTERN *.h)
install(EXPORT duplexTargets NAMESPACE duplex:: DESTINATION ${DUPLEX_CMAKE_DIR} COMPONENT development)

# Whoever links a static library links what it needs, too; a shared one does that itself.
if(NOT BUILD_SHARED_LIBS)
  get_property(DUPLEX_FIND DIRECTORY PROPERTY DUPLEX_FIND)
  get_property(needs DIRECTORY PROPERTY DUPLEX_PKGCONFIG)
  foreach(need ${needs})
    if(need MATCHES "^-")
      string(APPEND DUPLEX_LIBS_PRIVATE " ${need}")
    else()
      string(REGEX REPLACE "([<>]?=)" " \\1 " need ${need})
      list(APPEND DUPLEX_REQUIRES_PRIVATE ${need})
    endif()
  endforeach()
  list(JOIN DUPLEX_REQUIRES_PRIVATE ", " DUPLEX_REQUIRES_PRIVATE)
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/duplexConfig.cmake.in duplexConfig.cmake
                              INSTALL_DESTINATION ${DUPLEX_CMAKE_DIR} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(duplexConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/duplexConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/duplexConfigVersion.cmake
        DESTINATION ${DUPLEX_CMAKE_DIR} COMPONENT development)

# Found from where the file lies, so that what is installed can be moved.
string(REGEX REPLACE "[^/]+" ".." DUPLEX_PREFIX_FROM_PKGCONFIG ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
configure_file(${CMAKE_CURRENT_LIST_DIR}/duplex.pc.in duplex.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/duplex.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
        COMPONENT development)

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libduplex-dev
        RENAME copyright COMPONENT development)
if(BUILD_SHARED_LIBS)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libduplex${DUPLEX_SOVERSION}
          RENAME copyright COMPONENT library)
endif()
if(DUPLEX_TOOL)
  install(TARGETS duplex_tool RUNTIME COMPONENT program)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/duplex
          RENAME copyright COMPONENT program)
endif()

if(PROJECT_IS_TOP_LEVEL)
  include(${CMAKE_CURRENT_LIST_DIR}/DuplexPackages.cmake)
endif()
