// The socket of both sides as the browser's WebSocket behaves: over each back end.
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <duplex/duplex.h>

#include "support/loops.h"
#include "support/raw_client.h"

using namespace duplex;
using test::overEachBackend;
using test::RawClient;
using test::turnUntil;

namespace {

std::string urlOf(const Address& address, const std::string& path = "/") {
  return "ws://" + address.string() + path;
}

/// A client that writes down what happens to it.
struct Recorder {
  explicit Recorder(const WebSocket& socket) : ws(socket) {
    ws.onopen([this] { log.push_back("open"); });
    ws.onmessage([this](const Message& message) { log.push_back("message " + std::string(message.text())); });
    ws.onerror([this](const Error& error) { log.push_back("error " + error.message); });
    ws.onclose([this](const CloseEvent& event) {
      closes += 1;
      end = event;
      log.push_back("close " + std::to_string(event.code) + (event.wasClean ? " clean" : ""));
    });
  }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  WebSocket ws;
  std::vector<std::string> log;
  CloseEvent end;
  int closes = 0;
};

using Log = std::vector<std::string>;

std::string joined(const Log& log) {
  std::string all;
  for (const std::string& entry : log) all += (all.empty() ? "" : ", ") + entry;
  return all;
}

}  // namespace

TEST_CASE("the two programs of the mission: Hello, Goodbye, close") {
  overEachBackend([](net::Loop&) {
    App app;
    Log server;
    app.ws("/", [&](WebSocket ws, const Request&) {
      ws.send("Hello");
      ws.onmessage([&](const Message& message) { server.push_back(std::string(message.text())); });
      ws.onclose([&](const CloseEvent& event) {
        server.push_back("close " + std::to_string(event.code));
        app.close();
      });
    });
    const Address address = app.listen(0, "127.0.0.1");
    Log client;
    WebSocket ws(urlOf(address));
    CHECK(ws.readyState() == ReadyState::Connecting);
    ws.onopen([&] { client.push_back("open"); });
    ws.onmessage([&, ws](const Message& message) {
      client.push_back("message " + std::string(message.text()));
      ws.send("Goodbye");
      ws.close();
      CHECK(ws.readyState() == ReadyState::Closing);
    });
    ws.onerror([&] { client.push_back("error"); });
    ws.onclose([&](const CloseEvent& event) {
      CHECK(ws.readyState() == ReadyState::Closed);
      client.push_back("close " + std::to_string(event.code) + (event.wasClean ? " clean" : ""));
    });
    run();
    CHECK(joined(client) == "open, message Hello, close 1005 clean");
    CHECK(joined(server) == "Goodbye, close 1005");
  });
}

TEST_CASE("messages of every size come back as they were sent") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.ws("/", {.message = [](WebSocket ws, const Message& message) { ws.send(message); }});
    const Address address = app.listen(0, "127.0.0.1");
    const std::size_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536, 300'000};
    std::vector<std::pair<std::size_t, bool>> received;
    WebSocket ws(urlOf(address));
    ws.onopen([&] {
      for (const std::size_t size : sizes) {
        ws.send(std::string(size, 'x'));
        ws.send(std::vector<std::uint8_t>(size, 0xFF));
      }
    });
    bool right = true;
    ws.onmessage([&](const Message& message) {
      const auto expected =
          std::byte{message.isText() ? static_cast<unsigned char>('x') : static_cast<unsigned char>(0xFF)};
      for (const std::byte byte : message.bytes()) right = right && byte == expected;
      received.emplace_back(message.size(), message.isText());
    });
    REQUIRE(turnUntil(loop, [&] { return received.size() == 2 * std::size(sizes); }));
    CHECK(right);
    for (std::size_t i = 0; i < std::size(sizes); ++i) {
      CHECK(received[2 * i] == std::pair(sizes[i], true));
      CHECK(received[2 * i + 1] == std::pair(sizes[i], false));
    }
  });
}

