#include "websocket/retry.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <system_error>

using namespace duplex;
using namespace std::chrono_literals;
using websocket::drawDelay;
using websocket::mayPass;

namespace {

Error refused(Errc code, int status) {
  Error error(code);
  error.status = status;
  return error;
}

}  // namespace

TEST_CASE("what may pass: the network, and a server that is down") {
  CHECK(mayPass(Error(std::make_error_code(std::errc::connection_refused), "")));
  CHECK(mayPass(Error(std::make_error_code(std::errc::network_unreachable), "")));
  for (const Errc code : {Errc::ConnectFailed, Errc::ConnectTimeout, Errc::NameNotFound,
                          Errc::HandshakeTimeout, Errc::IdleTimeout, Errc::ConnectionLost}) {
    CHECK(mayPass(Error(code)));
  }
  for (const int status : {408, 425, 429, 500, 502, 503, 504}) {
    CHECK(mayPass(refused(Errc::HandshakeRefused, status)));
    CHECK(mayPass(refused(Errc::ProxyRefused, status)));
  }
}

TEST_CASE("what stays: refusals, breaches of the protocol, handlers that throw") {
  for (const int status : {200, 302, 400, 401, 403, 404, 407, 426, 501, 505}) {
    CHECK_FALSE(mayPass(refused(Errc::HandshakeRefused, status)));
    CHECK_FALSE(mayPass(refused(Errc::ProxyRefused, status)));
  }
  for (const Errc code : {Errc::AcceptInvalid, Errc::ProtocolInvalid, Errc::BadResponse, Errc::ReservedBit,
                          Errc::InvalidUtf8, Errc::MessageTooBig, Errc::BufferFull, Errc::RedirectRefused,
                          Errc::Terminated, Errc::HandlerFailed, Errc::Unsupported}) {
    CHECK_FALSE(mayPass(Error(code)));
  }
  try {
    throw std::system_error(std::make_error_code(std::errc::connection_reset));
  } catch (...) {
    CHECK_FALSE(mayPass(Error::current()));
  }
}

TEST_CASE("delays are drawn from 0 to a most that doubles up to its limit") {
  const Reconnect options{.delay = 100ms, .maxDelay = 1000ms};
  const Milliseconds most[] = {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms};
  for (unsigned tries = 1; tries <= 6; ++tries) {
    Milliseconds least = 1h;
    Milliseconds largest{0};
    for (int i = 0; i < 2000; ++i) {
      const Milliseconds delay = drawDelay(options, tries);
      least = std::min(least, delay);
      largest = std::max(largest, delay);
    }
    CHECK(largest <= most[tries - 1]);
    // Of 2,000 draws: one in 10^45 has none in the outer twentieths.
    CHECK(least >= 0ms);
    CHECK(least < most[tries - 1] / 20);
    CHECK(largest > most[tries - 1] * 19 / 20);
  }
}

TEST_CASE("delays at their limits") {
  CHECK(drawDelay({.delay = 0ms}, 10) == 0ms);
  CHECK(drawDelay({.delay = 10s, .maxDelay = 0ms}, 1) == 0ms);
  CHECK(drawDelay({.delay = 1h, .maxDelay = 10ms}, 1) <= 10ms);
  const auto far = drawDelay({.delay = 1ms, .maxDelay = Milliseconds::max()}, 4'000'000'000U);
  CHECK(far >= 0ms);
}
