#include "base/base64.h"

#include <doctest/doctest.h>

#include <numeric>

using duplex::asBytes;
using duplex::asText;
using duplex::base64Decode;
using duplex::base64Encode;

TEST_CASE("the vectors of RFC 4648 section 10") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    CHECK(base64Encode(asBytes(plain)) == encoded);
    const auto decoded = base64Decode(encoded);
    REQUIRE(decoded);
    CHECK(asText(*decoded) == plain);
  }
}

TEST_CASE("every byte value comes back") {
  std::string all(256, '\0');
  std::iota(all.begin(), all.end(), '\0');
  const auto decoded = base64Decode(base64Encode(asBytes(all)));
  REQUIRE(decoded);
  CHECK(asText(*decoded) == all);
}

TEST_CASE("spare bits of the last symbol are ignored") {
  CHECK(base64Decode("Zh==") == base64Decode("Zg=="));
  CHECK(base64Decode("Zm9=") == base64Decode("Zm8="));
}

TEST_CASE("what is not base64 gives nothing") {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "====", "=Zg=", "Z=g=", "Zg==Zg==", "Zm9v\n", " Zm9",
                           "Zm 9", "Zm-_", "!!!!", "Zm9v====", "Z==="}) {
    CAPTURE(text);
    CHECK_FALSE(base64Decode(text));
  }
  CHECK_FALSE(base64Decode(std::string_view("Zm9\0", 4)));
}
