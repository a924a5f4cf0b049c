// The floor: a WebSocket server as a bare loop over io_uring, that does what a server must and no more.
// Connections are accepted and received by requests that stay; what is received is answered from where it
// lies; all sends of a turn are submitted together with the wait for the next.

#include <liburing.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "floor/buffer_ring.h"
#include "floor/listener.h"
#include "floor/peer.h"
#include "options.h"

namespace {

using floorServer::Answer;
using floorServer::Buffer;
using floorServer::BufferRing;
using floorServer::Peer;

constexpr unsigned entries = 4096;
constexpr std::size_t maxQueued = 64 * 1024 * 1024;
constexpr unsigned noBuffer = ~0u;

/// Messages for all connections, kept until each of them has got it.
struct Everyone {
  std::vector<std::byte> bytes;
  std::size_t users = 0;
};

/// What a send in flight reads from: at most one of these.
struct Source {
  unsigned buffer = noBuffer;
  std::unique_ptr<std::byte[]> owner{};
  Everyone* everyone = nullptr;
  std::vector<std::byte> queued{};
};

struct Connection {
  /// An index into the ring's table of files.
  int file = -1;
  /// Its place in `connections_`.
  std::size_t place = 0;
  Peer peer;
  bool receiving = false;
  bool sending = false;
  /// Nothing more is sent.
  bool ends = false;
  std::size_t sendSize = 0;
  Source source;
  /// What is to follow the send in flight.
  std::vector<std::byte> queued;
};

// The lowest bits of a request's data tell what it was; the rest is its connection.
enum Request : std::uintptr_t { Accept, Receive, Send, Other, RequestMask = 3 };

class Server {
 public:
  explicit Server(const Options& options)
      : broadcasts_(options.role == Options::Role::Broadcast),
        listener_(floorServer::openListener(options.port)) {
    io_uring_params parameters{};
    parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    parameters.cq_entries = 4 * entries;
    check(io_uring_queue_init_params(entries, &ring_, &parameters), "io_uring_queue_init_params");
    check(io_uring_register_ring_fd(&ring_), "io_uring_register_ring_fd");
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    check(io_uring_register_files_sparse(&ring_,
                                         static_cast<unsigned>(std::min<rlim_t>(files.rlim_cur, 1 << 17))),
          "io_uring_register_files_sparse");
    received_ = std::make_unique<BufferRing>(ring_);
    accept();
    announce(floorServer::portOf(listener_));
  }

  [[noreturn]] void run() {
    while (true) turn();
  }

 private:
  static void check(int result, const char* call) {
    if (result < 0) throw std::system_error(-result, std::generic_category(), call);
  }

