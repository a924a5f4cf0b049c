// Offers of permessage-deflate and the answers that they may get (RFC 7692 §7.1).
#include "check/extension.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace duplex::check;

namespace {

const std::string name = "permessage-deflate";

bool isRight(const std::string& answer, const std::string& offers) {
  std::optional<DeflateParameters> agreed;
  return checkAnswer(answer, offers, agreed).empty();
}

DeflateParameters agreedBy(const std::string& answer, const std::string& offers) {
  std::optional<DeflateParameters> agreed;
  REQUIRE(checkAnswer(answer, offers, agreed) == "");
  REQUIRE(agreed);
  return *agreed;
}

}  // namespace

TEST_CASE("a list is taken apart") {
  const auto list = parseExtensions("a; b=1;c , d;e=\"x\\y\" ");
  REQUIRE(list);
  REQUIRE(list->size() == 2);
  CHECK((*list)[0].name == "a");
  CHECK(*(*list)[0].find("b") == "1");
  CHECK((*list)[0].find("c") != nullptr);
  CHECK(!(*list)[0].find("c")->has_value());
  CHECK((*list)[0].find("d") == nullptr);
  CHECK(*(*list)[1].find("e") == "xy");
  for (const char* bad : {"", "a;", "a,", "a; b=", "a; b=\"", "a b"}) CHECK(!parseExtensions(bad));
}

TEST_CASE("what an answer agrees to") {
  const DeflateParameters plain = agreedBy(name, name);
  CHECK(plain.serverBits == 15);
  CHECK(plain.clientBits == 15);
  CHECK(!plain.serverNoTakeover);
  CHECK(!plain.clientNoTakeover);
  const DeflateParameters all =
      agreedBy(name +
                   "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; "
                   "client_max_window_bits=10",
               name + "; client_max_window_bits; server_max_window_bits=12; server_no_context_takeover");
  CHECK(all.serverBits == 9);
  CHECK(all.clientBits == 10);
  CHECK(all.serverNoTakeover);
  CHECK(all.clientNoTakeover);
  std::optional<DeflateParameters> none;
  CHECK(checkAnswer("", name, none) == "");
  CHECK(!none);
}

TEST_CASE("an answer fits its offer") {
  CHECK(isRight(name + "; server_max_window_bits=10", name));
  CHECK(isRight(name + "; client_no_context_takeover", name));
  CHECK(isRight(name, name + "; client_max_window_bits"));
  CHECK(isRight(name, name + "; client_no_context_takeover"));
  CHECK(isRight(name, name + "; x-unknown, " + name));
  CHECK(isRight(name + "; server_max_window_bits=\"10\"", name + "; server_max_window_bits=10"));

  CHECK_FALSE(isRight(name, ""));
  CHECK_FALSE(isRight("x", name));
  CHECK_FALSE(isRight(name + ", " + name, name));
  CHECK_FALSE(isRight(name, name + "; x-unknown"));
  CHECK_FALSE(isRight(name, name + "; server_no_context_takeover"));
  CHECK_FALSE(isRight(name, name + "; server_max_window_bits=10"));
  CHECK_FALSE(isRight(name, name + "; server_max_window_bits=14"));
  CHECK(isRight(name, name + "; server_max_window_bits=15"));
  CHECK_FALSE(isRight(name + "; server_max_window_bits=11", name + "; server_max_window_bits=10"));
  CHECK_FALSE(isRight(name + "; client_max_window_bits=10", name));
  CHECK_FALSE(isRight(name + "; client_max_window_bits=11", name + "; client_max_window_bits=10"));
  CHECK_FALSE(isRight(name + "; client_max_window_bits", name + "; client_max_window_bits"));
  for (const char* bits : {"7", "16", "08", "0", "", "x", "+9", "99999999999"}) {
    CHECK_FALSE(isRight(name + "; server_max_window_bits=\"" + bits + '"', name));
  }
  CHECK_FALSE(isRight(name + "; server_no_context_takeover=1", name));
  CHECK_FALSE(isRight(name + "; client_no_context_takeover; client_no_context_takeover", name));
}

TEST_CASE("what a client may offer") {
  CHECK(checkOffers("") == "");
  CHECK(checkOffers(name + "; client_max_window_bits") == "");
  CHECK(checkOffers(name + "; server_max_window_bits=8, x; y=z") == "");
  CHECK(checkOffers(name + "; server_max_window_bits") != "");
  CHECK(checkOffers(name + "; x") != "");
  CHECK(checkOffers("a;") != "");
}
