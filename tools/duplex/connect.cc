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
#include <iostream>
#include <string>
#include <string_view>
#include <thread>

#include <duplex/duplex.h>

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

/// Text as a terminal may have it: control characters, which could clear the screen or do worse, are
/// shown as what they are.
std::string forTerminal(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) {
      shown += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(text[++i])));
    } else if ((byte < ' ' && byte != '\t' && byte != '\n') || byte == 0x7F) {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned>(byte));
    } else {
      shown += text[i];
    }
  }
  return shown;
}

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

duplex::ClientOptions clientOptions(const ConnectOptions& options) {
  duplex::ClientOptions client;
  client.protocols = options.protocols;
  client.origin = options.origin;
  client.limits.maxMessageSize = 1024 * 1024 * 1024;
  client.tls = {
      .ca = options.authority, .cert = options.certificate, .key = options.key, .verify = !options.insecure};
  client.compression = options.compression;
  for (const std::string& header : options.headers) {
    const std::size_t colon = header.find(':');
    if (colon == std::string::npos) throw duplex::SyntaxError("'" + header + "' is not 'Name: value'");
    const std::size_t start = header.find_first_not_of(' ', colon + 1);
    client.headers.emplace_back(header.substr(0, colon),
                                start == std::string::npos ? std::string() : header.substr(start));
  }
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

/// Reads stdin to its end on a thread of its own, for a terminal, a pipe and a file alike block. The
/// thread ends with the process.
void readInput(duplex::WebSocket ws, const ConnectOptions& options) {
  const duplex::Loop loop = duplex::Loop::current();
  std::thread([ws, loop, slash = options.slash, wait = options.wait] {
    std::string line;
    while (std::getline(std::cin, line)) {
      if (!slash || line.empty() || line.front() != '/') {
        ws.send(line);
        continue;
      }
      try {
        runCommand(ws, line);
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
  ws.onopen([ws, &options] {
    const std::string protocol = ws.protocol();
    const std::string extensions = ws.extensions();
    note(dim, "connected to " + ws.url() + (protocol.empty() ? "" : ", subprotocol " + protocol) +
                  (extensions.empty() ? "" : ", " + forTerminal(extensions)));
    readInput(ws, options);
  });
  ws.onmessage(&printMessage);
  ws.onerror([](const duplex::Error& error) { note(red, error.message); });
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
