#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/loop.h"

namespace duplex::test {

/// An HTTP proxy on the loop under test: reads the head of a request, answers as it is told and, where that
/// is 200, passes bytes on to `target` and back, whatever server was named.
class HttpProxy final : net::AcceptHandler {
 public:
  HttpProxy(net::Loop& loop, const Address& target)
      : loop_(loop), target_(target), listening_(loop.listen(Address::parse("127.0.0.1", 0), *this)) {}
  HttpProxy(const HttpProxy&) = delete;
  HttpProxy& operator=(const HttpProxy&) = delete;
  ~HttpProxy() { loop_.stopListening(listening_); }

  std::string authority() const { return listening_.address.string(); }

  /// The heads that were sent to it.
  std::vector<std::string> requests;
  std::string answer = "HTTP/1.1 200 Connection established\r\n\r\n";
  /// Ends the connection when it has answered.
  bool hangUp = false;

 private:
  struct Pair;
  struct End final : net::SocketHandler {
    void onConnected() override { pass(); }
    void onData(MutableBytes bytes) override;
    void onEnd() override {
      if (peer().socket != nullptr) peer().socket->shutdown();
    }
    void onFailed(std::error_code) override {
      socket = nullptr;
      if (peer().socket != nullptr) std::exchange(peer().socket, nullptr)->close();
    }
    End& peer() const;
    void pass() {
      if (socket != nullptr) socket->output().append(std::exchange(waiting, std::string()));
    }
    Pair* owner = nullptr;
    net::Socket* socket = nullptr;
    std::string waiting;
  };
  struct Pair {
    explicit Pair(HttpProxy& of) : proxy(of) { client.owner = server.owner = this; }
    ~Pair() {
      for (End* end : {&client, &server}) {
        if (end->socket != nullptr) end->socket->close();
      }
    }
    void onData(End& end, std::string_view text);

    HttpProxy& proxy;
    End client;
    End server;
    std::string head;
    bool open = false;
  };

  void onAccepted(net::Accepted accepted) override {
    pairs_.push_back(std::make_unique<Pair>(*this));
    pairs_.back()->client.socket = &loop_.adopt(accepted, pairs_.back()->client);
  }

  net::Loop& loop_;
  const Address target_;
  std::vector<std::unique_ptr<Pair>> pairs_;
  net::Listening listening_;
};

inline void HttpProxy::End::onData(MutableBytes bytes) {
  owner->onData(*this, asText(bytes));
}

inline HttpProxy::End& HttpProxy::End::peer() const {
  return this == &owner->client ? owner->server : owner->client;
}

inline void HttpProxy::Pair::onData(End& end, std::string_view text) {
  if (open) {
    end.peer().waiting += text;
    if (&end == &server || !server.socket->state().connecting) end.peer().pass();
    return;
  }
  head += text;
  if (head.find("\r\n\r\n") == std::string::npos) return;
  proxy.requests.push_back(head);
  client.socket->output().append(proxy.answer);
  if (proxy.hangUp) client.socket->shutdown();
  if (proxy.answer.find(" 200 ") == std::string::npos) return;
  open = true;
  server.socket = &proxy.loop_.connect(proxy.target_, server);
}

}  // namespace duplex::test
