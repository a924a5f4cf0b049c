#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

#include <duplex/app.h>
#include <duplex/compression.h>
#include <duplex/function.h>

// What the example servers share: their command line, their pages, how they start and how they stop.

constexpr std::size_t MiB = 1024 * 1024;

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 5000;
  unsigned threads = 1;
  std::string backend = "auto";
  /// Files with a certificate chain and its key, for https and wss; empty: without TLS.
  std::string certificate{};
  std::string key{};
  duplex::Compression compression{};
  /// The folder of the example's page; empty if it has none.
  std::string pages{};
};

/// Of a server without a page: --host, --port, --threads, --backend, --tls and --deflate. Ends the program
/// for --help and for what it cannot read.
Options readServerOptions(int argc, char** argv);
/// Of a server with a page: --host, --port and --public, the folder to serve instead of `pages`.
Options readPageOptions(int argc, char** argv, const std::string& pages);

/// Serves the example's page, and the style that all of them share.
void servePages(duplex::App& app, const Options& options);

/// Listens, says where, and runs until SIGINT or SIGTERM, which close the app gracefully; a second
/// one cuts what is left. `stopping` is for what else keeps the loop alive. Returns the exit code.
int serve(duplex::App& app, const Options& options, duplex::Function<void()> stopping = {});

/// Says what went wrong; returns the exit code.
int failed(const std::exception& error);