TEST_CASE("a large message is sent on from where it lies, whatever its handler does then") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.ws("/", {.message = [](WebSocket ws, const Message& message) {
             ws.send(message);
             ws.send(message.text().substr(5000, 50'000));
             ws.send("behind");
             const bool whole = message.text().find_first_not_of(message.text()[0]) == std::string::npos;
             if (message.text()[0] == 'd') ws.close(whole ? 1000 : 4000);
             if (message.text()[0] == 'e') ws.terminate();
             if (!whole) throw std::runtime_error("the message has changed");
           }});
    const Address address = app.listen(0, "127.0.0.1");
    for (const char last : {'d', 'e'}) {
      std::vector<std::string> received;
      CloseEvent end;
      WebSocket ws(urlOf(address));
      ws.onopen([&] {
        for (const char letter : {'a', 'b', 'c', last}) ws.send(std::string(150'000, letter));
      });
      ws.onmessage([&](const Message& message) { received.emplace_back(message.text()); });
      ws.onclose([&](const CloseEvent& event) { end = event; });
      REQUIRE(turnUntil(loop, [&] { return ws.readyState() == ReadyState::Closed; }));
      CHECK(end.code == (last == 'd' ? 1000 : 1006));
      if (last == 'd') REQUIRE(received.size() == 12);
      for (std::size_t i = 0; i < received.size(); i += 3) {
        const char letter = i < 9 ? "abc"[i / 3] : last;
        CHECK((received[i] == std::string(150'000, letter)));
        if (i + 1 < received.size()) CHECK((received[i + 1] == std::string(50'000, letter)));
        if (i + 2 < received.size()) CHECK(received[i + 2] == "behind");
      }
    }
  });
}

TEST_CASE("send before open throws; after close it is silent and still counts") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.ws("/", [](WebSocket) {});
    WebSocket ws(urlOf(app.listen(0, "127.0.0.1")));
    CHECK_THROWS_AS(ws.send("too early"), InvalidStateError);
    Recorder client(ws);
    REQUIRE(turnUntil(loop, [&] { return ws.readyState() == ReadyState::Open; }));
    CHECK(ws.bufferedAmount() == 0);
    ws.send("12345");
    CHECK(ws.bufferedAmount() == 5);
    ws.send(std::vector<std::uint8_t>(7));
    CHECK(ws.bufferedAmount() == 12);
    ws.close();
    ws.send("after");
    CHECK(ws.bufferedAmount() == 17);
    std::size_t atClose = 0;
    ws.onclose([&] {
      ws.send("xy");
      atClose = ws.bufferedAmount();
    });
    REQUIRE(turnUntil(loop, [&] { return atClose != 0; }));
    CHECK(atClose == 7);
    ws.send("gone");
    CHECK(ws.readyState() == ReadyState::Closed);
  });
}

TEST_CASE("close checks its arguments as the browser does, and takes a server's codes from a server") {
  overEachBackend([](net::Loop& loop) {
    App app;
    WebSocket server;
    app.ws("/", [&](WebSocket ws) { server = ws; });
    WebSocket ws(urlOf(app.listen(0, "127.0.0.1")));
    Recorder client(ws);
    REQUIRE(turnUntil(loop, [&] { return server.readyState() == ReadyState::Open; }));
    REQUIRE(turnUntil(loop, [&] { return ws.readyState() == ReadyState::Open; }));
    for (const int code : {0, 999, 1001, 1002, 1005, 1006, 1011, 1015, 2999, 5000}) {
      CHECK_THROWS_AS(ws.close(static_cast<std::uint16_t>(code)), InvalidAccessError);
    }
    for (const int code : {0, 999, 1004, 1005, 1006, 1015, 2999, 5000}) {
      CHECK_THROWS_AS(server.close(static_cast<std::uint16_t>(code)), InvalidAccessError);
    }
    CHECK_THROWS_AS(ws.close(1000, std::string(124, 'x')), SyntaxError);
    CHECK(ws.readyState() == ReadyState::Open);
    server.close(1013, "come back later");
    REQUIRE(turnUntil(loop, [&] { return client.closes == 1; }));
    CHECK(client.end.code == 1013);
    CHECK(client.end.reason == "come back later");
    CHECK(client.end.wasClean);
  });
}

TEST_CASE("closing while connecting fails the connection: error, then close 1006") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.ws("/", [](WebSocket) {});
    Recorder client(WebSocket(urlOf(app.listen(0, "127.0.0.1"))));
    client.ws.close();
    CHECK(client.log.empty());
    REQUIRE(turnUntil(loop, [&] { return client.closes == 1; }));
    CHECK(client.log.size() == 2);
    CHECK(client.log[0].starts_with("error"));
    CHECK(client.log[1] == "close 1006");
  });
}

TEST_CASE("what was sent before close goes out before it") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::size_t bytes = 0;
    CloseEvent end;
    bool closed = false;
    app.ws("/", {.message = [&](WebSocket, const Message& message) { bytes += message.size(); },
                 .close =
                     [&](WebSocket, const CloseEvent& event) {
                       end = event;
                       closed = true;
                     }});
    WebSocket ws(urlOf(app.listen(0, "127.0.0.1")));
    ws.onopen([&] {
      for (int i = 0; i < 100; ++i) ws.send(std::string(10'000, 'x'));
      ws.close(4001, "all said");
    });
    REQUIRE(turnUntil(loop, [&] { return closed; }));
    CHECK(bytes == 1'000'000);
    CHECK(end.code == 4001);
    CHECK(end.reason == "all said");
    CHECK(end.wasClean);
  });
}

