#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/address.h>
#include <duplex/function.h>

#include "base/ref.h"
#include "check/case.h"
#include "check/record.h"
#include "check/talk.h"
#include "net/loop.h"
#include "transport/listener.h"
#include "transport/tls_context.h"

namespace duplex::check {

/// Asks clients that connect to it all that is asked of clients, a connection a case. The path says which:
///
///     /getCaseCount            a message with the number of cases, and a Close
///     /runCase?case=N&agent=A  case N, from 1
///     /getCaseStatus?case=N    a message with how it went, as JSON
///     /updateReports           ends the check
///
/// which clients that are made for a fuzzing server know; on any other path the next case is run. There is no
/// more where it answers 404; a client that lacks what a case is about, compression, gets 501 instead of it.
class ClientCheck {
 public:
  /// Over TLS if `tls` is set. Throws std::system_error if the address cannot be had. The cases, the loop and
  /// the settings outlive it.
  ClientCheck(net::Loop& loop, const Address& listenOn, const Settings& settings,
              std::vector<const Case*> cases, Ref<transport::TlsServerContext> tls = {});
  ClientCheck(const ClientCheck&) = delete;
  ClientCheck& operator=(const ClientCheck&) = delete;
  ~ClientCheck();

  /// `onResult` is called for each case, as they end; `onDone` once, when all have been asked or the client
  /// has asked for the report.
  void start(Function<void(const Result&)> onResult, Function<void()> onDone);

  const Address& address() const noexcept { return listener_.address(); }
  /// Whether the client has asked for the report, and so knows that there is no more to come.
  bool isToldOfEnd() const noexcept { return reportAsked_; }
  /// What the client called itself; empty if it did not.
  const std::string& agent() const noexcept { return agent_; }

 private:
  class Run;

  void accept(net::Accepted accepted);
  /// The case that a request for `target` asks for: one of the table, or one that `service` becomes.
  const Case* choose(std::string_view target, Case& service);
  bool isFresh(const std::string& key) { return keys_.insert(key).second; }
  void finished(Run& run);

  net::Loop& loop_;
  const Settings& settings_;
  const std::vector<const Case*> cases_;
  const Ref<transport::TlsServerContext> tls_;
  std::vector<Verdict> verdicts_;
  std::size_t next_ = 0;
  std::size_t told_ = 0;
  // It counts the cases, and will say when it has had enough of them.
  bool asksForReport_ = false;
  bool reportAsked_ = false;
  bool done_ = false;
  std::string agent_;
  std::set<std::string> keys_;
  std::vector<std::unique_ptr<Run>> runs_;
  // Told of by deferred tasks, which it may not outlive.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Function<void(const Result&)> onResult_;
  Function<void()> onDone_;
  transport::Listener listener_;
};

}  // namespace duplex::check
