// Sends every message back to where it came from.

#include <exception>

#include <duplex/duplex.h>

#include "common/server.h"

int main(int argc, char** argv) try {
  const Options options = readServerOptions(argc, argv);
  duplex::App app({.threads = options.threads, .backend = options.backend});

  app.ws("/", {.message = [](duplex::WebSocket ws, const duplex::Message& message) { ws.send(message); },
               .limits = {.maxMessageSize = 64 * MiB, .maxBufferedAmount = 256 * MiB},
               .compression = options.compression});

  return serve(app, options);
} catch (const std::exception& error) {
  return failed(error);
}