TEST_CASE("after its own close a side gets no more messages") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.ws("/", [](WebSocket ws) {
      for (int i = 0; i < 10; ++i) ws.send("message");
    });
    WebSocket ws(urlOf(app.listen(0, "127.0.0.1")));
    int messages = 0;
    bool closed = false;
    ws.onmessage([&] {
      ++messages;
      ws.close(1000);
    });
    ws.onclose([&] { closed = true; });
    REQUIRE(turnUntil(loop, [&] { return closed; }));
    CHECK(messages == 1);
  });
}

TEST_CASE("ping and pong, from both sides, with what they carry") {
  overEachBackend([](net::Loop& loop) {
    App app;
    Log server;
    app.ws(
        "/",
        {.open = [](WebSocket ws) { ws.ping("from the server"); },
         .ping = [&](WebSocket, std::string_view text) { server.push_back("ping " + std::string(text)); },
         .pong = [&](WebSocket, std::string_view text) { server.push_back("pong " + std::string(text)); }});
    WebSocket ws(urlOf(app.listen(0, "127.0.0.1")));
    Log client;
    ws.onopen([&] { ws.ping("from the client"); });
    ws.onping([&](std::string_view text) { client.push_back("ping " + std::string(text)); });
    ws.onpong([&](std::string_view text) { client.push_back("pong " + std::string(text)); });
    REQUIRE(turnUntil(loop, [&] { return client.size() == 2 && server.size() == 2; }));
    CHECK(client[0] == "ping from the server");
    CHECK(client[1] == "pong from the client");
    CHECK_THROWS_AS(ws.ping(std::string(126, 'x')), SyntaxError);
  });
}

TEST_CASE("a client's close codes are checked on every thread") {
  net::Loop loop("epoll");
  App app;
  app.ws("/", [](WebSocket) {});
  const WebSocket ws(urlOf(app.listen(0, "127.0.0.1")));
  REQUIRE(turnUntil(loop, [&] { return ws.readyState() == ReadyState::Open; }));
  bool refused = false;
  std::thread([&] {
    CHECK(ws.readyState() == ReadyState::Open);
    try {
      ws.close(1002);
    } catch (const InvalidAccessError&) {
      refused = true;
    }
  }).join();
  CHECK(refused);
}

TEST_CASE("text that is not UTF-8 is mended before it is sent") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.ws("/", [](WebSocket ws) { ws.send("a\xffz"); });
    Recorder client(WebSocket(urlOf(app.listen(0, "127.0.0.1"))));
    REQUIRE(turnUntil(loop, [&] { return client.log.size() == 2; }));
    CHECK(client.log[1] == "message a\xef\xbf\xbdz");
  });
}