  io_uring_sqe* request(Request kind, Connection* connection) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) {
      io_uring_submit(&ring_);
      sqe = io_uring_get_sqe(&ring_);
    }
    data_ = reinterpret_cast<std::uintptr_t>(connection) | kind;
    return sqe;
  }

  /// To be called when the request is filled in, which clears its flags and data.
  void complete(io_uring_sqe* sqe, unsigned flags) {
    io_uring_sqe_set_flags(sqe, flags);
    io_uring_sqe_set_data64(sqe, data_);
  }

  void turn() {
    io_uring_submit_and_wait(&ring_, 1);
    unsigned head;
    unsigned count = 0;
    io_uring_cqe* cqe;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      ++count;
      dispatch(*cqe);
    }
    io_uring_cq_advance(&ring_, count);
    if (everyone_ != nullptr && !everyone_->bytes.empty()) sendToEveryone();
  }

  void dispatch(const io_uring_cqe& cqe) {
    auto* connection = reinterpret_cast<Connection*>(cqe.user_data & ~RequestMask);
    switch (cqe.user_data & RequestMask) {
      case Accept:
        onAccepted(cqe);
        break;
      case Receive:
        onReceived(*connection, cqe);
        break;
      case Send:
        onSent(*connection, cqe.res);
        break;
      default:
        break;
    }
  }

  void accept() {
    io_uring_sqe* sqe = request(Accept, nullptr);
    io_uring_prep_multishot_accept_direct(sqe, listener_, nullptr, nullptr, 0);
    complete(sqe, 0);
  }

  void onAccepted(const io_uring_cqe& cqe) {
    if ((cqe.flags & IORING_CQE_F_MORE) == 0) accept();
    if (cqe.res < 0) return;
    connections_.push_back(std::make_unique<Connection>());
    Connection& connection = *connections_.back();
    connection.file = cqe.res;
    connection.place = connections_.size() - 1;
    receive(connection);
  }

  void receive(Connection& connection) {
    io_uring_sqe* sqe = request(Receive, &connection);
    io_uring_prep_recv_multishot(sqe, connection.file, nullptr, 0, 0);
    sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
    sqe->buf_group = BufferRing::group;
    complete(sqe, IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT);
    connection.receiving = true;
  }

  void onReceived(Connection& connection, const io_uring_cqe& cqe) {
    connection.receiving = (cqe.flags & IORING_CQE_F_MORE) != 0;
    if (cqe.res > 0) {
      unsigned buffer;
      const std::span<std::byte> bytes = received_->take(cqe, buffer);
      if (!connection.ends) answer(connection, bytes, buffer);
      received_->release(buffer);
    } else if (cqe.res != -ENOBUFS) {
      closeIfUnused(connection);
      return;
    }
    if (!connection.receiving) receive(connection);
  }

  void answer(Connection& connection, std::span<std::byte> bytes, unsigned buffer) {
    Buffer& partial = connection.peer.partial;
    if (partial.bytes != nullptr) {
      partial.append(bytes);
      bytes = {partial.bytes.get(), partial.size};
      buffer = noBuffer;
    }
    Answer made = connection.peer.receive(bytes, broadcasts_ ? &everyone().bytes : nullptr);
    connection.ends = made.ends;
    if (made.owner != nullptr) buffer = noBuffer;
    if (!made.bytes.empty()) {
      send(connection, made.bytes, {.buffer = buffer, .owner = std::move(made.owner)});
    } else if (made.ends) {
      end(connection);
    }
  }

  /// Bytes of a receive buffer get a hold of their own; those for everyone a user more.
  void send(Connection& connection, std::span<const std::byte> bytes, Source source) {
    if (connection.sending) {
      if (connection.queued.size() > maxQueued) return end(connection);
      connection.queued.insert(connection.queued.end(), bytes.begin(), bytes.end());
      return;
    }
    if (source.buffer != noBuffer) received_->hold(source.buffer);
    if (source.everyone != nullptr) ++source.everyone->users;
    connection.source = std::move(source);
    connection.sending = true;
    connection.sendSize = bytes.size();
    io_uring_sqe* sqe = request(Send, &connection);
    // With MSG_WAITALL it completes when all is sent.
    io_uring_prep_send(sqe, connection.file, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_WAITALL);
    complete(sqe, IOSQE_FIXED_FILE);
  }

  void onSent(Connection& connection, int result) {
    connection.sending = false;
    Source& source = connection.source;
    if (source.buffer != noBuffer) received_->release(source.buffer);
    if (source.everyone != nullptr && --source.everyone->users == 0) retire(source.everyone);
    source = Source{};
    if (result < 0 || static_cast<std::size_t>(result) < connection.sendSize) {
      connection.ends = true;
      connection.queued.clear();
    }
    if (!connection.queued.empty()) {
      std::vector<std::byte> next = std::exchange(connection.queued, {});
      const std::span<const std::byte> bytes(next);
      send(connection, bytes, {.queued = std::move(next)});
    } else if (!connection.receiving) {
      closeIfUnused(connection);
    } else if (connection.ends) {
      end(connection);
    }
  }

  /// Ends the receive, and with it the connection. Not by a shutdown, which the kernel hands to a thread.
  void end(Connection& connection) {
    io_uring_sqe* sqe = request(Other, nullptr);
    io_uring_prep_cancel64(sqe, reinterpret_cast<std::uintptr_t>(&connection) | Receive, 0);
    complete(sqe, 0);
  }

  Everyone& everyone() {
    if (everyone_ == nullptr) everyone_ = new Everyone;
    return *everyone_;
  }

  void retire(Everyone* everyone) {
    everyone->bytes.clear();
    if (everyone_ == nullptr) {
      everyone_ = everyone;
    } else {
      delete everyone;
    }
  }

  void sendToEveryone() {
    Everyone* everyone = std::exchange(everyone_, nullptr);
    for (const auto& connection : connections_) {
      if (!connection->peer.isWebSocket() || connection->ends) continue;
      send(*connection, everyone->bytes, {.everyone = everyone});
    }
    if (everyone->users == 0) retire(everyone);
  }

  /// Called when nothing more is received.
  void closeIfUnused(Connection& connection) {
    connection.ends = true;
    if (connection.sending) return;
    io_uring_sqe* sqe = request(Other, nullptr);
    io_uring_prep_close_direct(sqe, static_cast<unsigned>(connection.file));
    complete(sqe, 0);
    const std::size_t place = connection.place;
    std::swap(connections_[place], connections_.back());
    connections_[place]->place = place;
    connections_.pop_back();
  }

  const bool broadcasts_;
  const int listener_;
  io_uring ring_;
  std::uintptr_t data_ = 0;
  std::unique_ptr<BufferRing> received_;
  std::vector<std::unique_ptr<Connection>> connections_;
  /// What this turn has for all connections.
  Everyone* everyone_ = nullptr;
};

}  // namespace

int main(int argc, char** argv) try {
  const Options options = readOptions(argc, argv);
  floorServer::keepMemory();
  if (options.role == Options::Role::Watch) throw std::runtime_error("no such role here: watch");
  Server(options).run();
} catch (const std::exception& error) {
  std::fprintf(stderr, "floor_uring: %s\n", error.what());
  return 1;
}
