#include "common/server.h"

#include <errno.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include <duplex/loop.h>
#include <duplex/static.h>

namespace {

using namespace std::chrono_literals;

void addAddress(CLI::App& program, Options& options) {
  program.option_defaults()->always_capture_default();
  program.add_option("--host", options.host, "address to listen on");
  program.add_option("--port", options.port, "port to listen on; 0 picks a free one")
      ->check(CLI::Range(0, 65'535));
  program.add_option("--backend", options.backend, "what the loops stand on")
      ->check(CLI::IsMember({"auto", "epoll", "uring"}));
}

void parse(CLI::App& program, int argc, char** argv) {
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(program.exit(error));
  }
}

/// New connections get what is in the files now; what is no certificate leaves the old one.
void reload(duplex::App& app) {
  try {
    app.reloadTls();
  } catch (const duplex::TlsError& error) {
    std::cerr << error.what() << '\n';
  }
}

}  // namespace

Options readServerOptions(int argc, char** argv) {
  Options options;
  CLI::App program;
  addAddress(program, options);
  program.add_option("--threads", options.threads, "event loops, each on its own thread")
      ->check(CLI::Range(1, 1024));
  std::vector<std::string> identity;
  program.add_option("--tls", identity, "files with a certificate chain and its key, for https and wss")
      ->type_name("CERT KEY")
      ->expected(2);
  const auto deflate = [&] {
    options.compression = {.mode = duplex::Compression::Dedicated, .threshold = 0};
  };
  program.add_flag_callback("--deflate", deflate, "compress all messages, with context takeover both ways");
  parse(program, argc, argv);
  if (!identity.empty()) {
    options.certificate = identity[0];
    options.key = identity[1];
  }
  return options;
}

Options readPageOptions(int argc, char** argv, const std::string& pages) {
  Options options;
  options.pages = pages;
  CLI::App program;
  addAddress(program, options);
  program.add_option("--public", options.pages, "folder of the page")->check(CLI::ExistingDirectory);
  parse(program, argc, argv);
  return options;
}

void servePages(duplex::App& app, const Options& options) {
  app.use(duplex::serveStatic(options.pages));
  app.use("/common", duplex::serveStatic(EXAMPLES_COMMON));
}

int serve(duplex::App& app, const Options& options, duplex::Function<void()> stopping) {
  app.onerror([](const duplex::Error& error, const duplex::ErrorContext& where) {
    std::cerr << where.remoteAddress.string() << ' ' << where.route << ' ' << error.message << '\n';
  });
  const bool secure = !options.certificate.empty();
  const auto listening = [secure](const duplex::Address& address) {
    std::cout << ::program_invocation_short_name << " listening on " << (secure ? "https" : "http") << "://"
              << address.string() << std::endl;
  };
  if (secure) {
    app.listenTls(options.port, {.cert = options.certificate, .key = options.key}, options.host, listening);
    duplex::onSignal(SIGHUP, [&app] { reload(app); });
  } else {
    app.listen(options.port, options.host, listening);
  }

  const auto stop = [&, asked = false]() mutable {
    if (stopping) stopping();
    app.close(asked ? 0s : 5s);
    asked = true;
  };
  duplex::onSignal(SIGINT, stop);
  duplex::onSignal(SIGTERM, stop);
  return duplex::run();
}

int failed(const std::exception& error) {
  std::cerr << ::program_invocation_short_name << ": " << error.what() << '\n';
  return 1;
}
