#include "protocol/deflate_offer.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace duplex::protocol;
using duplex::Errc;

namespace {

using Lines = std::vector<std::string>;

std::vector<HeaderField> headers(const Lines& lines) {
  std::vector<HeaderField> fields{{"Host", "localhost"}};
  for (const std::string& line : lines) fields.push_back({"sec-websocket-extensions", line});
  return fields;
}

/// A server's answer; "-" for none.
std::string answerTo(const Lines& lines, const DeflatePolicy& policy = {}) {
  const auto agreement = acceptDeflate(headers(lines), policy);
  return agreement ? agreement->header : "-";
}

DeflateParameters parametersFor(const std::string& offer, const DeflatePolicy& policy = {}) {
  const auto agreement = acceptDeflate(headers({offer}), policy);
  REQUIRE(agreement);
  return agreement->parameters;
}

DeflateVerdict judge(const Lines& lines, const DeflatePolicy& policy = {}) {
  return judgeDeflate(headers(lines), policy);
}

}  // namespace

TEST_CASE("what a server answers to an offer") {
  struct Row {
    std::string offer;
    std::string answer;
  };
  const Row rows[] = {
      {"permessage-deflate", "permessage-deflate"},
      {" permessage-deflate ;  client_max_window_bits ", "permessage-deflate"},
      {"permessage-deflate; client_max_window_bits=15", "permessage-deflate"},
      {"permessage-deflate; client_max_window_bits=8", "permessage-deflate; client_max_window_bits=8"},
      {"permessage-deflate; client_max_window_bits=\"10\"", "permessage-deflate; client_max_window_bits=10"},
      {"permessage-deflate; server_max_window_bits=15", "permessage-deflate; server_max_window_bits=15"},
      {"permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=8"},
      {"permessage-deflate; server_no_context_takeover", "permessage-deflate; server_no_context_takeover"},
      {"permessage-deflate; client_no_context_takeover", "permessage-deflate; client_no_context_takeover"},
      {"permessage-deflate; client_max_window_bits; server_max_window_bits=9; client_no_context_takeover; "
       "server_no_context_takeover",
       "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
       "server_max_window_bits=9"},
      // Not what it knows: without.
      {"x-webkit-deflate-frame", "-"},
      {"permessage-bzip2", "-"},
      {"Permessage-Deflate", "-"},
      {"permessage-deflate-frame", "-"},
      {"permessage-deflate; Client_Max_Window_Bits", "-"},
      {"permessage-deflate; mem_level=9", "-"},
      {"permessage-deflate; __proto__", "-"},
      // Twice, even with the same value.
      {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", "-"},
      {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", "-"},
      {"permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", "-"},
      {"permessage-deflate; client_max_window_bits; client_max_window_bits=10", "-"},
      // A value where none may be, none where one has to be.
      {"permessage-deflate; server_no_context_takeover=1", "-"},
      {"permessage-deflate; client_no_context_takeover=true", "-"},
      {"permessage-deflate; client_no_context_takeover=\"x\"", "-"},
      {"permessage-deflate; server_max_window_bits", "-"},
      // The grammar is broken.
      {"permessage-deflate;", "-"},
      {"permessage-deflate; =", "-"},
      {"permessage-deflate; server_max_window_bits=", "-"},
      {"permessage-deflate; server_max_window_bits=\"\"", "-"},
      {"permessage-deflate,", "-"},
      {"", "-"},
  };
  for (const Row& row : rows) {
    INFO(row.offer);
    CHECK(answerTo({row.offer}) == row.answer);
  }
  for (const char* value : {"0", "1", "7", "16", "08", "008", "010", "+8", "-8", "8.0", "0x8", "9a", "255",
                            "256", "99999999999999999999", "1e1", "٨"}) {
    for (const char* name : {"server_max_window_bits", "client_max_window_bits"}) {
      INFO(name, " ", value);
      CHECK(answerTo({"permessage-deflate; " + std::string(name) + "=" + value}) == "-");
    }
  }
}

TEST_CASE("of several offers the first that is good is taken, over all lines") {
  CHECK(answerTo(
            {"permessage-deflate; server_max_window_bits=7, permessage-deflate; server_max_window_bits=9"}) ==
        "permessage-deflate; server_max_window_bits=9");
  CHECK(answerTo({"foo, permessage-deflate; x, bar; a=b, permessage-deflate; client_no_context_takeover",
                  "permessage-deflate"}) == "permessage-deflate; client_no_context_takeover");
  CHECK(answerTo({"foo", "permessage-deflate"}) == "permessage-deflate");
  CHECK(answerTo({"permessage-deflate; server_max_window_bits=12", "permessage-deflate"}) ==
        "permessage-deflate; server_max_window_bits=12");
  CHECK(answerTo({}) == "-");
}

TEST_CASE("a server's own wishes") {
  const DeflatePolicy nothing{.takeover = false, .peerTakeover = false};
  CHECK(answerTo({"permessage-deflate"}, nothing) ==
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  const DeflatePolicy small{.windowBits = 10, .peerWindowBits = 9};
  // Its own window it may always say, the client's only to one who knows the word.
  CHECK(answerTo({"permessage-deflate"}, small) == "permessage-deflate; server_max_window_bits=10");
  CHECK(answerTo({"permessage-deflate; client_max_window_bits"}, small) ==
        "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9");
  CHECK(answerTo({"permessage-deflate; server_max_window_bits=12; client_max_window_bits=8"}, small) ==
        "permessage-deflate; server_max_window_bits=10; client_max_window_bits=8");
  CHECK(answerTo({"permessage-deflate; server_max_window_bits=9"}, small) ==
        "permessage-deflate; server_max_window_bits=9");
  CHECK(parametersFor("permessage-deflate", small) ==
        DeflateParameters{.serverWindowBits = 10, .clientWindowBits = 15});
}

TEST_CASE("every size of both windows") {
  for (int server = minWindowBits; server <= maxWindowBits; ++server) {
    for (int client = minWindowBits; client <= maxWindowBits; ++client) {
      const std::string offer = "permessage-deflate; server_max_window_bits=" + std::to_string(server) +
                                "; client_max_window_bits=" + std::to_string(client);
      CHECK(parametersFor(offer) ==
            DeflateParameters{.serverWindowBits = server, .clientWindowBits = client});
    }
  }
}

TEST_CASE("what a client offers") {
  CHECK(offerDeflate({}) == "permessage-deflate; client_max_window_bits");
  CHECK(offerDeflate({.takeover = false, .peerTakeover = false}) ==
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits");
  CHECK(offerDeflate({.windowBits = 9, .peerWindowBits = 10}) ==
        "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9");
}

TEST_CASE("what a client takes of a server") {
  const auto taken = [](const std::string& answer, const DeflatePolicy& policy = {}) {
    const DeflateVerdict verdict = judge({answer}, policy);
    INFO(answer);
    CHECK(verdict.error == Errc{});
    REQUIRE(verdict.agreement);
    CHECK(verdict.agreement->header == answer);
    return verdict.agreement->parameters;
  };
  CHECK(taken("permessage-deflate") == DeflateParameters{});
  CHECK(taken("permessage-deflate; server_no_context_takeover") ==
        DeflateParameters{.serverTakeover = false});
  CHECK(taken("permessage-deflate;client_no_context_takeover") == DeflateParameters{.clientTakeover = false});
  CHECK(taken("permessage-deflate; server_max_window_bits=8") == DeflateParameters{.serverWindowBits = 8});
  CHECK(taken("permessage-deflate; client_max_window_bits=\"8\"") ==
        DeflateParameters{.clientWindowBits = 8});
  const DeflatePolicy small{.takeover = false, .windowBits = 11, .peerWindowBits = 12};
  CHECK(taken("permessage-deflate; server_max_window_bits=12", small) ==
        DeflateParameters{.clientTakeover = false, .serverWindowBits = 12, .clientWindowBits = 11});
  CHECK(taken("permessage-deflate; server_max_window_bits=9; client_max_window_bits=10", small) ==
        DeflateParameters{.clientTakeover = false, .serverWindowBits = 9, .clientWindowBits = 10});
  // Without is fine.
  CHECK(judge({}).error == Errc{});
  CHECK_FALSE(judge({}).agreement);
}

TEST_CASE("what a client fails on") {
  const auto refused = [](const Lines& answer, const DeflatePolicy& policy = {}) {
    const DeflateVerdict verdict = judge(answer, policy);
    return verdict.error == Errc::ExtensionInvalid && !verdict.agreement;
  };
  for (const char* answer :
       {"", "foo", "permessage-deflate, foo", "foo, permessage-deflate",
        "permessage-deflate, permessage-deflate", "permessage-deflate;", "Permessage-Deflate",
        "permessage-deflate; foo", "permessage-deflate; foo=1", "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits", "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=0",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9"}) {
    INFO(answer);
    CHECK(refused({answer}));
  }
  // undici CVE-2026-2229.
  for (const char* value : {"0", "7", "16", "99", "\"\"", "", "08", "-8", "4294967304"}) {
    for (const char* name : {"server_max_window_bits", "client_max_window_bits"}) {
      INFO(name, " ", value);
      CHECK(refused({"permessage-deflate; " + std::string(name) + "=" + value}));
    }
  }
  CHECK(refused({"permessage-deflate", "permessage-deflate"}));
  // Not what was asked for.
  const DeflatePolicy noTakeover{.peerTakeover = false};
  CHECK(refused({"permessage-deflate"}, noTakeover));
  CHECK_FALSE(refused({"permessage-deflate; server_no_context_takeover"}, noTakeover));
  const DeflatePolicy small{.windowBits = 11, .peerWindowBits = 12};
  CHECK(refused({"permessage-deflate"}, small));
  CHECK(refused({"permessage-deflate; server_max_window_bits=13"}, small));
  CHECK(refused({"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"}, small));
  // Nothing was offered.
  CHECK(judgeDeflate(headers({"permessage-deflate"}), std::nullopt).error == Errc::ExtensionInvalid);
  CHECK(judgeDeflate(headers({}), std::nullopt).error == Errc{});
}
