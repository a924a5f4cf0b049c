#include "check/run.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <duplex/error.h>
#include <duplex/loop.h>

#include "check/catalogue.h"
#include "check/client_check.h"
#include "check/server_check.h"
#include "net/loop.h"
#include "transport/resolver.h"
#include "transport/tls_client.h"
#include "transport/tls_context.h"
#include "websocket/url.h"

namespace duplex::check {
namespace {

// In which clients are told that there are no more cases.
constexpr Milliseconds farewell{1'000};

Settings settingsOf(const Options& options) {
  Settings settings;
  settings.patience = Milliseconds(static_cast<long long>(options.timeout * 1000));
  settings.limit = Milliseconds(static_cast<long long>(options.caseTimeout * 1000));
  settings.grace = std::min(settings.grace, settings.patience);
  settings.parallel = options.parallel;
  return settings;
}

std::string now() {
  const std::time_t time = std::time(nullptr);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", std::gmtime(&time))};
}

/// How far it has got, on a terminal.
class Progress {
 public:
  explicit Progress(std::size_t all) : all_(all) {}
  ~Progress() {
    if (shown_) fmt::print(stderr, "\r\x1b[K");
  }
  void step(const Result& result) {
    ++done_;
    if (!terminal_) return;
    shown_ = true;
    fmt::print(stderr, "\r\x1b[K{} of {}  {} {}", done_, all_, result.asked->id, nameOf(result.verdict));
    std::fflush(stderr);
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) != 0;
  const std::size_t all_;
  std::size_t done_ = 0;
  bool shown_ = false;
};

/// Runs the loop until `start(done)` has called its `done`.
template <class Start>
void runUntilDone(net::Loop& loop, Start&& start) {
  bool over = false;
  loop.hold();
  start([&loop, &over] {
    if (std::exchange(over, true)) return;
    loop.unhold();
    loop.stop();
  });
  loop.run();
}

std::vector<Address> lookUp(net::Loop& loop, const websocket::Url& url) {
  if (url.unixSocket.family() == Address::Family::Unix) return {url.unixSocket};
  std::vector<Address> found;
  runUntilDone(loop, [&](auto done) {
    loop.local<transport::Resolver>().resolve(url.host, url.port,
                                              [&found, done](std::vector<Address> addresses, bool last) {
                                                found.insert(found.end(), addresses.begin(), addresses.end());
                                                if (last) done();
                                              });
  });
  if (found.empty()) throw std::runtime_error("'" + url.host + "' is not known");
  return found;
}

std::vector<Result> ask(net::Loop& loop, const Target& target, const Settings& settings,
                        const std::vector<const Case*>& cases, Progress* progress) {
  std::vector<Result> results;
  ServerCheck check(loop, target, settings, cases);
  runUntilDone(loop, [&](auto done) {
    check.start(
        [&](const Result& result) {
          results.push_back(result);
          if (progress != nullptr) progress->step(result);
        },
        done);
  });
  return results;
}

/// One that is told nothing has nothing to say: each message would be taken for an answer. Throws
/// std::runtime_error, with what it says, if the server speaks first.
void listenFirst(net::Loop& loop, const websocket::Url& url, const Settings& settings, const Target& target) {
  Case silence;
  silence.id = "0";
  silence.send.emplace_back(Linger{});
  const Result result = ask(loop, target, settings, {&silence}, nullptr).front();
  if (result.messages == 0) return;
  throw std::runtime_error(
      url.href + ": the server speaks first (" + result.got +
      "): what it says cannot be told from echoes. A server is needed that says nothing " +
      "but what it is sent");
}

/// Whether the server echoes text. Goes through the addresses to one that accepts. Throws std::runtime_error
/// if none does, or it has no WebSocket at this URL that can be asked.
bool echoes(net::Loop& loop, const websocket::Url& url, const Settings& settings, Target& target) {
  Case hello;
  hello.id = "0";
  hello.send.push_back(text("duplex check"));
  hello.expected.push_back(textItem("duplex check"));
  std::string reasons;
  const std::vector<Address> addresses = lookUp(loop, url);
  for (const Address& address : addresses) {
    target.address = address;
    const Result result = ask(loop, target, settings, {&hello}, nullptr).front();
    if (result.verdict == Verdict::Pass) return true;
    if (result.why.starts_with("no connection")) {
      // Another address may have another reason, and the first one be what matters.
      if (!reasons.empty()) reasons += "; ";
      reasons += (addresses.size() > 1 ? address.string() + ": " : "") + result.why;
      continue;
    }
    if (result.status != 101) {
      throw std::runtime_error(url.href + ": a good handshake was not answered with 101: " + result.why);
    }
    if (result.messages > 0) listenFirst(loop, url, settings, target);
    return false;
  }
  throw std::runtime_error(url.href + ": " + reasons);
}

/// Null where there is no TLS.
Ref<transport::TlsClientContext> trustOf(net::Loop& loop, const websocket::Url& url, const Options& options) {
  if (!url.secure) return {};
  return loop.local<transport::TlsClients>().context({.ca = options.authority,
                                                      .cert = options.certificate,
                                                      .key = options.key,
                                                      .verify = !options.insecure});
}

Ref<transport::TlsServerContext> identityOf(const Options& options) {
  if (options.certificate.empty()) return {};
  return Ref<transport::TlsServerContext>::adopt(
      new transport::TlsServerContext({.cert = options.certificate, .key = options.key}));
}

std::vector<const Case*> chosen(Role role, const std::string& only) {
  std::vector<const Case*> cases = selectCases(role, only);
  if (cases.empty()) throw std::runtime_error("no case is called '" + only + "'");
  return cases;
}

}  // namespace

Report checkServer(const Options& options) {
  const websocket::Url url = websocket::parseUrl(options.url);
  std::vector<const Case*> cases = chosen(Role::Server, options.only);
  const Settings settings = settingsOf(options);
  net::Loop& loop = net::Loop::current(options.backend);

  Report report{
      .subject = options.name.empty() ? url.href : options.name, .role = Role::Server, .date = now()};
  Target target{.address = {},
                .authority = url.authority,
                .path = url.target,
                .tls = trustOf(loop, url, options),
                .host = url.host,
                .port = url.port};
  if (!echoes(loop, url, settings, target)) {
    report.remark =
        "The server does not echo messages, or not as they are: the cases that need it were not run.";
    const auto needsNone = std::stable_partition(cases.begin(), cases.end(),
                                                 [](const Case* each) { return !each->needsEcho(); });
    for (auto each = needsNone; each != cases.end(); ++each) {
      report.results.push_back(
          {.asked = *each, .verdict = Verdict::NotRun, .why = "the server does not echo"});
    }
    cases.erase(needsNone, cases.end());
  }
  Progress progress(cases.size());
  for (Result& result : ask(loop, target, settings, cases, &progress))
    report.results.push_back(std::move(result));
  const std::size_t unasked =
      static_cast<std::size_t>(std::count_if(cases.begin(), cases.end(), [&](const Case* each) {
        return std::none_of(report.results.begin(), report.results.end(),
                            [&](const Result& result) { return result.asked == each; });
      }));
  if (unasked > 0) {
    const bool holds = std::any_of(report.results.begin(), report.results.end(),
                                   [](const Result& result) { return result.overran; });
    report.remark = fmt::format("The server {}: {} cases could not be asked.",
                                holds ? "keeps one case after the other from ending" : "is gone", unasked);
  }
  report.sort();
  return report;
}

Report checkClients(const Options& options) {
  const std::vector<const Case*> cases = chosen(Role::Client, options.only);
  const Settings settings = settingsOf(options);
  const Address address = Address::parse(options.host, static_cast<std::uint16_t>(options.port));
  if (address.family() == Address::Family::None) throw SyntaxError("'" + options.host + "' is no address");
  net::Loop& loop = net::Loop::current(options.backend);

  Report report{.subject = options.name, .role = Role::Client, .date = now()};
  Progress progress(cases.size());
  const Ref<transport::TlsServerContext> tls = identityOf(options);
  ClientCheck check(loop, address, settings, cases, tls);
  fmt::print(stderr, "waiting for a client at {}://{}, {} times\n", tls ? "wss" : "ws",
             check.address().string(), cases.size());
  runUntilDone(loop, [&](auto done) {
    onSignal(SIGINT, done);
    check.start(
        [&](const Result& result) {
          report.results.push_back(result);
          progress.step(result);
        },
        [&, done] {
          if (check.isToldOfEnd()) return done();
          // One that connects until it is told that there is no more comes once again.
          loop.setTimer(done, farewell, false);
        });
  });
  onSignal(SIGINT, nullptr);
  if (report.subject.empty()) report.subject = check.agent().empty() ? "a client" : check.agent();
  if (report.results.size() < cases.size()) {
    report.remark = fmt::format("{} of {} cases were asked.", report.results.size(), cases.size());
  }
  report.sort();
  return report;
}

}  // namespace duplex::check
