#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/error.h>
#include <duplex/error_context.h>
#include <duplex/function.h>
#include <duplex/task.h>

#include "http/chain.h"
#include "http/header_block.h"
#include "http/request_data.h"
#include "net/mailbox.h"

namespace duplex::http {

class ServerConnection;

/// One request and its answer: what the handles Request, Response and Next share. It outlives its
/// connection for as long as one of them is kept.
///
/// Of its parts the request is constant once the handlers run; `connection` and the chain belong to
/// the owner's thread; status and headers belong to whoever answers, one thread at a time; the
/// atomics are what the threads agree through.
struct Exchange final : RequestData {
  Exchange() = default;
  ~Exchange() override;
  Exchange* exchange() noexcept override { return this; }

  std::string body;

  // --- where it runs

  /// Null once the client has left or the connection was upgraded. Owner's thread only.
  ServerConnection* connection = nullptr;
  net::Mailbox* mailbox = nullptr;
  /// Whether this is the owner's thread.
  bool local() const noexcept { return mailbox != nullptr && mailbox->local() != nullptr; }
  /// Runs `action` on the owner's thread, unless the client leaves before: now if this is it.
  void onOwner(Function<void(ServerConnection&)> action);

  Chain chain;
  /// The pattern of the handler that ran last, but for error handlers.
  std::string_view route;
  ErrorContext context() const noexcept { return {remote, route}; }

  // --- the answer

  int status = 200;
  HeaderBlock headers;
  /// The answer has been decided on; `claim` is how one call among all becomes the one that did.
  std::atomic<bool> claimed{false};
  std::atomic<bool> headSent{false};
  /// Nobody listens any more.
  std::atomic<bool> left{false};
  /// More is queued than the peer takes; see `Response::write`.
  std::atomic<bool> congested{false};
  bool claim() noexcept { return !claimed.exchange(true, std::memory_order_acq_rel); }
  bool ended() const noexcept;

  /// Response and Next handles, which can still answer. When the last goes without an answer the
  /// client gets 500.
  void retainAnswerer() noexcept { answerers_.fetch_add(1, std::memory_order_relaxed); }
  void releaseAnswerer() noexcept;

  /// See Response. From any thread.
  void onDrain(Function<void()> handler);
  void onClose(Function<void()> handler);
  using Report = Function<void(const Error&, const ErrorContext&)>;
  /// Runs the drain handler. What a handler throws goes to `report`. Owner's thread, as the next.
  void drained(const Report& report);
  /// `wait` goes on, from a later task, when the tie to the connection is cut.
  void awaitAnswer(detail::Wait& wait) noexcept { wait.moveBefore(waits_); }
  /// Cuts the tie to the connection. The close handlers run if the answer was not complete.
  void detach(bool complete, const Report& report);

  /// Makes it as new, but keeps the memory; nobody else may refer to it.
  void reset() noexcept;

 private:
  std::atomic<std::uint32_t> answerers_{0};
  Function<void()> drainHandler_;
  std::vector<Function<void()>> closeHandlers_;
  detail::Link waits_;
};

}  // namespace duplex::http
