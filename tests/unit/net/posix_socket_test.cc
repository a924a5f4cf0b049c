#include "net/posix_socket.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include "net/loop.h"

using namespace duplex;

namespace {

const Address anyPort = Address::parse("127.0.0.1", 0);

/// Whether a port that is given up a moment later can be listened on.
bool isWaitedFor() {
  const int holder = net::openListener(anyPort);
  const Address address = net::describeListener(holder).address;
  std::thread leaver([holder] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ::close(holder);
  });
  bool listens = false;
  try {
    ::close(net::openListener(address));
    listens = true;
  } catch (const std::system_error& error) {
    CHECK(error.code() == std::errc::address_in_use);
  }
  leaver.join();
  return listens;
}

}  // namespace

TEST_CASE("a port that is given up in a moment is waited for, and another is not") {
  // A busy machine may make the moment long.
  bool listens = false;
  for (int i = 0; i < 20 && !listens; ++i) listens = isWaitedFor();
  CHECK(listens);

  const int holder = net::openListener(anyPort);
  CHECK_THROWS_AS(net::openListener(net::describeListener(holder).address), std::system_error);
  ::close(holder);
}

TEST_CASE("a connection that cannot be watched is closed, and nothing of it stays") {
  struct Nobody final : net::SocketHandler {
    void onData(MutableBytes) override {}
    void onEnd() override {}
    void onFailed(std::error_code) override {}
  } nobody;
  net::Loop loop("epoll");
  // epoll takes no files.
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  REQUIRE(file >= 0);
  CHECK_THROWS_AS(loop.adopt({file, anyPort}, nobody), std::system_error);
  CHECK(::fcntl(file, F_GETFD) == -1);
  CHECK(errno == EBADF);
  CHECK(loop.socketMemory().taken() == 0);
  // There is nothing that would keep it.
  loop.run();
}
