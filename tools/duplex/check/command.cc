#include "check/command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <string>

#include "check/catalogue.h"
#include "check/report.h"
#include "check/run.h"

namespace duplex::check {
namespace {

void listCases(const Options& options) {
  const Role role = options.port < 0 ? Role::Server : Role::Client;
  for (const Case* each : selectCases(role, options.only)) {
    fmt::print("{:<9} {:<7} {:<28} {}: {}\n", each->id, nameOf(each->level), each->section, each->group,
               each->title);
  }
}

bool writeFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (file) return true;
  fmt::print(stderr, "duplex: '{}' could not be written\n", path);
  return false;
}

}  // namespace

CLI::App* addCommand(CLI::App& program, Options& options) {
  CLI::App* command = program.add_subcommand(
      "check", "ask an echo server, or a client, all that RFC 6455 and RFC 7692 demand of it");
  auto* url =
      command->add_option("url", options.url, "the server: ws://host:port/path; it has to echo messages");
  auto* listening =
      command
          ->add_option(
              "--listen", options.port,
              "check clients instead, which connect to this port again and again; 0 picks a free one")
          ->excludes(url)
          ->check(CLI::Range(0, 65'535));
  command->add_option("--host", options.host, "address to listen on")->capture_default_str();
  command->add_option("--only", options.only,
                      "cases by number (6, 6.2, 6.2.7), by a word of their titles, or with *");
  command->add_option("--name", options.name, "what is checked, for the report");
  command->add_flag("--list", options.list, "print the cases and ask nothing");
  command->add_flag("--json", options.json, "print the report as one JSON object");
  command->add_option("--html", options.html, "write the report as a page to this file");
  command
      ->add_option("--ca", options.authority,
                   "file with the certificates to trust for wss:, instead of the system's")
      ->excludes(listening);
  auto* certificate = command->add_option(
      "--cert", options.certificate,
      "file with a certificate for the server to see; of --listen, which then speaks TLS");
  auto* key = command->add_option("--key", options.key, "file with its key");
  certificate->needs(key);
  key->needs(certificate);
  command->add_flag("--insecure", options.insecure, "take whoever answers for the server")
      ->excludes(listening);
  command->add_option("--timeout", options.timeout, "seconds to wait for an answer")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 3600.0));
  command->add_option("--case-timeout", options.caseTimeout, "seconds that a case may take in all")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 86'400.0));
  command->add_option("--parallel", options.parallel, "connections at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  command->add_option("--backend", options.backend, "uring, epoll, or auto, the former where it works")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "uring", "epoll"}));
  return command;
}

int runCommand(const Options& options) {
  if (options.list) {
    listCases(options);
    return 0;
  }
  if (options.url.empty() && options.port < 0) {
    fmt::print(stderr, "duplex: check needs the URL of a server, or --listen\n");
    return 2;
  }
  Report report;
  try {
    report = options.url.empty() ? checkClients(options) : checkServer(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "duplex: {}\n", error.what());
    return 2;
  }
  fmt::print("{}", options.json ? toJson(report) : toText(report, ::isatty(STDOUT_FILENO) != 0));
  if (!options.html.empty() && !writeFile(options.html, toHtml(report))) return 2;
  if (report.results.empty()) return 2;
  return report.hasFailed() ? 1 : 0;
}

}  // namespace duplex::check
