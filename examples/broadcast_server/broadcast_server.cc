// Sends every message to all who are connected, its sender too.

#include <exception>

#include <duplex/duplex.h>

#include "common/server.h"

int main(int argc, char** argv) try {
  const Options options = readServerOptions(argc, argv);
  duplex::App app({.threads = options.threads, .backend = options.backend});

  app.ws("/", {.open = [](duplex::WebSocket ws, const duplex::Request&) { ws.subscribe("all"); },
               .message = [&app](duplex::WebSocket,
                                 const duplex::Message& message) { app.publish("all", message); },
               .limits = {.maxMessageSize = 64 * MiB, .maxBufferedAmount = 256 * MiB},
               .compression = options.compression});

  return serve(app, options);
} catch (const std::exception& error) {
  return failed(error);
}
