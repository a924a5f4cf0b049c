// A server on a Unix socket, and clients with ws+unix: URLs.
#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <duplex/duplex.h>

#include "support/loops.h"
#include "support/raw_client.h"
#include "support/temporary_folder.h"

using namespace duplex;
using test::overEachBackend;
using test::turnUntil;

TEST_CASE("a server on a Unix socket, for WebSocket and HTTP") {
  overEachBackend([](net::Loop& loop) {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("app.sock");
    App app;
    std::string seen;
    app.ws("/chat", [&](WebSocket ws, const Request& req) {
      seen = std::string(req.url()) + " " + std::string(req.host()) + " " + ws.remoteAddress().string();
      ws.onmessage([ws](const Message& message) { ws.send(message); });
    });
    app.get("/", [](const Request&, Response& res) { res.send("plain"); });
    Address told;
    const Address address = app.listen({.path = path}, [&](const Address& where) { told = where; });
    CHECK(address == Address::unixSocket(path));

    std::vector<std::string> log;
    WebSocket ws("ws+unix:" + path + ":/chat?room=1");
    CHECK(ws.url() == "ws+unix:" + path + ":/chat?room=1");
    ws.onopen([&] { ws.send("over the socket"); });
    ws.onmessage([&](const Message& message) {
      log.push_back(std::string(message.text()));
      ws.close(1000);
    });
    ws.onclose([&](const CloseEvent& event) { log.push_back(std::to_string(event.code)); });
    CHECK(turnUntil(loop, [&] { return log.size() == 2; }));
    CHECK(log == std::vector<std::string>{"over the socket", "1000"});
    CHECK(seen == "/chat?room=1 localhost unix:");
    CHECK(ws.remoteAddress() == Address());
    CHECK(told == address);

    test::RawClient http(loop, address);
    http.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    CHECK(turnUntil(loop, [&] { return http.over(); }));
    CHECK(http.received.ends_with("plain"));
    http.close();
    app.close();
    run();
    CHECK_FALSE(std::filesystem::exists(path));
  });
}

TEST_CASE("the file has the permissions that are asked for, and goes with the app") {
  net::Loop loop("epoll");
  const test::TemporaryFolder folder;
  const std::string path = folder.file("app.sock");
  {
    App app;
    app.listen({.path = path, .permissions = 0666});
    CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::all) ==
          static_cast<std::filesystem::perms>(0666));
    App second;
    try {
      second.listen({.path = path});
      FAIL("two servers on one socket");
    } catch (const std::system_error& error) {
      CHECK(error.code() == std::errc::address_in_use);
    }
    CHECK(std::filesystem::exists(path));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("paths that cannot be listened on, and sockets that nobody listens on") {
  net::Loop loop("epoll");
  App app;
  CHECK_THROWS_AS(app.listen({.path = ""}), std::system_error);
  CHECK_THROWS_AS(app.listen({.path = std::string(108, 'x')}), std::system_error);
  const test::TemporaryFolder folder;
  WebSocket ws("ws+unix:" + folder.file("none"));
  std::error_code code;
  ws.onerror([&](const Error& error) { code = error.code; });
  run();
  CHECK(code == std::errc::no_such_file_or_directory);
}
