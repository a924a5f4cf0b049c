#include "check/client_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "check/extension.h"
#include "check/judge.h"
#include "net/alarm.h"
#include "protocol/handshake.h"
#include "transport/stream.h"

namespace duplex::check {
namespace {

constexpr std::size_t maxHead = 64 * 1024;

/// The value of `name` in a target's query; empty if it is not there.
std::string_view queryOf(std::string_view target, std::string_view name) {
  std::size_t at = target.find('?');
  while (at != std::string_view::npos) {
    const std::string_view part = target.substr(at + 1, target.find('&', at + 1) - at - 1);
    if (part.starts_with(name) && part.substr(name.size()).starts_with('='))
      return part.substr(name.size() + 1);
    at = target.find('&', at + 1);
  }
  return {};
}

/// Says `message` and goodbye.
Case saying(std::string message) {
  Case service;
  service.id = "0";
  if (!message.empty()) service.send.push_back(text(std::move(message)));
  service.send.push_back(close(1000));
  service.ending = closing({1000});
  return service;
}

}  // namespace

/// One connection: reads the request, answers it, and hands the connection to a Talk.
class ClientCheck::Run final : net::SocketHandler {
 public:
  Run(ClientCheck& check, const net::Accepted& accepted) : check_(check) {
    stream_ = transport::Stream(check.loop_.adopt(accepted, *this));
    if (check.tls_) stream_.startTls(*check.tls_);
    started_ = check.loop_.now();
    check.loop_.schedule(alarm_, check.settings_.patience);
  }
  ~Run() { stream_.close(true); }

  /// One of the table; null if it was none.
  const Case* asked() const noexcept { return case_ == &service_ ? nullptr : case_; }
  const Record& record() const noexcept { return record_; }

 private:
  void onData(MutableBytes bytes) override {
    request_.append(asText(bytes));
    const std::size_t size = request_.find("\r\n\r\n");
    if (size == std::string::npos) {
      if (request_.size() > maxHead) over(Record::End::None);
      return;
    }
    // What came after it while the answer was held back.
    if (case_ != nullptr) return;
    const std::optional<Head> head = parseHead(request_);
    if (!head) return over(Record::End::None);
    readRequest(*head);
  }

  void readRequest(const Head& head) {
    const std::size_t space = head.start.find(' ');
    const std::string target = head.start.substr(space + 1, head.start.rfind(' ') - space - 1);
    case_ = check_.choose(target, service_);
    if (case_ == nullptr) return refuse("404 Not Found");
    const Opening& opening = case_->opening;
    const std::string* key = head.value("Sec-WebSocket-Key");
    key_ = key == nullptr ? std::string() : *key;
    const bool isFresh = check_.isFresh(key_);
    if (opening.freshKey && !isFresh) breaks("the key has been used before");
    if (opening.rule != nullptr) breaks(opening.rule(head));
    if (!opening.deflate.empty()) {
      const std::string problem =
          checkAnswer(opening.deflate, head.list("Sec-WebSocket-Extensions"), deflate_);
      if (!problem.empty()) record_.notRun = "the client did not offer this: " + problem;
    }
    if (!record_.notRun.empty()) return refuse("501 Not Implemented");
    if (opening.slow) {
      waiting_ = true;
      return check_.loop_.schedule(alarm_, check_.settings_.grace);
    }
    answer();
  }

  void answer() {
    const Opening& opening = case_->opening;
    const std::string rest = request_.substr(request_.find("\r\n\r\n") + 4);
    if (opening.slow && !rest.empty()) {
      breaks("it sent something before the handshake was answered");
    }
    Head head = opening.head.start.empty() ? goodResponse() : opening.head;
    if (!opening.deflate.empty()) head = head.adding("Sec-WebSocket-Extensions", opening.deflate);
    std::string bytes = fill(opening.raw.empty() ? head.bytes() : opening.raw,
                             {{"accept", protocol::acceptKey(key_)}, {"key", key_}});
    talk_.emplace(check_.loop_, *case_, Role::Client, check_.settings_, record_, [this] { end(); });
    alarm_.cancel();
    const bool bytewise = check_.settings_.bytewise && case_->isAboutHandshake();
    if (!opening.glued && !bytewise) {
      stream_.output().append(bytes);
      bytes.clear();
    }
    talk_->begin(std::move(stream_), deflate_, rest, std::move(bytes));
  }

