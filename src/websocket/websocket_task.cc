#include <duplex/websocket_task.h>

#include <string>
#include <system_error>
#include <utility>

#include <duplex/request.h>

#include "websocket/connection.h"
#include "websocket/waits.h"

namespace duplex {

using websocket::Connection;
using websocket::Waits;

namespace detail {

namespace {

/// A coroutine that a connection has been handed to. It ends with the group of its connection, for what it
/// was made of may end then.
class OpenTask final : public TaskRoot {
 public:
  OpenTask(websocket::Group& group, const WebSocket& ws, const Request& req)
      : TaskRoot(&group), socket(ws), request(req), group_(group) {}

  const WebSocket socket;
  const Request request;

 private:
  void onEnd(std::exception_ptr exception) noexcept override {
    if (!exception) return;
    try {
      std::rethrow_exception(exception);
    } catch (...) {
      if (Connection* connection = Waits::connectionOf(socket)) {
        Waits::handlerFailed(*connection);
      } else {
        reportCurrent();
      }
    }
  }

  /// Of what is being handled, if there is memory for that.
  void reportCurrent() const noexcept {
    try {
      if (group_.report) group_.report(Error::current(), Address());
    } catch (...) {
    }
  }

  websocket::Group& group_;
};

[[noreturn]] void fail(const Error& error) {
  // Its message begins with what the exception says by itself.
  const std::string what = error.code.message() + ": ";
  if (error.message.starts_with(what)) throw std::system_error(error.code, error.message.substr(what.size()));
  throw std::system_error(error.code);
}

}  // namespace

Opened openTask(const WebSocket& ws, const Request* req) {
  Connection& connection = *Waits::connectionOf(ws);
  websocket::Group& group = connection.group();
  // First what may throw beside it: nobody owns the task yet.
  Waits* const waits = group.route == nullptr || !group.route->message ? &connection.waits() : nullptr;
  auto* const task = new OpenTask(group, ws, req == nullptr ? Request() : *req);
  if (waits != nullptr) waits->receiveFor(task);
  return {task, task->socket, task->request};
}

bool ReceiveWait::wait() {
  Connection* const connection = Waits::connectionOf(socket_);
  return connection != nullptr && connection->waits().receive(*this);
}

bool SendWait::wait() {
  open_ = socket_.readyState() == ReadyState::Open;
  Connection* const connection = Waits::connectionOf(socket_);
  if (!open_ || connection == nullptr) return false;
  if (!connection->isFull()) return connection->waits().yields(*this);
  open_ = false;
  return connection->waits().waitForRoom(*this);
}

bool CloseWait::wait() {
  Connection* const connection = Waits::connectionOf(socket_);
  if (connection == nullptr) return false;
  if (connection->state() != ReadyState::Closed) return connection->waits().waitForEnd(*this);
  event_ = connection->extras().closeEvent;
  return false;
}

bool ConnectWait::wait() {
  Connection* const connection = Waits::connectionOf(socket_);
  if (connection == nullptr) {
    error_ = Error(Errc::ConnectionLost, "it ended before it was awaited");
    return false;
  }
  if (connection->state() != ReadyState::Open) return connection->waits().waitForOpen(*this);
  connection->waits().receiveFor(root());
  return false;
}

WebSocket ConnectWait::await_resume() {
  if (error_.code) fail(error_);
  return std::exchange(socket_, WebSocket());
}

ConnectWait::~ConnectWait() {
  if (socket_ != WebSocket()) socket_.terminate();
}

}  // namespace detail

detail::ConnectWait WebSocket::connect(std::string_view url, const ClientOptions& options) {
  return detail::ConnectWait(WebSocket(url, options));
}

detail::ConnectWait WebSocket::connect(std::string_view url) {
  return detail::ConnectWait(WebSocket(url));
}

}  // namespace duplex
