#include "connect.h"

#include <fmt/color.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <duplex/duplex.h>

#include "terminal.h"

namespace {

using namespace std::chrono_literals;

const fmt::text_style dim = fmt::emphasis::faint;
const fmt::text_style red = fmt::fg(fmt::terminal_color::red);

/// A line on stderr, coloured where that is a terminal.
void note(const fmt::text_style& style, std::string_view text) {
  static const bool terminal = ::isatty(STDERR_FILENO) != 0;
  fmt::print(stderr, terminal ? style : fmt::text_style(), "{}\n", text);
}

// What was received could not be written: nothing more is of use.
bool outputLost = false;

void printMessage(const duplex::Message& message) {
  static const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  if (message.isBinary() && terminal) {
    // Bytes would upset the terminal; in a pipe they go through as they are.
    std::string hex;
    for (const std::byte byte : message.bytes().first(std::min<std::size_t>(message.size(), 32))) {
      hex += fmt::format(" {:02x}", static_cast<unsigned>(byte));
    }
    fmt::print(fmt::fg(fmt::terminal_color::magenta), "< {} bytes:{}{}\n", message.size(), hex,
               message.size() > 32 ? " …" : "");
  } else if (terminal) {
    fmt::print(fmt::fg(fmt::terminal_color::green), "< {}\n", forTerminal(message.text()));
  } else {
    std::fwrite(message.text().data(), 1, message.size(), stdout);
    if (message.isText()) std::fputc('\n', stdout);
  }
  if (std::fflush(stdout) != 0 && !outputLost) {
    outputLost = true;
    note(red, std::string("cannot write to the output: ") + std::strerror(errno));
    duplex::Loop::current().stop();
  }
}

/// The two parts of `text` around `separator`. Throws SyntaxError, naming `form`, if it has none.
std::pair<std::string, std::string> split(const std::string& text, char separator, const char* form) {
  const std::size_t at = text.find(separator);
  if (at == std::string::npos) throw duplex::SyntaxError("'" + text + "' is not '" + form + "'");
  const std::size_t start = text.find_first_not_of(' ', at + 1);
  return {text.substr(0, at), start == std::string::npos ? std::string() : text.substr(start)};
}

duplex::ClientOptions clientOptions(const ConnectOptions& options) {
  duplex::ClientOptions client;
  client.protocols = options.protocols;
  client.origin = options.origin;
  client.limits.maxMessageSize = 1024 * 1024 * 1024;
  client.compression = options.compression;
  client.tls = {
      .ca = options.authority, .cert = options.certificate, .key = options.key, .verify = !options.insecure};
  client.proxy = options.proxy;
  if (options.proxyFromEnvironment) client.proxyFor = duplex::proxyFromEnvironment;
  client.maxRedirects = options.follow;
  client.reconnect.maxTries = options.reconnect;
  client.connectTimeout = client.handshakeTimeout = options.timeout;
  for (const std::string& header : options.headers)
    client.headers.push_back(split(header, ':', "Name: value"));
  for (const std::string& cookie : options.cookies)
    client.cookies.push_back(split(cookie, '=', "name=value"));
  return client;
}

/// "/close 4000 reason", "/ping text".
void runCommand(duplex::WebSocket ws, const std::string& line) {
  const std::size_t space = line.find(' ');
  const std::string name = line.substr(0, space);
  const std::string rest = space == std::string::npos ? std::string() : line.substr(space + 1);
  if (name == "/ping") {
    ws.ping(rest);
  } else if (name == "/close" && rest.empty()) {
    ws.close();
  } else if (name == "/close") {
    std::uint16_t code = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), code);
    if (error != std::errc()) throw duplex::SyntaxError("'" + rest + "' does not begin with a close code");
    const auto used = static_cast<std::size_t>(end - rest.data());
    ws.close(code, used < rest.size() ? std::string_view(rest).substr(used + 1) : std::string_view());
  } else {
    note(red, "commands are /ping [TEXT] and /close [CODE [REASON]]");
  }
}

/// Keeps the thread that reads the input from being faster than the connection, whose queue has a limit.
class Pace {
 public:
  /// On the connection's thread.
  explicit Pace(duplex::WebSocket ws) : ws_(ws), loop_(duplex::Loop::current()) {}

