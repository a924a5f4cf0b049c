#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <duplex/address.h>
#include <duplex/function.h>

#include "base/ref.h"
#include "check/case.h"
#include "check/record.h"
#include "check/talk.h"
#include "net/loop.h"
#include "transport/tls_client.h"

namespace duplex::check {

/// The server that is checked.
struct Target {
  Address address;
  /// For the Host header.
  std::string authority;
  /// Path and query.
  std::string path = "/";
  /// Over TLS, if it is set, with the server of this name at this port.
  Ref<transport::TlsClientContext> tls{};
  std::string host{};
  std::uint16_t port = 0;
};

/// Asks a server all that is asked of servers, a connection a case.
class ServerCheck {
 public:
  /// The cases, the loop and the settings outlive it.
  ServerCheck(net::Loop& loop, Target target, const Settings& settings, std::vector<const Case*> cases);
  ServerCheck(const ServerCheck&) = delete;
  ServerCheck& operator=(const ServerCheck&) = delete;
  ~ServerCheck();

  /// Begins. `onResult` is called for each case, as they end; `onDone` once after the last.
  void start(Function<void(const Result&)> onResult, Function<void()> onDone);

 private:
  class Run;

  void startMore();
  void finished(Run& run);

  net::Loop& loop_;
  const Target target_;
  const Settings& settings_;
  const std::vector<const Case*> cases_;
  std::size_t next_ = 0;
  // Connections one after the other that were refused, or did not end: with many the server is gone, or holds
  // up whatever it is asked, and the rest is not asked.
  std::size_t lost_ = 0;
  std::vector<std::unique_ptr<Run>> runs_;
  // Told of by deferred tasks, which it may not outlive.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Function<void(const Result&)> onResult_;
  Function<void()> onDone_;
};

}  // namespace duplex::check
