// Connects to a server and sends back all that comes, until the server closes.

#include <iostream>
#include <string_view>

#include <duplex/duplex.h>

int main(int argc, char** argv) try {
  const std::string_view url = argc == 2 ? argv[1] : "";
  if (url.empty() || url.starts_with('-')) {
    const bool asked = url == "--help" || url == "-h";
    (asked ? std::cout : std::cerr) << "usage: echo_client URL\n";
    return asked ? 0 : 2;
  }
  constexpr std::size_t MiB = 1024 * 1024;
  bool wasClean = false;
  duplex::WebSocket ws(argv[1], {.limits = {.maxMessageSize = 64 * MiB, .maxBufferedAmount = 256 * MiB}});

  ws.onopen([ws] { std::cout << "echoing what " << ws.url() << " sends" << std::endl; });
  ws.onmessage([ws](const duplex::Message& message) { ws.send(message); });
  ws.onerror([](const duplex::Error& error) { std::cerr << "echo_client: " << error.message << '\n'; });
  ws.onclose([&wasClean](const duplex::CloseEvent& event) {
    std::cout << "closed with " << event.code << ' ' << event.reason << std::endl;
    wasClean = event.wasClean;
  });
  duplex::run();
  return wasClean ? 0 : 1;
} catch (const duplex::SyntaxError& error) {
  std::cerr << "echo_client: " << error.what() << '\n';
  return 2;
}
