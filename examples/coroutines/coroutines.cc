// Handlers that wait, written from top to bottom: an echo, a clock, a game, and a page that takes its time.

#include <charconv>
#include <chrono>
#include <exception>
#include <iostream>
#include <random>
#include <string>
#include <string_view>

#include <duplex/duplex.h>

#include "common/server.h"

using namespace std::chrono_literals;
using duplex::Next;
using duplex::Request;
using duplex::Response;
using duplex::Task;
using duplex::WebSocket;

namespace {

Task<> echo(WebSocket ws) {
  while (auto message = co_await ws.receive()) co_await ws.send(*message);
}

Task<> countSeconds(WebSocket ws) {
  int seconds = 0;
  while (co_await ws.send(std::to_string(seconds++))) co_await duplex::Loop::sleep(1s);
}

int pickNumber() {
  std::random_device random;
  return std::uniform_int_distribution(1, 100)(random);
}

/// 0 if it is no number.
int numberIn(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Task<> play(WebSocket ws) {
  ws.send("What is your name?");
  const auto name = co_await ws.receive();
  if (!name) co_return;
  ws.send("Guess my number, " + std::string(name->text()) + ", from 1 to 100.");

  const int number = pickNumber();
  for (int guesses = 1; const auto guess = co_await ws.receive(); ++guesses) {
    if (numberIn(guess->text()) == number) {
      ws.send("Right, with " + std::to_string(guesses) + " guesses.");
      ws.close();
    } else {
      ws.send(numberIn(guess->text()) < number ? "More." : "Less.");
    }
  }
}

Task<> logTime(Request& req, Response& res, Next& next) {
  const auto start = std::chrono::steady_clock::now();
  co_await next;
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  std::cout << req.url() << ' ' << res.statusCode() << ' ' << time.count() << " ms" << std::endl;
}

Task<> takeItsTime(Request&, Response& res) {
  co_await duplex::Loop::sleep(200ms);
  res.send("at last\n");
}

}  // namespace

int main(int argc, char** argv) try {
  const Options options = readServerOptions(argc, argv);
  duplex::App app({.threads = options.threads, .backend = options.backend});

  app.use(logTime);
  app.get("/slow", takeItsTime);
  app.ws("/echo", {.open = echo, .limits = {.maxMessageSize = 64 * MiB}});
  app.ws("/seconds", countSeconds);
  app.ws("/game", play);

  return serve(app, options);
} catch (const std::exception& error) {
  return failed(error);
}
