#pragma once

#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <duplex/error.h>
#include <duplex/export.h>
#include <duplex/message.h>
#include <duplex/task.h>
#include <duplex/websocket.h>

/// What coroutines do with a WebSocket; see `receive`, `send`, `closed` and `connect` there.
namespace duplex {

namespace detail {

class DUPLEX_API ReceiveWait final : public Wait {
 public:
  explicit ReceiveWait(const WebSocket& socket) noexcept : socket_(socket) {}

  template <class P>
  bool await_suspend(std::coroutine_handle<P> coroutine) {
    hold(coroutine);
    return wait();
  }
  std::optional<OwnedMessage> await_resume() noexcept { return std::move(message_); }

 private:
  friend class websocket::Waits;
  bool wait();

  WebSocket socket_;
  std::optional<OwnedMessage> message_;
};

class DUPLEX_API SendWait final : public Wait {
 public:
  explicit SendWait(const WebSocket& socket) noexcept : socket_(socket) {}

  template <class P>
  bool await_suspend(std::coroutine_handle<P> coroutine) {
    hold(coroutine);
    return wait();
  }
  bool await_resume() const noexcept { return open_; }

 private:
  friend class websocket::Waits;
  bool wait();

  WebSocket socket_;
  bool open_ = false;
};

class DUPLEX_API CloseWait final : public Wait {
 public:
  explicit CloseWait(const WebSocket& socket) noexcept : socket_(socket) {}

  template <class P>
  bool await_suspend(std::coroutine_handle<P> coroutine) {
    hold(coroutine);
    return wait();
  }
  CloseEvent await_resume() noexcept { return std::move(event_); }

 private:
  friend class websocket::Waits;
  bool wait();

  WebSocket socket_;
  CloseEvent event_;
};

class DUPLEX_API ConnectWait final : public Wait {
 public:
  explicit ConnectWait(const WebSocket& socket) noexcept : socket_(socket) {}
  ~ConnectWait();

  template <class P>
  bool await_suspend(std::coroutine_handle<P> coroutine) {
    hold(coroutine);
    return wait();
  }
  WebSocket await_resume();

 private:
  friend class websocket::Waits;
  bool wait();

  WebSocket socket_;
  Error error_;
};

/// What a coroutine that a connection is handed to works with, for as long as it lives.
struct Opened {
  TaskRoot* root;
  const WebSocket& socket;
  const Request& request;
};
/// With an empty request if `req` is null.
DUPLEX_API Opened openTask(const WebSocket& ws, const Request* req);

template <>
struct StartCoroutine<void(WebSocket, const Request&)> {
  template <class F>
  static void start(F& open, const WebSocket& ws, const Request& req) {
    if constexpr (std::is_invocable_v<F&, const WebSocket&, const Request&>) {
      const Opened opened = openTask(ws, &req);
      TaskRoot::run(opened.root, [&] { return open(opened.socket, opened.request); });
    } else if constexpr (std::is_invocable_v<F&, const WebSocket&>) {
      // A request keeps more memory than all the rest.
      const Opened opened = openTask(ws, nullptr);
      TaskRoot::run(opened.root, [&] { return open(opened.socket); });
    } else {
      TaskRoot::run(openTask(ws, nullptr).root, [&] { return open(); });
    }
  }
};

}  // namespace detail

inline detail::SendWait Sent::operator co_await() const noexcept {
  return detail::SendWait(socket);
}
inline detail::ReceiveWait WebSocket::receive() const noexcept {
  return detail::ReceiveWait(*this);
}
inline detail::CloseWait WebSocket::closed() const noexcept {
  return detail::CloseWait(*this);
}

}  // namespace duplex
