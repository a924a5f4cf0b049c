#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/alarm.h"
#include "net/backend.h"
#include "net/spare_descriptor.h"

namespace duplex::net {

class Loop;

/// Readiness turned into completions: every connection that is readable is read once a turn, into
/// one buffer that all share; a queue is sent with one gathered call.
class EpollBackend final : public Backend {
 public:
  explicit EpollBackend(Loop& loop);
  ~EpollBackend() override;

  std::string_view name() const noexcept override { return "epoll"; }
  TimePoint now() noexcept override { return Clock::now(); }

  Listening listen(const Address& address, AcceptHandler& handler) override;
  void stopListening(int descriptor) noexcept override;
  void discard(const Accepted& accepted) noexcept override;

  void start(Socket& socket) override;
  void connect(Socket& socket) override;
  void updateReading(Socket& socket) override;
  void flush(Socket& socket) override;
  std::size_t sendNow(Socket& socket, Bytes head, Bytes body) noexcept override;
  void close(Socket& socket, bool reset) noexcept override;
  void watch(int descriptor, bool readable, bool writable, WatchHandler& handler) override;

  void wait(std::optional<TimePoint> deadline) override;
  void dispatch() override;

 private:
  void control(int operation, int descriptor, std::uint32_t events, std::uint64_t key);
  void setInterest(Socket& socket, std::uint32_t events);
  void updateInterest(Socket& socket);
  void onSocket(Socket& socket, std::uint32_t events);
  bool sendSingle(Socket& socket);
  void finishConnect(Socket& socket);
  void read(Socket& socket);
  void accept(int descriptor);
  void rest(int descriptor);
  void acceptAgain();
  void onWatched(int descriptor, std::uint32_t events);

  Loop& loop_;
  int epoll_;
  SpareDescriptor spare_;
  std::unique_ptr<std::byte[]> receiveBuffer_;
  std::unique_ptr<epoll_event[]> events_;
  std::size_t ready_ = 0;
  std::unordered_map<int, AcceptHandler*> listeners_;
  // Listeners that are not asked for a while, for want of descriptors or memory.
  std::vector<int> resting_;
  Alarm<EpollBackend> restOver_{*this, &EpollBackend::acceptAgain};
  std::unordered_map<int, WatchHandler*> watched_;
  // Sockets whose connect failed at once; told by the next dispatch.
  std::vector<std::pair<Socket*, std::error_code>> refused_;
};

}  // namespace duplex::net
