#include <duplex/error.h>

#include <doctest/doctest.h>

#include <ostream>
#include <set>
#include <stdexcept>

using duplex::Errc;
using duplex::Error;

TEST_CASE("every error has a message of its own") {
  std::set<std::string> messages;
  constexpr int last = static_cast<int>(Errc::Unsupported);
  for (int value = 1; value <= last; ++value) {
    messages.insert(duplex::make_error_code(static_cast<Errc>(value)).message());
  }
  CHECK(messages.size() == last);
  CHECK(messages.count("unknown error") == 0);
  CHECK(duplex::errorCategory().message(0) == "no error");
  CHECK(duplex::errorCategory().message(last + 1) == "unknown error");
  CHECK(duplex::errorCategory().message(-1) == "unknown error");
}

TEST_CASE("what a peer is told") {
  CHECK(duplex::closeCode(Errc::ReservedBit) == 1002);
  CHECK(duplex::closeCode(Errc::CloseCodeInvalid) == 1002);
  CHECK(duplex::closeCode(Errc::InvalidUtf8) == 1007);
  CHECK(duplex::closeCode(Errc::TooManyFragments) == 1008);
  CHECK(duplex::closeCode(Errc::MessageTooBig) == 1009);
  CHECK(duplex::closeCode(Errc::HandlerFailed) == 1011);
  CHECK(duplex::closeCode(Errc::ConnectionLost) == 1006);
  CHECK(duplex::closeCode(Errc{}) == 1006);

  CHECK(duplex::httpStatus(Errc::VersionUnsupported) == 426);
  CHECK(duplex::httpStatus(Errc::KeyInvalid) == 400);
  CHECK(duplex::httpStatus(Errc::OriginForbidden) == 403);
  CHECK(duplex::httpStatus(Errc::RequestTimeout) == 408);
  CHECK(duplex::httpStatus(Errc::BodyTooLarge) == 413);
  CHECK(duplex::httpStatus(Errc::HeaderTooLarge) == 431);
  CHECK(duplex::httpStatus(Errc::HandlerFailed) == 500);
  CHECK(duplex::httpStatus(Errc{}) == 500);
}

TEST_CASE("an Errc is an error_code") {
  const std::error_code code = Errc::KeyInvalid;
  CHECK(code == Errc::KeyInvalid);
  CHECK(code != Errc::BadRequest);
  CHECK(std::string(code.category().name()) == "duplex");
}

TEST_CASE("an Error says what and why") {
  const Error plain = Errc::BodyTooLarge;
  CHECK(plain.code == Errc::BodyTooLarge);
  CHECK(plain.message == "the body is larger than the limit");
  CHECK(plain.status == 413);
  CHECK(plain.exception == nullptr);

  CHECK(Error(Errc::BodyTooLarge, "5 MB").message == "the body is larger than the limit: 5 MB");

  const Error foreign(std::make_error_code(std::errc::connection_refused), "127.0.0.1:9");
  CHECK(foreign.code == std::errc::connection_refused);
  CHECK(foreign.status == 500);
  CHECK(foreign.message.ends_with(": 127.0.0.1:9"));
}

namespace {

template <class T>
Error caught(T thrown) {
  try {
    throw thrown;
  } catch (...) {
    return Error::current();
  }
}

}  // namespace

TEST_CASE("an Error of what is being handled") {
  const Error runtime = caught(std::runtime_error("no such user"));
  CHECK(runtime.code == Errc::HandlerFailed);
  CHECK(runtime.message == "a handler threw: no such user");
  CHECK(runtime.status == 500);
  CHECK_THROWS_AS(std::rethrow_exception(runtime.exception), std::runtime_error);

  const Error chosen = caught(std::system_error(Errc::OriginForbidden));
  CHECK(chosen.code == Errc::OriginForbidden);
  CHECK(chosen.status == 403);

  const Error foreign = caught(std::system_error(std::make_error_code(std::errc::no_space_on_device)));
  CHECK(foreign.code == std::errc::no_space_on_device);
  CHECK(foreign.status == 500);

  const Error odd = caught(7);
  CHECK(odd.code == Errc::HandlerFailed);
  CHECK_THROWS_AS(std::rethrow_exception(odd.exception), int);
}
