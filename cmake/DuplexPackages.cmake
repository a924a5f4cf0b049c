# `cpack` in a build folder: Debian packages of the program and, where it is built, of the shared library and
# of what one needs to build with it.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "the duplex authors <duplex@localhost>" CACHE STRING "Maintainer of the packages")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL "")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What depends on the library's package is told so by dpkg-shlibdeps.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY >=)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

if(BUILD_SHARED_LIBS)
  list(APPEND CPACK_COMPONENTS_ALL library development)
  set(library libduplex${DUPLEX_SOVERSION})
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library})
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "The shared library: a server with HTTP and WebSocket routes on one port,
and the browser's WebSocket object as a client.")

  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libduplex-dev)
  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${library} (= ${PROJECT_VERSION})")
  set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "Headers, and files for CMake and pkg-config, to build with ${library}.")
endif()

if(DUPLEX_TOOL)
  list(APPEND CPACK_COMPONENTS_ALL program)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME duplex)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION web)
  set(CPACK_DEBIAN_PROGRAM_DESCRIPTION "The program: it serves a folder and pushes to browsers, talks to any
WebSocket server from the terminal, and measures one.")
endif()

if(CPACK_COMPONENTS_ALL)
  include(CPack)
endif()
