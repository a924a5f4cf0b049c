#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include <duplex/address.h>

#include "base/clock.h"
#include "net/socket.h"
#include "net/socket_file.h"

namespace duplex::net {

class Loop;

/// A connection that has been accepted and belongs to no loop yet: its name in the back end, which
/// any loop of the same kind can adopt, on any thread.
struct Accepted {
  int descriptor = -1;
  Address remote;
};

class AcceptHandler {
 public:
  virtual void onAccepted(Accepted accepted) = 0;
  /// A connection could not be had, for want of descriptors or of memory. Those that wait come when there
  /// is room again, or were closed.
  virtual void onAcceptFailed(std::error_code) {}

 protected:
  ~AcceptHandler() = default;
};

/// Told when a descriptor that is no socket of ours (a name server's, the mailbox's) is ready.
class WatchHandler {
 public:
  virtual void onReady(bool readable, bool writable) = 0;

 protected:
  ~WatchHandler() = default;
};

/// A listening socket: its name in the back end, where it listens, and the file of a Unix socket, which
/// who stops listening removes.
struct Listening {
  int descriptor = -1;
  Address address;
  SocketFile file;
};

/// How one loop talks to the network: through epoll, through io_uring, or in memory. For the loop
/// alone, on its thread.
///
/// It tells a socket's handler what happens, and the loop when a queue has been sent
/// (`Loop::sent`), when a connection failed (`Loop::fail`), and when it refers to a closed socket no
/// more (`Loop::bury`).
class Backend {
 public:
  virtual ~Backend() = default;

  /// "epoll", "uring", "sim".
  virtual std::string_view name() const noexcept = 0;
  virtual TimePoint now() noexcept = 0;

  /// Throws std::system_error. With port 0 a free one is picked. "::" takes IPv4 as well.
  virtual Listening listen(const Address& address, AcceptHandler& handler) = 0;
  virtual void stopListening(int descriptor) noexcept = 0;
  /// Closes a connection that no loop has adopted.
  virtual void discard(const Accepted& accepted) noexcept = 0;

  /// Starts to read from a socket that has just been given its descriptor.
  virtual void start(Socket& socket) = 0;
  /// Starts to connect to `socket.state().remote`. The outcome, good or bad, is told by `dispatch`.
  virtual void connect(Socket& socket) = 0;
  /// `state().paused` has changed.
  virtual void updateReading(Socket& socket) = 0;
  /// Gives the kernel what is queued, and after it FIN if `state().shuttingDown`.
  virtual void flush(Socket& socket) = 0;
  /// Gives the kernel the beginning of `head` and `body`, as much as it takes at once; returns how much.
  /// Nothing is queued. What goes wrong shows in the next `flush`.
  virtual std::size_t sendNow(Socket& socket, Bytes head, Bytes body) noexcept = 0;
  virtual void close(Socket& socket, bool reset) noexcept = 0;

  /// Watches `descriptor`, in the place of what it was watched for before; for neither: no more.
  virtual void watch(int descriptor, bool readable, bool writable, WatchHandler& handler) = 0;

  /// Gives the kernel what has been prepared for it, if that waits for the next `wait`: there may be none
  /// for long.
  virtual void handOver() noexcept {}
  /// Waits until something has happened or `deadline` has come; forever without one.
  virtual void wait(std::optional<TimePoint> deadline) = 0;
  /// Tells the handlers what `wait` found.
  virtual void dispatch() = 0;
};

/// The back end named "epoll" or "uring", for `loop`; "auto" is uring where it works, else epoll. Throws
/// std::invalid_argument for another name, std::system_error where this kernel does not offer it.
std::unique_ptr<Backend> makeBackend(std::string_view name, Loop& loop);
/// Why "auto" is not "uring" here: what the kernel, or a container's rules, answered. No error if it is.
/// Tried once a process.
std::error_code whyNoUring() noexcept;
/// Throws std::invalid_argument if no back end has that name.
void checkBackend(std::string_view name);

}  // namespace duplex::net
