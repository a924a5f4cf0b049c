#include <duplex/secret.h>

#include <doctest/doctest.h>

#include <string>

using duplex::sameSecret;

TEST_CASE("python CVE-2021-33880: secrets are compared as a whole") {
  const std::string secret = "the right one";
  CHECK(sameSecret(secret, std::string(secret)));
  CHECK(sameSecret("", ""));
  CHECK_FALSE(sameSecret(secret, ""));
  CHECK_FALSE(sameSecret("", secret));
  for (std::size_t i = 0; i < secret.size(); ++i) {
    std::string wrong = secret;
    wrong[i] ^= 1;
    CHECK_FALSE(sameSecret(secret, wrong));
    CHECK_FALSE(sameSecret(secret, secret.substr(0, i)));
    CHECK_FALSE(sameSecret(secret.substr(0, i), secret));
  }
  CHECK_FALSE(sameSecret(std::string("a\0b", 3), std::string("a\0c", 3)));
}
