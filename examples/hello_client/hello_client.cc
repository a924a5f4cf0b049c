#include <iostream>

#include <duplex/duplex.h>

int main() {
  duplex::WebSocket ws("ws://localhost:5000");

  ws.onopen([] { std::cout << "open" << std::endl; });
  ws.onmessage([ws](const duplex::Message& message) {
    std::cout << "message " << message.text() << std::endl;
    ws.send("Goodbye");
    ws.close();
  });
  ws.onerror([](const duplex::Error& error) { std::cout << "error " << error.message << std::endl; });
  ws.onclose([] { std::cout << "close" << std::endl; });
  return duplex::run();
}
