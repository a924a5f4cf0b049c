#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>

#include <duplex/duplex.h>

#include "support/certificates.h"
#include "support/temporary_folder.h"

namespace duplex::soak {

/// Where a server is to be found.
struct Doors {
  Address plain;
  Address tls;
  Address local;
};

/// An app on several loops, with a route of each kind, and a thread beside them that publishes and sends.
class Server {
 public:
  explicit Server(std::string_view backend);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  const Doors& doors() const noexcept { return doors_; }
  Metrics metrics() const { return app_.metrics(); }
  /// Sockets that the app still knows.
  std::size_t clients() const { return app_.clients().size(); }
  /// What was told to `onerror` so far.
  std::size_t errors() const noexcept { return errors_; }
  /// Closes it gracefully; `closed` tells when that is done.
  void close(std::chrono::milliseconds deadline) {
    app_.close(deadline, [this] { closed_ = true; });
  }
  bool closed() const noexcept { return closed_; }

 private:
  void addEchoes();
  void addTopics();
  void addOthers();
  void meddle();

  test::TemporaryFolder folder_;
  std::atomic<std::size_t> errors_{0};
  std::atomic<bool> over_{false};
  App app_;
  bool closed_ = false;
  Doors doors_;
  std::thread meddler_;
};

}  // namespace duplex::soak
