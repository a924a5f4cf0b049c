#include <exception>
#include <iostream>

#include <duplex/duplex.h>

int main() try {
  duplex::App app;

  app.ws("/", [](duplex::WebSocket ws) {
    ws.send("Hello");
    ws.onmessage([](const duplex::Message& message) { std::cout << message.text() << std::endl; });
  });

  app.listen(5000, "127.0.0.1", [](const duplex::Address& address) {
    std::cout << "server running at http://" << address.string() << std::endl;
  });
  return duplex::run();
} catch (const std::exception& error) {
  std::cerr << "hello_server: " << error.what() << '\n';
  return 1;
}
