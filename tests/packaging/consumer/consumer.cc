// Uses duplex as someone who has installed it does: a server, a client, a message both ways. Says the
// version it was built with and the one it runs with.
#include <cstdio>
#include <string>

#include <duplex/duplex.h>

int main() {
  try {
    duplex::WebSocket bad("no URL");
    return 1;
  } catch (const duplex::SyntaxError&) {
    // Thrown by the library and caught here, also where the two are loaded apart.
  }

  duplex::App app;
  app.get("/", [](duplex::Request&, duplex::Response& res) { res.send("page"); });
  app.ws("/", {.message = [](duplex::WebSocket ws, const duplex::Message& message) { ws.send(message); }});
  std::string echoed;
  app.listen(0, "127.0.0.1", [&](const duplex::Address& address) {
    duplex::WebSocket ws("ws://" + address.string());
    ws.onopen([ws] { ws.send("hello"); });
    ws.onmessage([ws, &echoed](const duplex::Message& message) {
      echoed = message.text();
      ws.close();
    });
    ws.onclose([&app] { app.close(); });
  });
  duplex::run();
  std::printf("%s %s %s\n", echoed.c_str(), DUPLEX_VERSION, std::string(duplex::version()).c_str());
  return echoed == "hello" ? 0 : 1;
}
