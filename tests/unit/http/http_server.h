#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "http/connection.h"
#include "support/loops.h"

namespace duplex::test {

/// An answer taken apart. A chunked body is put together.
struct Reply {
  int status = 0;
  std::string head;
  std::string body;

  /// The value of a header; empty if there is none.
  std::string header(std::string_view name) const {
    const std::string start = "\r\n" + std::string(name) + ": ";
    const std::size_t at = head.find(start);
    if (at == std::string::npos) return {};
    const std::size_t from = at + start.size();
    return head.substr(from, head.find('\r', from) - from);
  }
};

/// Takes the first answer off the front of `bytes`, which came for `method`; status 0 if there is no
/// whole one. `ended`: the connection has, and so has a body without a length.
inline Reply takeReply(std::string& bytes, std::string_view method = "GET", bool ended = false) {
  Reply reply;
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return reply;
  reply.head = bytes.substr(0, end + 4);
  const int status = std::stoi(reply.head.substr(9, 3));
  std::size_t at = end + 4;
  if (method == "HEAD" || status < 200 || status == 204 || status == 304) {
  } else if (const std::string length = reply.header("Content-Length"); !length.empty()) {
    if (bytes.size() < at + std::stoul(length)) return reply;
    reply.body = bytes.substr(at, std::stoul(length));
    at += reply.body.size();
  } else if (reply.header("Transfer-Encoding") == "chunked") {
    // Put together once all of it is there: this is called for every piece that arrives.
    std::vector<std::pair<std::size_t, std::size_t>> chunks;
    for (std::size_t size = 1; size != 0;) {
      const std::size_t line = bytes.find("\r\n", at);
      if (line == std::string::npos) return reply;
      size = std::stoul(bytes.substr(at, line - at), nullptr, 16);
      if (bytes.size() < line + 4 + size) return reply;
      chunks.emplace_back(line + 2, size);
      at = line + 4 + size;
    }
    for (const auto& [start, size] : chunks) reply.body.append(bytes, start, size);
  } else {
    if (!ended) return reply;
    reply.body = bytes.substr(at);
    at = bytes.size();
  }
  bytes.erase(0, at);
  reply.status = status;
  return reply;
}

/// A client's end of a connection, which sends what it is told to and keeps what comes.
class Client final : net::SocketHandler {
 public:
  Client(net::Loop& loop, const Address& address) : loop_(loop), socket_(&loop.connect(address, *this)) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() {
    if (socket_ != nullptr) socket_->close();
  }

  Client& send(std::string_view text) {
    if (socket_ != nullptr) socket_->output().append(text);
    return *this;
  }
  void shutdown() { socket_->shutdown(); }
  void leave(bool abruptly = false) {
    if (socket_ != nullptr) std::exchange(socket_, nullptr)->close(abruptly);
  }
  void pause() {
    if (socket_ != nullptr) socket_->pause();
  }
  void resume() {
    if (socket_ != nullptr) socket_->resume();
  }

  /// Turns the loop until a whole answer has come, or the connection has ended.
  Reply reply(std::string_view method = "GET") {
    Reply reply;
    turnUntil(loop_, [&] {
      reply = takeReply(received, method, ended);
      return reply.status != 0 || ended;
    });
    return reply;
  }
  /// Turns the loop until the server has closed.
  bool closes() {
    return turnUntil(loop_, [this] { return ended; });
  }
  /// Turns the loop until `text` has come.
  bool receives(std::string_view text) {
    return turnUntil(loop_, [&] { return received.find(text) != std::string::npos; });
  }

  std::string received;
  bool ended = false;
  bool reset = false;

 private:
  void onData(MutableBytes bytes) override { received += asText(bytes); }
  void onEnd() override { ended = true; }
  void onFailed(std::error_code error) override {
    socket_ = nullptr;
    ended = true;
    reset = static_cast<bool>(error);
  }

  net::Loop& loop_;
  net::Socket* socket_;
};

/// A server on a free port: routes and what ServerContext needs, without an App.
class HttpServer final : net::AcceptHandler {
 public:
  explicit HttpServer(net::Loop& on)
      : loop(on), listening_(loop.listen(Address::parse("127.0.0.1", 0), *this)) {
    context.report = [this](const Error& error) { errors.push_back(error); };
    context.ended = [this](http::ServerConnection& connection) { connections.erase(&connection); };
    context.upgrade = [](http::Exchange& exchange, http::UpgradeRoute&) { exchange.connection->refuse(403); };
  }
  ~HttpServer() {
    loop.stopListening(listening_);
    while (!connections.empty()) (*connections.begin())->abort();
  }

  /// Adds `f(req, res)` or `f(req, res, next)`; an empty method is `use`.
  template <class F>
  void on(std::string_view method, std::string_view path, F f) {
    using http::Routes;
    const Routes::Kind kind = method.empty()  ? Routes::Kind::Use
                              : method == "*" ? Routes::Kind::All
                                              : Routes::Kind::Method;
    routes->add(kind, method, path, handler(std::move(f)));
  }
  template <class F>
  static http::RequestHandler handler(F f) {
    return [f = std::move(f)](Request& req, Response& res, Next& next) mutable {
      if constexpr (std::is_invocable_v<F&, Request&, Response&, Next&>) {
        f(req, res, next);
      } else {
        f(req, res);
      }
    };
  }

  const Address& address() const noexcept { return listening_.address; }
  std::unique_ptr<Client> connect() { return std::make_unique<Client>(loop, address()); }
  /// Sends one request on a connection of its own; `lines` are whole header lines.
  Reply request(std::string_view method, std::string_view target, std::string_view lines = {},
                std::string_view body = {}) {
    const auto client = connect();
    std::string text(method);
    text.append(" ").append(target).append(" HTTP/1.1\r\nHost: a\r\n").append(lines);
    if (!body.empty()) text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    client->send(text.append("\r\n").append(body));
    return client->reply(method);
  }
  Reply get(std::string_view target, std::string_view lines = {}) { return request("GET", target, lines); }
  /// What a handshake to `target` is answered.
  Reply upgrade(std::string_view target) {
    return get(target,
               "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  }

  net::Loop& loop;
  HttpLimits limits;
  Ref<http::Routes> routes = Ref<http::Routes>::adopt(new http::Routes);
  http::ServerContext context{limits, *routes, {}, {}, {}};
  std::vector<Error> errors;
  std::unordered_set<http::ServerConnection*> connections;

 private:
  void onAccepted(net::Accepted accepted) override {
    connections.insert(new http::ServerConnection(context, loop, accepted));
  }

  net::Listening listening_;
};

}  // namespace duplex::test
