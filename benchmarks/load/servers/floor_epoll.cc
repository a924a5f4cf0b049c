// The floor: a WebSocket server as a bare loop over epoll, that does what a server must and no more. One
// receive a ready connection, into memory that all share; one copy of what it says in answer; one send for
// all of that; level-triggered.

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <system_error>
#include <vector>

#include "floor/listener.h"
#include "floor/peer.h"
#include "options.h"

namespace {

using floorServer::Answer;
using floorServer::Buffer;
using floorServer::Peer;

constexpr std::size_t receiveSize = 256 * 1024;

struct Connection {
  int descriptor = -1;
  /// Its place in `connections_`.
  std::size_t place = 0;
  Peer peer;
  /// What the kernel did not take; `size` is where it begins, `capacity` where it ends.
  Buffer rest;
  bool ends = false;
};

class Server {
 public:
  explicit Server(const Options& options)
      : broadcasts_(options.role == Options::Role::Broadcast),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        listener_(floorServer::openListener(options.port)),
        received_(std::make_unique<std::byte[]>(receiveSize)) {
    if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    control(EPOLL_CTL_ADD, listener_, EPOLLIN, nullptr);
    announce(floorServer::portOf(listener_));
  }

  [[noreturn]] void run() {
    while (true) turn();
  }

 private:
  void control(int operation, int descriptor, std::uint32_t events, Connection* connection) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = connection;
    ::epoll_ctl(epoll_, operation, descriptor, &event);
  }

  void turn() {
    const int ready = ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events_[static_cast<std::size_t>(i)];
      auto* connection = static_cast<Connection*>(event.data.ptr);
      if (connection == nullptr) {
        accept();
      } else if ((event.events & EPOLLOUT) != 0) {
        sendRest(*connection);
      } else {
        receive(*connection);
      }
    }
    if (!everyone_.empty()) sendToEveryone();
  }

  void accept() {
    int descriptor;
    while ((descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
      connections_.push_back(std::make_unique<Connection>());
      Connection& connection = *connections_.back();
      connection.descriptor = descriptor;
      connection.place = connections_.size() - 1;
      control(EPOLL_CTL_ADD, descriptor, EPOLLIN, &connection);
    }
  }

  void receive(Connection& connection) {
    Buffer& partial = connection.peer.partial;
    const bool continues = partial.bytes != nullptr;
    const std::span<std::byte> space = continues ? partial.space() : std::span(received_.get(), receiveSize);
    const ssize_t size = ::recv(connection.descriptor, space.data(), space.size(), 0);
    if (size <= 0) {
      if (size == 0 || errno != EAGAIN) drop(connection);
      return;
    }
    const auto arrived = static_cast<std::size_t>(size);
    Answer answer = connection.peer.receive(
        continues ? std::span(partial.bytes.get(), partial.size + arrived) : space.first(arrived),
        broadcasts_ ? &everyone_ : nullptr, output_);
    connection.ends = answer.ends;
    send(connection, answer.bytes, std::move(answer.owner));
  }

  void send(Connection& connection, std::span<const std::byte> bytes, std::unique_ptr<std::byte[]> owner) {
    std::size_t sent = 0;
    if (!bytes.empty() && !take(connection, bytes, sent)) return;
    if (sent == bytes.size()) {
      finish(connection);
      return;
    }
    const std::span<const std::byte> left = bytes.subspan(sent);
    if (owner != nullptr) {
      const auto begin = static_cast<std::size_t>(left.data() - owner.get());
      connection.rest = {std::move(owner), begin, begin + left.size()};
    } else {
      connection.rest = {std::make_unique_for_overwrite<std::byte[]>(left.size()), 0, left.size()};
      std::memcpy(connection.rest.bytes.get(), left.data(), left.size());
    }
    control(EPOLL_CTL_MOD, connection.descriptor, EPOLLOUT, &connection);
  }

  /// Gives bytes to the kernel and counts those that it took. False if the connection is gone.
  bool take(Connection& connection, std::span<const std::byte> bytes, std::size_t& sent) {
    const ssize_t size = ::send(connection.descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0 && errno != EAGAIN) {
      drop(connection);
      return false;
    }
    sent = size < 0 ? 0 : static_cast<std::size_t>(size);
    return true;
  }

  /// A connection that does not read is not read from either.
  void sendRest(Connection& connection) {
    Buffer& rest = connection.rest;
    std::size_t sent = 0;
    if (!take(connection, rest.space(), sent)) return;
    rest.size += sent;
    if (rest.size < rest.capacity) return;
    rest = Buffer{};
    control(EPOLL_CTL_MOD, connection.descriptor, EPOLLIN, &connection);
    finish(connection);
  }

  void finish(Connection& connection) {
    if (connection.ends) ::shutdown(connection.descriptor, SHUT_WR);
  }

  void sendToEveryone() {
    // From the back, since one that is gone takes the last one to its place.
    for (std::size_t i = connections_.size(); i-- > 0;) {
      Connection& connection = *connections_[i];
      if (!connection.peer.isWebSocket() || connection.ends) continue;
      if (connection.rest.bytes == nullptr) {
        send(connection, everyone_, nullptr);
      } else {
        append(connection.rest, everyone_);
      }
    }
    everyone_.clear();
  }

  static void append(Buffer& rest, std::span<const std::byte> bytes) {
    const std::span<std::byte> old = rest.space();
    auto both = std::make_unique_for_overwrite<std::byte[]>(old.size() + bytes.size());
    std::memcpy(both.get(), old.data(), old.size());
    std::memcpy(both.get() + old.size(), bytes.data(), bytes.size());
    rest = {std::move(both), 0, old.size() + bytes.size()};
  }

  void drop(Connection& connection) {
    ::close(connection.descriptor);
    const std::size_t place = connection.place;
    std::swap(connections_[place], connections_.back());
    connections_[place]->place = place;
    connections_.pop_back();
  }

  const bool broadcasts_;
  const int epoll_;
  const int listener_;
  const std::unique_ptr<std::byte[]> received_;
  std::array<epoll_event, 1024> events_;
  /// Where the answer to one receive is made, unless it is larger.
  std::array<std::byte, receiveSize> output_;
  std::vector<std::unique_ptr<Connection>> connections_;
  /// What this turn has for all connections.
  std::vector<std::byte> everyone_;
};

}  // namespace

int main(int argc, char** argv) try {
  const Options options = readOptions(argc, argv);
  floorServer::keepMemory();
  if (options.role == Options::Role::Watch) throw std::runtime_error("no such role here: watch");
  std::make_unique<Server>(options)->run();
} catch (const std::exception& error) {
  std::fprintf(stderr, "floor_epoll: %s\n", error.what());
  return 1;
}
