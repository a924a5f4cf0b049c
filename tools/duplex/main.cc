#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <vector>

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

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<long long>(seconds * 1000));
}

/// Permissions as chmod takes them.
std::string isMode(const std::string& text) {
  const bool octal = !text.empty() && text.size() <= 4 && text.find_first_not_of("01234567") == text.npos;
  return octal ? "" : "permissions are octal digits, such as 660";
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

std::string isPath(const std::string& text) {
  return text.starts_with('/') ? "" : "a path begins with a slash";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program("duplex: WebSocket and HTTP from the command line");
  program.set_version_flag("--version", std::string("duplex ") + DUPLEX_VERSION);
  std::string level = "warn";

  ServeOptions serving;
  CLI::App* serveCommand =
      program.add_subcommand("serve", "serve a folder, and push to all who connect at /");
  serveCommand->add_option("folder", serving.folder, "what to serve; without it a demo page")
      ->type_name("TEXT:DIR");
  // An option that is none is told before what stands behind it is taken for a folder.
  serveCommand->callback([&serving] {
    const std::string problem = serving.folder.empty() ? "" : CLI::ExistingDirectory(serving.folder);
    if (!problem.empty()) throw CLI::ValidationError("folder", problem);
  });
  CLI::Option* host =
      serveCommand->add_option("--host", serving.host, "address to listen on")->capture_default_str();
  CLI::Option* port =
      serveCommand->add_option("--port", serving.port, "port to listen on; 0 picks a free one")
          ->capture_default_str()
          ->check(CLI::Range(0, 65'535));
  std::string permissions = "600";
  CLI::Option* unixSocket =
      serveCommand->add_option("--unix", serving.unixSocket, "a Unix socket to listen on instead: its path");
  unixSocket->excludes(host)->excludes(port);
  serveCommand->add_option("--unix-mode", permissions, "permissions of its file: who may write may connect")
      ->capture_default_str()
      ->check(isMode);
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
  certificate->needs(key)->excludes(unixSocket);
  key->needs(certificate);
  serveCommand
      ->add_option("--tls-client-ca", serving.clientAuthority,
                   "file with certificates; only clients that one of them vouches for get in")
      ->needs(certificate);
  std::string serveCompression = "off";
  addCompression(*serveCommand, serveCompression);
  serveCommand
      ->add_option("--trusted-proxy", serving.trustedProxies,
                   "an address or range of proxies, such as 10.0.0.0/8, that are believed when they say "
                   "(X-Forwarded-For) for whom they speak; may be repeated")
      ->allow_extra_args(false);
  serveCommand->add_flag("--proxy-protocol", serving.proxyProtocol,
                         "connections of trusted proxies begin with a header of the PROXY protocol");
  serveCommand
      ->add_option("--metrics", serving.metrics, "serve counters as text at this path, such as /metrics")
      ->check(isPath);
  serveCommand->add_option("--log", level, "trace, debug, info, warn or error")
      ->capture_default_str()
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));

  ConnectOptions connecting;
  double wait = 0;
  double timeout = 10;
  CLI::App* connectCommand = program.add_subcommand("connect", "talk to a WebSocket server, line by line");
  connectCommand->add_option("url", connecting.url, "ws://host:port/path, wss://, or ws+unix:/socket:/path")
      ->required();
  connectCommand->add_option("--protocol", connecting.protocols, "a subprotocol to offer; may be repeated")
      ->allow_extra_args(false);
  connectCommand->add_option("--header", connecting.headers, "'Name: value' to send along; may be repeated")
      ->allow_extra_args(false);
  connectCommand->add_option("--cookie", connecting.cookies, "'name=value' to send along; may be repeated")
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
  CLI::Option* proxy = connectCommand->add_option(
      "--proxy", connecting.proxy, "an HTTP proxy to go through: http://user:password@host:port");
  connectCommand
      ->add_flag("--proxy-env", connecting.proxyFromEnvironment,
                 "go through the proxy that http_proxy, https_proxy or all_proxy names, but for no_proxy")
      ->excludes(proxy);
  connectCommand->add_option("--follow", connecting.follow, "redirects to follow")->capture_default_str();
  connectCommand
      ->add_option("--reconnect", connecting.reconnect,
                   "tries in a row to connect again when that makes sense")
      ->capture_default_str();
  connectCommand
      ->add_option("--timeout", timeout, "seconds to connect in, and for the handshake after it; 0: no limit")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e9));
  connectCommand->add_flag("--slash", connecting.slash,
                           "take /ping [TEXT] and /close [CODE [REASON]] as commands");

  duplex::bench::Options measuring;
  CLI::App* benchCommand = duplex::bench::addCommand(program, measuring);

  duplex::check::Options checking;
  CLI::App* checkCommand = duplex::check::addCommand(program, checking);

  // Not require_subcommand(1), which tells of no command where one is misspelt.
  program.require_subcommand(0, 1);
  program.allow_extras();
  program.callback([&program] {
    const std::vector<std::string> unknown = program.remaining();
    if (!unknown.empty()) throw CLI::ExtrasError({unknown.front()});
    if (program.get_subcommands().empty()) {
      throw CLI::RequiredError("A command (serve, connect, bench or check)");
    }
  });
  CLI11_PARSE(program, argc, argv);
  serving.permissions = static_cast<unsigned>(std::stoul(permissions, nullptr, 8));
  serving.compression.mode = modes.at(serveCompression);
  connecting.compression.mode = modes.at(connectCompression);
  connecting.wait = milliseconds(wait);
  connecting.timeout = milliseconds(timeout);
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