  /// Before `size` bytes are sent. On the thread that reads.
  void wait(std::size_t size) {
    if (sent_ > 0 && sent_ + size > most) {
      sent_ = 0;
      std::promise<void> room;
      std::future<void> drained = room.get_future();
      loop_.post([this, room = std::move(room)]() mutable {
        room_ = std::move(room);
        // So little may leave without an event.
        if (ws_.bufferedAmount() <= 64 * 1024) release();
      });
      drained.wait();
    }
    sent_ += size;
  }
  /// What waited in the queue has left, or is lost. On the connection's thread.
  void release() {
    if (room_) std::exchange(room_, std::nullopt)->set_value();
  }

 private:
  static constexpr std::size_t most = 4 * 1024 * 1024;

  const duplex::WebSocket ws_;
  const duplex::Loop loop_;
  std::optional<std::promise<void>> room_;
  std::size_t sent_ = 0;
};

/// Reads stdin to its end on a thread of its own, for a terminal, a pipe and a file alike block. The
/// thread ends with the process.
void readInput(duplex::WebSocket ws, const ConnectOptions& options, std::shared_ptr<Pace> pace) {
  const duplex::Loop loop = duplex::Loop::current();
  std::thread([ws, loop, pace = std::move(pace), slash = options.slash, wait = options.wait] {
    std::string line;
    while (std::getline(std::cin, line)) {
      try {
        if (slash && !line.empty() && line.front() == '/') {
          runCommand(ws, line);
        } else {
          pace->wait(line.size());
          ws.send(line);
        }
      } catch (const duplex::InvalidStateError&) {
        note(red, "not connected: a line was not sent");
      } catch (const std::exception& error) {
        note(red, error.what());
      }
    }
    // A server answers in order: when the Pong is here, so are its answers to what was sent before.
    loop.post([ws, wait] {
      const auto closeNow = [ws] { ws.close(1000); };
      ws.onpong([closeNow, wait] { duplex::setTimeout(closeNow, wait); });
      ws.ping("end of input");
      duplex::setTimeout(closeNow, wait + 10s);
    });
  }).detach();
}

}  // namespace

int connect(const ConnectOptions& options) {
  int exitCode = 1;
  duplex::WebSocket ws;
  try {
    ws = duplex::WebSocket(options.url, clientOptions(options));
  } catch (const duplex::Exception& error) {
    note(red, error.what());
    return 2;
  }
  const auto pace = std::make_shared<Pace>(ws);
  ws.ondrain([pace] { pace->release(); });
  ws.onopen([ws, pace, &options] {
    const std::string protocol = ws.protocol();
    const std::string extensions = ws.extensions();
    note(dim, "connected to " + ws.url() + (protocol.empty() ? "" : ", subprotocol " + protocol) +
                  (extensions.empty() ? "" : ", " + forTerminal(extensions)));
    readInput(ws, options, pace);
  });
  ws.onreopen([ws] { note(dim, "connected again to " + ws.url()); });
  ws.onreconnect([pace](const duplex::ReconnectEvent& event) {
    pace->release();
    note(red, fmt::format("{}; try {} in {:.1f} s",
                          event.error.code ? forTerminal(event.error.message)
                                           : fmt::format("closed with {}", event.end.code),
                          event.tries, std::chrono::duration<double>(event.delay).count()));
  });
  ws.onmessage(&printMessage);
  // It may quote what the server sent.
  ws.onerror([](const duplex::Error& error) { note(red, forTerminal(error.message)); });
  ws.onclose([&exitCode](const duplex::CloseEvent& event) {
    note(event.wasClean ? dim : red, fmt::format("closed with {}{}{}", event.code,
                                                 event.reason.empty() ? "" : " ", forTerminal(event.reason)));
    exitCode = event.wasClean && (event.code <= 1001 || event.code == 1005) ? 0 : 1;
    duplex::Loop::current().stop();
  });
  duplex::onSignal(SIGINT, [ws] {
    ws.close(1000);
    duplex::onSignal(SIGINT, nullptr);
  });
  duplex::run();
  std::fflush(stdout);
  return outputLost ? 1 : exitCode;
}
