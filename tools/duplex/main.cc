#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include <duplex/version.h>

#include "bench/command.h"
#include "check/command.h"
#include "connect.h"
#include "log.h"
#include "serve.h"

namespace {

std::string isOrigin(const std::string& text) {
  return text == "*" || text.find("://") != std::string::npos ? ""
                                                              : "an origin has a scheme: https://example.com";
}

/// The modes of compression by their names on the command line.
const std::map<std::string, duplex::Compression::Mode> modes{{"off", duplex::Compression::Off},
                                                             {"shared", duplex::Compression::Shared},
                                                             {"dedicated", duplex::Compression::Dedicated}};

void addCompression(CLI::App& command, std::string& mode) {
  command
      .add_option("--compression", mode,
                  "permessage-deflate: off; shared, each message by itself; dedicated, with context takeover")
      ->capture_default_str()
      ->check(CLI::IsMember(modes));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program("duplex: WebSocket and HTTP from the command line");
  program.set_version_flag("--version", std::string("duplex ") + DUPLEX_VERSION);
  program.require_subcommand(1);
  std::string level = "warn";

  ServeOptions serving;
  CLI::App* serveCommand =
      program.add_subcommand("serve", "serve a folder, and push to all who connect at /");
  serveCommand->add_option("folder", serving.folder, "what to serve; without it a demo page")
      ->check(CLI::ExistingDirectory);
  serveCommand->add_option("--host", serving.host, "address to listen on")->capture_default_str();
  serveCommand->add_option("--port", serving.port, "port to listen on; 0 picks a free one")
      ->capture_default_str();
  serveCommand->add_option("--threads", serving.threads, "event loops, each on its own thread")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  serveCommand->add_option("--backend", serving.backend, "uring, epoll, or auto, the former where it works")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "uring", "epoll"}));
  serveCommand
      ->add_option(
          "--origin", serving.origins,
          "a foreign origin that may connect, such as https://*.example.com; * lets all; may be repeated")
      ->allow_extra_args(false)
      ->check(isOrigin);
  CLI::Option* certificate =
      serveCommand->add_option("--tls-cert", serving.certificate,
                               "file with a certificate chain, for https and wss; read again on SIGHUP");
  CLI::Option* key = serveCommand->add_option("--tls-key", serving.key, "file with its key");
  certificate->needs(key);
  key->needs(certificate);
  serveCommand
      ->add_option("--tls-client-ca", serving.clientAuthority,
                   "file with certificates; only clients that one of them vouches for get in")
      ->needs(certificate);
  std::string serveCompression = "off";
  addCompression(*serveCommand, serveCompression);
  serveCommand->add_option("--log", level, "trace, debug, info, warn or error")
      ->capture_default_str()
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));

  ConnectOptions connecting;
  double wait = 0;
  CLI::App* connectCommand = program.add_subcommand("connect", "talk to a WebSocket server, line by line");
  connectCommand->add_option("url", connecting.url, "ws://host:port/path, or wss://")->required();
  connectCommand->add_option("--protocol", connecting.protocols, "a subprotocol to offer; may be repeated")
      ->allow_extra_args(false);
  connectCommand->add_option("--header", connecting.headers, "'Name: value' to send along; may be repeated")
      ->allow_extra_args(false);
  connectCommand->add_option("--origin", connecting.origin, "the Origin to claim");
  connectCommand->add_option("--ca", connecting.authority,
                             "file with the certificates to trust, instead of the system's");
  CLI::Option* ownCertificate = connectCommand->add_option("--cert", connecting.certificate,
                                                           "file with a certificate for the server to see");
  CLI::Option* ownKey = connectCommand->add_option("--key", connecting.key, "file with its key");
  ownCertificate->needs(ownKey);
  ownKey->needs(ownCertificate);
  connectCommand->add_flag("--insecure", connecting.insecure, "take whoever answers for the server");
  std::string connectCompression = "dedicated";
  addCompression(*connectCommand, connectCompression);
  connectCommand->add_option("--wait", wait, "seconds to go on receiving after the end of the input")
      ->check(CLI::Range(0.0, 1e9));
  connectCommand->add_flag("--slash", connecting.slash,
                           "take /ping [TEXT] and /close [CODE [REASON]] as commands");

  duplex::bench::Options measuring;
  CLI::App* benchCommand = duplex::bench::addCommand(program, measuring);

  duplex::check::Options checking;
  CLI::App* checkCommand = duplex::check::addCommand(program, checking);

  CLI11_PARSE(program, argc, argv);
  serving.compression.mode = modes.at(serveCompression);
  connecting.compression.mode = modes.at(connectCompression);
  connecting.wait = std::chrono::milliseconds(static_cast<long long>(wait * 1000));
  try {
    setUpLog(level);
    if (benchCommand->parsed()) return duplex::bench::runCommand(measuring);
    if (checkCommand->parsed()) return duplex::check::runCommand(checking);
    return serveCommand->parsed() ? serve(serving) : connect(connecting);
  } catch (const std::exception& error) {
    fmt::print(stderr, "duplex: {}\n", error.what());
    return 1;
  }
}