  /// There is no such case, or it cannot be asked.
  void refuse(std::string_view status) {
    stream_.output().append(
        fmt::format("HTTP/1.1 {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status));
    stream_.shutdown();
    waiting_ = false;
    check_.loop_.schedule(alarm_, check_.settings_.grace);
  }

  void breaks(std::string what) {
    if (what.empty() || !record_.badHead.empty()) return;
    record_.badHead = std::move(what);
    record_.badHeadSection = case_->section;
  }

  void onEnd() override { over(Record::End::Fin); }
  void onFailed(std::error_code) override {
    stream_.forget();
    over(Record::End::Reset);
  }
  void onTime() {
    if (std::exchange(waiting_, false)) return answer();
    over(Record::End::None);
  }

  /// The connection ends without a conversation.
  void over(Record::End how) {
    record_.end = how;
    alarm_.cancel();
    stream_.close(true);
    end();
  }
  void end() {
    record_.milliseconds = std::chrono::duration<double, std::milli>(check_.loop_.now() - started_).count();
    check_.finished(*this);
  }

  ClientCheck& check_;
  Case service_;
  const Case* case_ = nullptr;
  Record record_;
  transport::Stream stream_;
  std::optional<DeflateParameters> deflate_;
  std::optional<Talk> talk_;
  net::Alarm<Run> alarm_{*this, &Run::onTime};
  TimePoint started_;
  std::string request_;
  std::string key_;
  bool waiting_ = false;
};

ClientCheck::ClientCheck(net::Loop& loop, const Address& listenOn, const Settings& settings,
                         std::vector<const Case*> cases, Ref<transport::TlsServerContext> tls)
    : loop_(loop),
      settings_(settings),
      cases_(std::move(cases)),
      tls_(std::move(tls)),
      verdicts_(cases_.size(), Verdict::NotRun),
      listener_(loop, listenOn, [this](net::Accepted accepted) { accept(accepted); }) {}

ClientCheck::~ClientCheck() {
  *alive_ = false;
}

void ClientCheck::start(Function<void(const Result&)> onResult, Function<void()> onDone) {
  onResult_ = std::move(onResult);
  onDone_ = std::move(onDone);
}

void ClientCheck::accept(net::Accepted accepted) {
  runs_.push_back(std::make_unique<Run>(*this, accepted));
}

const Case* ClientCheck::choose(std::string_view target, Case& service) {
  if (const std::string_view agent = queryOf(target, "agent"); !agent.empty()) agent_ = agent;
  const std::string_view number = queryOf(target, "case");
  std::size_t index = 0;
  std::from_chars(number.data(), number.data() + number.size(), index);
  const bool isKnown = index > 0 && index <= cases_.size();

  if (target.starts_with("/getCaseCount")) {
    asksForReport_ = true;
    service = saying(fmt::format("{}", cases_.size()));
  } else if (target.starts_with("/getCaseStatus") && isKnown) {
    service = saying(fmt::format(R"({{"behavior":"{}"}})", nameOf(verdicts_[index - 1])));
  } else if (target.starts_with("/updateReports")) {
    reportAsked_ = true;
    service = saying({});
  } else if (target.starts_with("/runCase")) {
    return isKnown ? cases_[index - 1] : nullptr;
  } else {
    return next_ < cases_.size() ? cases_[next_++] : nullptr;
  }
  return &service;
}

// A run ends inside a call of its socket, so it goes away later.
void ClientCheck::finished(Run& run) {
  loop_.defer([this, &run, alive = alive_] {
    if (!*alive) return;
    if (const Case* asked = run.asked()) {
      const Result result = judge(*asked, Role::Client, run.record());
      const auto at = std::find(cases_.begin(), cases_.end(), asked) - cases_.begin();
      verdicts_[static_cast<std::size_t>(at)] = result.verdict;
      ++told_;
      onResult_(result);
    }
    std::erase_if(runs_, [&](const auto& each) { return each.get() == &run; });
    const bool isAll = reportAsked_ || (!asksForReport_ && told_ >= cases_.size());
    // A client may go on to connect, though there is nothing more to ask.
    const bool isAsking =
        std::any_of(runs_.begin(), runs_.end(), [](const auto& each) { return each->asked() != nullptr; });
    if (!isAll || isAsking || done_) return;
    done_ = true;
    onDone_();
  });
}

}  // namespace duplex::check
