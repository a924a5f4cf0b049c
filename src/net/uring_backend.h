#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/alarm.h"
#include "net/backend.h"
#include "net/spare_descriptor.h"
#include "net/uring_buffers.h"
#include "net/uring_ring.h"

namespace duplex::net {

class Loop;

/// For tests; the defaults are what was found best.
struct UringOptions {
  /// Entries of the two queues; the kernel rounds them up to powers of two. A short submission queue
  /// stays in the nearest cache, and is handed over early when it is full.
  unsigned submissions = 256;
  unsigned completions = 4096;
  /// Bytes to receive into; see UringBuffers. As much is touched as the busiest turn needed.
  std::size_t receiveMemory = 4 * 1024 * 1024;
};

/// Completions as io_uring gives them, with one system call a turn: it hands over what is to be sent,
/// and waits. Each connection has one receive that goes on until it is cancelled, into buffers that
/// all share.
///
/// A send never waits in the kernel: it takes at once what it can, and says nothing if that was all.
/// So what is queued need not outlive the call that hands it over, a turn in which all goes well has
/// no completions of sends, and only what the peers do ends the wait.
class UringBackend final : public Backend {
 public:
  /// Throws std::system_error where the kernel does not offer this, or forbids it; see probeUring.
  explicit UringBackend(Loop& loop, const UringOptions& options = {});
  ~UringBackend() override;

  std::string_view name() const noexcept override { return "uring"; }
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

  void handOver() noexcept override;
  void wait(std::optional<TimePoint> deadline) override;
  void dispatch() override;

 private:
  // What an operation is: the lowest bits of what it carries. The rest is the address of its object.
  enum class Kind : std::uint64_t { Receive, Send, Poll, Close, Accept, Watch, Ignored };
  // What the kernel has been asked for and has not completed, in State::registered.
  enum Operation : std::uint32_t {
    Receiving = 1,
    Sending = 2,
    PollingHangUp = 4,
    PollingOut = 8,
    Closing = 16,
    Polling = PollingHangUp | PollingOut,
    InFlight = Receiving | Sending | Polling | Closing,
    // It has been asked to end them.
    ReceiveCancelled = 32,
    PollCancelled = 64,
    // The descriptor is in the ring's table of files.
    Listed = 128,
    // What it has been asked to receive is told when it can be read, into memory of the handler's.
    Readable = 256,
  };
  static constexpr std::size_t directBufferSize = 256 * 1024;
  struct Listener;
  struct Watched;
  struct Gathered;
  struct Completion {
    std::uint64_t data;
    int result;
    unsigned flags;
  };
  // A send that has been prepared: of the queue, of one shared frame, or of a frame that lies where it was
  // received.
  struct Staged {
    Socket* socket;
    std::size_t size;
    Ref<SharedBytes> single{};
    const std::byte* received = nullptr;
  };
  struct Shortfall {
    Socket* socket;
    int result;
  };

  // The ring (uring_backend.cc).
  static std::uint64_t tag(const void* object, Kind kind) noexcept;
  io_uring_sqe& prepare(const void* object, Kind kind);
  void cancel(const void* object, Kind kind);
  void submit() noexcept;
  void emptyCompletions() noexcept;
  bool hasWork() const noexcept;
  bool takeCompletion(Completion& completion) noexcept;
  void complete(const Completion& completion);

  // Listeners and watches (uring_backend.cc).
  void accept(Listener& listener);
  void onAccepted(Listener& listener, const Completion& completion);
  void acceptFailed(Listener& listener, int error);
  void acceptAgain();
  void poll(Watched& watched);
  void onWatched(Watched& watched, int result);

  // Sockets (uring_socket.cc).
  void list(Socket& socket);
  void unlist(Socket& socket) noexcept;
  static void useList(const Socket& socket, io_uring_sqe& sqe) noexcept;
  void receive(Socket& socket, bool waitFirst = false);
  void awaitReadable(Socket& socket);
  void stopReceiving(Socket& socket);
  void poll(Socket& socket);
  void completed(Socket& socket, std::uint32_t operations) noexcept;
  void onReceived(Socket& socket, const Completion& completion);
  void receiveDirectly(Socket& socket);
  void received(Socket& socket, int result, MutableBytes bytes);
  void deliver(Socket& socket, MutableBytes bytes);
  void deliverHeld();
  void onPolled(Socket& socket, int result);
  void finishConnect(Socket& socket);
  void forget(Socket& socket) noexcept;

  // Sending (uring_sending.cc).
  Staged stage(Socket& socket, io_uring_sqe& sqe) noexcept;
  void sendReceived(Socket& socket, Bytes frame, std::size_t payload) noexcept;
  void settleReceived();
  void handOverStaged() noexcept;
  void putBack(Staged& staged, std::size_t taken);
  bool notesShortfall(std::uint64_t data, int result);
  void findShortfalls();
  int shortfall(Socket& socket, std::size_t size) const noexcept;
  void settle();
  void finishSettling();
  void settle(Staged& staged);
  void finishFlush(Socket& socket);

  Loop& loop_;
  UringRing ring_;
  UringBuffers buffers_;
  SpareDescriptor spare_;
  // For what does not go into the shared buffers. It takes no memory before it is used.
  std::unique_ptr<std::byte[]> directBuffer_;
  // What was taken out of a completion queue that had overflowed.
  std::deque<Completion> overflowed_;

  // Sends that have been prepared in this turn; those whose outcome is being looked at.
  std::vector<Staged> staged_;
  std::vector<Staged> settling_;
  std::size_t settled_ = 0;
  // What a handler is being given, in the shared buffers.
  Bytes delivering_;
  // Sends from there have been prepared.
  bool sendsReceived_ = false;
  // Something waits behind a send that has been prepared: the next wait is not to block.
  bool behind_ = false;
  std::vector<Shortfall> shortfalls_;
  // What gathered sends refer to until they are handed over.
  std::vector<std::unique_ptr<Gathered>> gathered_;
  std::size_t gatheredUsed_ = 0;

  std::unordered_map<int, std::unique_ptr<Listener>> listeners_;
  std::unordered_map<int, std::unique_ptr<Watched>> watched_;
  // Those that are no more, but the kernel still refers to them.
  std::vector<std::unique_ptr<Listener>> stopped_;
  std::vector<std::unique_ptr<Watched>> unwatched_;
  Alarm<UringBackend> restOver_{*this, &UringBackend::acceptAgain};

  // What came for sockets that are paused, and those of them that are so no more.
  std::unordered_map<Socket*, std::vector<std::byte>> held_;
  std::vector<Socket*> resumed_;
  // Sockets whose connect failed at once; told by the next dispatch.
  std::vector<std::pair<Socket*, std::error_code>> refused_;
  // Closed sockets that the kernel still refers to.
  std::size_t closing_ = 0;
};

}  // namespace duplex::net
