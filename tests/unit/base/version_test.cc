#include <doctest/doctest.h>

#include <string>

#include <duplex/version.h>

TEST_CASE("the library's version is that of its headers, and of its numbers") {
  CHECK(duplex::version() == DUPLEX_VERSION);
  CHECK(duplex::version() == std::to_string(DUPLEX_VERSION_MAJOR) + '.' +
                                 std::to_string(DUPLEX_VERSION_MINOR) + '.' +
                                 std::to_string(DUPLEX_VERSION_PATCH));
}
