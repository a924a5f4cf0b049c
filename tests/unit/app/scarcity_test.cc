// What an app does when it runs out of memory: the connection it was for ends, the others do not notice.
#include <doctest/doctest.h>

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <duplex/duplex.h>

#include "net/backend.h"
#include "net/loop.h"
#include "protocol/inflater.h"
#include "support/certificates.h"
#include "support/loops.h"
#include "support/raw_client.h"
#include "support/scarce_memory.h"
#include "support/server_frames.h"
#include "support/tls_ends.h"

namespace {

using duplex::test::isScarce;
using duplex::test::untilFailure;

bool fails() noexcept {
  return isScarce && untilFailure.load(std::memory_order_relaxed) >= 0 &&
         untilFailure.fetch_sub(1, std::memory_order_relaxed) == 0;
}

void* allocate(std::size_t size, std::size_t alignment = 0) {
  void* const memory = fails() ? nullptr
                       : alignment != 0
                           ? std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)
                           : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Those of the whole program; all other tests get what they ask for.
[[gnu::noinline]] void* operator new(std::size_t size) {
  return allocate(size);
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace {

using namespace duplex;

/// A client that blocks, on the test's thread; it waits ten seconds for an answer, and no longer.
class Caller {
 public:
  explicit Caller(const Address& server, bool overTls = false)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(server.port());
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
    if (overTls) startTls();
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  ~Caller() { ::close(socket_); }

  void send(const std::string& text) {
    if (tls_ != nullptr) {
      SSL_write(tls_.get(), text.data(), static_cast<int>(text.size()));
    } else {
      (void)!::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    }
  }
  /// Whether `text` comes. False if the connection ends before; it does one or the other.
  bool receives(std::string_view text) {
    while (received.find(text) == std::string::npos) {
      char buffer[4096];
      errno = 0;
      const ssize_t size = tls_ != nullptr ? SSL_read(tls_.get(), buffer, sizeof buffer)
                                           : ::recv(socket_, buffer, sizeof buffer, 0);
      if (size <= 0) {
        CHECK_MESSAGE(errno != EAGAIN, "neither an answer nor an end: ", received.substr(0, 200));
        return false;
      }
      received.append(buffer, static_cast<std::size_t>(size));
    }
    return true;
  }

  std::string received;

 private:
  struct Free {
    void operator()(SSL* tls) const { SSL_free(tls); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  void startTls() {
    ::signal(SIGPIPE, SIG_IGN);
    static const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_client_method()));
    tls_.reset(SSL_new(context.get()));
    SSL_set_fd(tls_.get(), socket_);
    // If that fails, so does all that follows.
    SSL_connect(tls_.get());
  }

  int socket_;
  std::unique_ptr<SSL, Free> tls_;
};

/// Much that can be compressed to half of its size, and the same for the same `name`.
std::string largeText(std::string_view name) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  std::mt19937 random(static_cast<unsigned>(std::hash<std::string_view>()(name)));
  for (int i = 0; i < 200'000; ++i) text += digits[random() % 16];
  return text;
}

/// An application that tries again when a message could not be sent.
void sendsTwice(WebSocket ws, std::string_view name) {
  const std::string text = largeText(name);
  try {
    ws.send(text);
  } catch (const std::bad_alloc&) {
    ws.send("once more");
    ws.send(text);
  }
}

/// A coroutine that echoes, more often than it may without a pause, and throws when it is told to.
Task<> talk(WebSocket ws) {
  while (const auto message = co_await ws.receive()) {
    for (int i = 0; i < 70; ++i) co_await ws.send(*message);
    if (message->text() == "throw")
      throw std::runtime_error("what is said here is too long as well, and more");
  }
}

/// A server on a thread of its own, whose memory can be made to fail.
class Server {
 public:
  explicit Server(const char* backend, bool overTls = false) {
    std::promise<Address> listening;
    thread_ = std::thread([this, backend, overTls, &listening] {
      net::Loop loop(backend);
      App app({.topicWildcards = true});
      app.onerror([this](const Error&) { ++errors; });
      app.post("/body", [](Request& req, Response& res) {
        res.set("X-Size", std::to_string(req.body().size())).send(req.text());
      });
      app.ws("/room/:name", {.message =
                                 [](WebSocket ws, const Message& message) {
                                   ws.subscribe("room.*");
                                   ws.send(message);
                                   ws.publish("room.one", message);
                                 },
                             .limits = {.closeTimeout = Milliseconds(200)}});
      app.ws("/compressed", {.message = [](WebSocket ws, const Message& message) { ws.send(message); },
                             .limits = {.closeTimeout = Milliseconds(200)},
                             .compression = {.mode = Compression::Dedicated, .threshold = 0}});
      app.get("/task", [](Request&, Response&) -> Task<> {
        co_await Loop::sleep(Milliseconds(1));
        throw std::runtime_error("what is said here is too long to lie in a string itself");
      });
      app.ws("/task", {.open = &talk, .limits = {.closeTimeout = Milliseconds(200)}});
      for (const auto& [path, mode] :
           {std::pair("/shared", Compression::Shared), {"/own", Compression::Dedicated}}) {
        app.ws(path, {.message = [](WebSocket ws, const Message& message) { sendsTwice(ws, message.text()); },
                      .limits = {.closeTimeout = Milliseconds(200)},
                      .compression = {.mode = mode, .threshold = 0}});
      }
      app_ = &app;
      mailbox_ = &loop.mailbox();
      const TlsOptions tls = test::Identities::get().localhost.server();
      listening.set_value(overTls ? app.listenTls(0, tls, "127.0.0.1") : app.listen(0, "127.0.0.1"));
      isScarce = true;
      // What comes out of `run` was of no connection.
      while (!stopping_) {
        try {
          loop.run();
        } catch (const std::bad_alloc&) {
          ++escaped;
        }
      }
      isScarce = false;
    });
    address = listening.get_future().get();
  }
  ~Server() {
    stopping_ = true;
    mailbox_->post([] { net::Loop::current().stop(); });
    thread_.join();
  }

  Metrics metrics() const { return app_->metrics(); }

  Address address;
  std::atomic<int> errors{0};
  std::atomic<int> escaped{0};

 private:
  App* app_ = nullptr;
  net::Mailbox* mailbox_ = nullptr;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

/// A WebSocket that compresses, in the window that the client asks for: whether it echoes and closes.
bool runCompressed(const Address& server, bool overTls) {
  Caller socket(server, overTls);
  socket.send(test::upgradeRequest("/compressed", "Sec-WebSocket-Extensions: permessage-deflate\r\n"));
  if (!socket.receives("\r\n\r\n") || !socket.received.starts_with("HTTP/1.1 101 ")) return false;
  // RFC 7692 §7.2.3.1: "Hello", compressed.
  socket.send(test::clientFrame(0xC1, std::string_view("\xf2\x48\xcd\xc9\xc9\x07\x00", 7)));
  socket.send(test::clientFrame(0x89, "ping"));
  if (!socket.receives("ping")) return false;
  socket.send(test::clientFrame(0x88, "\x03\xe8"));
  return socket.receives("\x88\x02\x03\xe8") && socket.received.find("\r\n\r\n\xC1") != std::string::npos;
}

/// Handlers that are coroutines, and throw: whether that is told.
bool runTasks(const Address& server, bool overTls) {
  Caller http(server, overTls);
  http.send("GET /task HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  Caller socket(server, overTls);
  socket.send(test::upgradeRequest("/task") + test::clientFrame(0x81, "go on") +
              test::clientFrame(0x81, "throw"));
  const bool told = socket.receives("\x88\x02\x03\xf3");
  return http.receives(" 500 ") && told;
}

/// Requests, and a WebSocket with messages in pieces, large ones, subscriptions and a Close. Whether all of
/// it was answered as it should be.
bool runThrough(const Address& server, bool overTls) {
  const std::string body(20'000, 'b');
  Caller http(server, overTls);
  http.send("POST /body?a=b HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\nContent-Length: 20000\r\n\r\n" +
            body.substr(0, 9000));
  http.send(body.substr(9000) + "GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const bool answered = http.receives(body) && http.receives(" 404 ");

  Caller socket(server, overTls);
  socket.send(test::upgradeRequest("/room/one") + test::clientFrame(0x01, "in "));
  bool whole = socket.receives("\r\n\r\n") && socket.received.starts_with("HTTP/1.1 101 ");
  std::string large("\x82\xFF\0\0\0\0\0\x04\x93\xE0\0\0\0\0", 14);
  large.append(300'000, 'l');
  socket.send(test::clientFrame(0x80, "pieces") + test::clientFrame(0x89, "ping") + large.substr(0, 50'000));
  whole = whole && socket.receives("in pieces") && socket.receives("ping");
  socket.send(large.substr(50'000));
  whole = whole && socket.receives(std::string(300'000, 'l'));
  socket.send(test::clientFrame(0x88, "\x03\xe8"));
  whole = whole && socket.receives("\x88\x02\x03\xe8");
  return runCompressed(server, overTls) && runTasks(server, overTls) && whole && answered;
}

void failEachAllocation(const char* backend, bool overTls = false) {
  Server server(backend, overTls);
  REQUIRE(runThrough(server.address, overTls));
  int failures = 0;
  for (long allocation = 0;; ++allocation) {
    CAPTURE(allocation);
    untilFailure = allocation;
    runThrough(server.address, overTls);
    const bool failed = untilFailure.exchange(-1) < 0;
    // Whatever that did, all is well for those who come after it.
    REQUIRE(runThrough(server.address, overTls));
    if (!failed) break;
    ++failures;
  }
  CHECK(failures > 20);
  CHECK(server.errors > 0);
  CHECK(server.escaped == 0);
  const auto start = std::chrono::steady_clock::now();
  while (server.metrics().connections != 0 &&
         std::chrono::steady_clock::now() - start < std::chrono::seconds(20)) {
    std::this_thread::sleep_for(Milliseconds(10));
  }
  CHECK(server.metrics().connections == 0);
  CHECK(server.metrics().handshakes == 0);
  CHECK(server.metrics().sockets == 0);
}

/// What comes of asking for a large text of `name`, which is sent compressed: all of it, nothing because the
/// connection ended, or something else.
enum class Came { All, Nothing, Other };
Came askForLarge(const Address& server, const std::string& path, std::string_view name) {
  Caller socket(server);
  socket.send(test::upgradeRequest(path, "Sec-WebSocket-Extensions: permessage-deflate\r\n"));
  if (!socket.receives("\r\n\r\n")) return Came::Nothing;
  socket.send(test::clientFrame(0x81, name) + test::clientFrame(0x89, "after it"));
  if (!socket.receives("\x8A\x08"
                       "after it"))
    return Came::Nothing;
  protocol::Inflater inflater;
  protocol::InflateWindow window(15);
  std::string last;
  for (const test::ServerFrame& frame : test::framesIn(socket.received)) {
    if (frame.first == 0x81) last = frame.payload;
    if (frame.first != 0xC1) continue;
    const auto [error, message] = inflater.inflate(asBytes(frame.payload), 1 << 24, &window);
    if (error != Errc{}) return Came::Other;
    last = asText(message);
  }
  return last == largeText(name) ? Came::All : Came::Other;
}

void failEachAllocationOfCompression(const std::string& path) {
  int failures = 0;
  for (long allocation = 0;; ++allocation) {
    CAPTURE(allocation);
    // Of its own, for a loop keeps the memory that it has once had.
    const Server server("epoll");
    untilFailure = allocation;
    const Came first = askForLarge(server.address, path, "secret");
    const bool failed = untilFailure.exchange(-1) < 0;
    CHECK(first != Came::Other);
    REQUIRE(askForLarge(server.address, path, "another") == Came::All);
    if (!failed) break;
    ++failures;
  }
  CHECK(failures > 5);
}

}  // namespace

TEST_CASE("what is being compressed when memory runs out is in no other message") {
  failEachAllocationOfCompression("/shared");
  failEachAllocationOfCompression("/own");
}

TEST_CASE("whichever allocation fails, it ends one connection at the most (epoll)") {
  failEachAllocation("epoll");
}

TEST_CASE("whichever allocation fails, it ends one connection at the most (TLS)") {
  failEachAllocation("epoll", true);
}

TEST_CASE("whichever allocation fails while a client is made, it throws, or ends as clients do") {
  net::Loop loop("epoll");
  App app;
  app.ws("/", {.message = [](WebSocket ws, const Message& message) { ws.send(message); }});
  const Address address = app.listenTls(0, test::Identities::get().localhost.server(), "127.0.0.1");
  const ClientOptions options{.tls = test::trusting()};
  const auto meets = [&](long allocation) {
    WebSocket ws;
    bool open = false;
    bool closed = false;
    untilFailure = allocation;
    isScarce = true;
    try {
      ws = WebSocket("wss://" + address.string(), options);
    } catch (const std::bad_alloc&) {
      closed = true;
    }
    isScarce = false;
    const bool failed = untilFailure.exchange(-1) < 0 && allocation >= 0;
    if (!closed) {
      ws.onopen([&] { open = true; });
      ws.onclose([&](const CloseEvent&) { closed = true; });
      REQUIRE(test::turnUntil(
          loop, [&] { return open || closed; }, 1000));
    }
    if (open) {
      ws.close();
      REQUIRE(test::turnUntil(
          loop, [&] { return closed; }, 1000));
    }
    CHECK((open || failed));
    return failed;
  };
  CHECK_FALSE(meets(-1));
  long failures = 0;
  while (meets(failures)) {
    ++failures;
    // Whatever that did, all is well for those who come after it.
    CHECK_FALSE(meets(-1));
  }
  CHECK(failures > 5);
}

TEST_CASE("whichever allocation fails, it ends one connection at the most (io_uring)") {
  if (!net::whyNoUring()) failEachAllocation("uring");
}