TEST_CASE("a handler that throws: 1011, told to onerror and to the log, nothing to the peer") {
  overEachBackend([](net::Loop& loop) {
    App app;
    Log reports;
    Log server;
    app.onerror([&](const Error& error) { reports.push_back(error.message); });
    app.ws("/", {.message = [](WebSocket, const Message&) { throw std::runtime_error("secret"); },
                 .error = [&](WebSocket, const Error& error) { server.push_back("error " + error.message); },
                 .close = [&](WebSocket, const CloseEvent&) { server.push_back("close"); }});
    Recorder client(WebSocket(urlOf(app.listen(0, "127.0.0.1"))));
    client.ws.onopen([&] {
      client.ws.send("one");
      client.ws.send("two");
    });
    REQUIRE(turnUntil(loop, [&] { return client.closes == 1 && server.size() == 2; }));
    CHECK(client.end.code == 1011);
    CHECK(client.end.reason.empty());
    CHECK(joined(server) == "error a handler threw: secret, close");
    CHECK(joined(reports) == "a handler threw: secret");
  });
}

TEST_CASE("a connection that nobody takes, or that is refused, fails with error and 1006") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.get("/plain", [](Request&, Response& res) { res.send("not a WebSocket"); });
    const Address address = app.listen(0, "127.0.0.1");
    Recorder refused(WebSocket(urlOf(address, "/plain")));
    Recorder nobody(WebSocket("ws://127.0.0.1:1/"));
    REQUIRE(turnUntil(loop, [&] { return refused.closes == 1 && nobody.closes == 1; }));
    CHECK(joined(refused.log) == "error the server did not answer 101: the server answered 404, close 1006");
    CHECK(nobody.log[1] == "close 1006");
  });
}

TEST_CASE("a peer that goes without a Close: 1006 and no error") {
  overEachBackend([](net::Loop& loop) {
    App app;
    Log log;
    app.ws("/",
           {.error = [&](WebSocket, const Error&) { log.push_back("error"); },
            .close = [&](WebSocket, const CloseEvent& event) { log.push_back(std::to_string(event.code)); }});
    const Address address = app.listen(0, "127.0.0.1");
    RawClient client(loop, address);
    client.send(test::upgradeRequest());
    REQUIRE(turnUntil(loop, [&] { return client.received.ends_with("\r\n\r\n"); }));
    client.close();
    REQUIRE(turnUntil(loop, [&] { return !log.empty(); }));
    CHECK(joined(log) == "1006");
  });
}

TEST_CASE("the client's constructor refuses what the browser's refuses") {
  test::SimLoop sim;
  for (const char* url :
       {"", "localhost", "/path", "ftp://localhost/", "ws://", "ws://localhost/#", "ws://localhost/#x",
        "ws://local host/", "ws://localhost:99999/", "ws://[::1/", "mailto:x"}) {
    CAPTURE(url);
    CHECK_THROWS_AS(WebSocket{url}, SyntaxError);
  }
  CHECK_THROWS_AS(WebSocket("ws://localhost/", "a b"), SyntaxError);
  CHECK_THROWS_AS(WebSocket("ws://localhost/", ""), SyntaxError);
  CHECK_THROWS_AS(WebSocket("ws://localhost/", {"a", "b", "a"}), SyntaxError);
  CHECK_THROWS_AS(WebSocket("ws://localhost/", {.headers = {{"X", "a\r\nb"}}}), SyntaxError);
  CHECK_THROWS_AS(WebSocket("ws://localhost/", {.headers = {{"Upgrade", "x"}}}), SyntaxError);
  CHECK(WebSocket("HTTP://LocalHost:80").url() == "ws://localhost/");
  CHECK(WebSocket("ws://localhost:5000/a b?c=\xc3\xa4").url() == "ws://localhost:5000/a%20b?c=%C3%A4");
}
