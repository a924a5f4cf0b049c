#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <duplex/address.h>

#include "net/loop.h"

namespace duplex::test {

/// A name server (RFC 1035) on a port of loopback, that knows what it is told. Names that it does not
/// know do not exist.
class DnsServer final : net::WatchHandler {
 public:
  enum Type : std::uint16_t { A = 1, AAAA = 28 };
  struct Answer {
    std::vector<std::string> addresses{};
    bool silent = false;
    Milliseconds delay{0};
  };

  explicit DnsServer(net::Loop& loop) : loop_(loop), descriptor_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(descriptor_, reinterpret_cast<sockaddr*>(&name), sizeof name);
    socklen_t size = sizeof name;
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&name), &size);
    port_ = ntohs(name.sin_port);
    loop_.watch(descriptor_, true, false, *this);
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;
  ~DnsServer() {
    loop_.watch(descriptor_, false, false, *this);
    ::close(descriptor_);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void know(const std::string& name, Type type, Answer answer) { known_[{name, type}] = std::move(answer); }

  /// What was asked for, such as "a.test AAAA".
  std::vector<std::string> questions;

 private:
  void onReady(bool, bool) override {
    std::array<char, 512> packet;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t length = ::recvfrom(descriptor_, packet.data(), packet.size(), MSG_DONTWAIT,
                                      reinterpret_cast<sockaddr*>(&from), &size);
    if (length > 12) answer(std::string(packet.data(), static_cast<std::size_t>(length)), from);
  }

  void answer(const std::string& query, const sockaddr_in& to) {
    std::string name;
    std::size_t at = 12;
    while (query[at] != 0) {
      const auto label = static_cast<unsigned char>(query[at]);
      name += (name.empty() ? "" : ".") + query.substr(at + 1, label);
      at += label + 1U;
    }
    const auto type = static_cast<Type>(static_cast<unsigned char>(query[at + 2]));
    questions.push_back(name + (type == AAAA ? " AAAA" : type == A ? " A" : " ?"));
    const auto found = known_.find({name, type});
    const bool exists = known_.contains({name, A}) || known_.contains({name, AAAA});
    const Answer told = found == known_.end() ? Answer{} : found->second;
    if (told.silent) return;

    std::string reply = query.substr(0, 2) + std::string({'\x81', exists ? '\x80' : '\x83'});
    reply += std::string({0, 1, 0, static_cast<char>(told.addresses.size()), 0, 0, 0, 0});
    reply += query.substr(12, at + 5 - 12);
    for (const std::string& text : told.addresses) {
      const Address address = Address::parse(text, 0);
      const char bytes = type == AAAA ? 16 : 4;
      // A pointer to the name, class IN, a minute to live.
      reply += std::string({'\xC0', 12, 0, static_cast<char>(type), 0, 1, 0, 0, 0, 60, 0, bytes});
      reply.append(reinterpret_cast<const char*>(address.bytes().data()), static_cast<std::size_t>(bytes));
    }
    const auto send = [this, reply, to] {
      ::sendto(descriptor_, reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    };
    if (told.delay.count() == 0) return send();
    loop_.setTimer(send, told.delay, false);
  }

  net::Loop& loop_;
  int descriptor_;
  std::uint16_t port_ = 0;
  std::map<std::pair<std::string, std::uint16_t>, Answer> known_;
};

}  // namespace duplex::test
