#pragma once

#include <string>
#include <system_error>

struct ssl_st;

namespace duplex::transport {

/// What went wrong with a connection, and the words for a log.
struct TlsFailure {
  std::error_code code;
  std::string text;
  /// The peer speaks plain HTTP.
  bool plainHttp = false;
};

/// Of the call that failed last on this thread, on `ssl`. Empties OpenSSL's list of errors.
TlsFailure takeTlsFailure(const ssl_st* ssl);
/// The words for OpenSSL's last error on this thread; empties the list.
std::string lastTlsError();

}  // namespace duplex::transport
