#include "check/server_check.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "check/extension.h"
#include "check/judge.h"
#include "net/alarm.h"
#include "protocol/handshake.h"
#include "transport/stream.h"

namespace duplex::check {
namespace {

constexpr std::size_t maxHead = 256 * 1024;
constexpr std::size_t maxLost = 3;

bool isHeavy(const Case& asked) {
  return asked.family() == 9;
}

struct Problem {
  std::string what;
  std::string section;
};

/// What is wrong with a 101 (RFC 6455 §4.2.2), whatever the case; nothing if it is right.
std::optional<Problem> checkSwitching(const Head& answer, const Head& request, std::string_view key) {
  const char* section = "RFC 6455 §4.2.2";
  if (!answer.start.starts_with("HTTP/1.1 ")) return Problem{"the answer is not of HTTP/1.1", section};
  if (!answer.hasToken("Upgrade", "websocket"))
    return Problem{"the answer has no Upgrade: websocket", section};
  if (!answer.hasToken("Connection", "Upgrade"))
    return Problem{"the answer has no Connection: Upgrade", section};
  if (answer.count("Sec-WebSocket-Accept") > 1) {
    return Problem{"Sec-WebSocket-Accept stands there twice", "RFC 6455 §11.3.3"};
  }
  const std::string* accept = answer.value("Sec-WebSocket-Accept");
  if (accept == nullptr) return Problem{"the answer has no Sec-WebSocket-Accept", section};
  if (*accept != protocol::acceptKey(key))
    return Problem{"Sec-WebSocket-Accept is wrong: " + *accept, section};

  if (answer.count("Sec-WebSocket-Protocol") > 1) {
    return Problem{"Sec-WebSocket-Protocol stands there twice", "RFC 6455 §11.3.4"};
  }
  if (const std::string* chosen = answer.value("Sec-WebSocket-Protocol")) {
    std::vector<std::string_view> offered;
    const std::string list = request.list("Sec-WebSocket-Protocol");
    protocol::parseTokens(list, offered);
    if (std::find(offered.begin(), offered.end(), *chosen) == offered.end()) {
      return Problem{"a subprotocol that was not offered: '" + *chosen + "'", section};
    }
  }
  return std::nullopt;
}

}  // namespace

/// One case on one connection: connects, asks, and hands the connection to a Talk.
class ServerCheck::Run final : net::SocketHandler {
 public:
  Run(ServerCheck& check, const Case& asked)
      : check_(check),
        case_(asked),
        talk_(check.loop_, asked, Role::Server, check.settings_, record_, [this] { end(); }) {
    alarm_.emplace(*this, &Run::onTime);
  }
  ~Run() { stream_.close(true); }

  void start() {
    started_ = check_.loop_.now();
    check_.loop_.schedule(*alarm_, check_.settings_.patience);
    stream_ = transport::Stream(check_.loop_.connect(check_.target_.address, *this));
  }
  const Case& asked() const noexcept { return case_; }
  const Record& record() const noexcept { return record_; }

 private:
  void onConnected() override {
    if (check_.target_.tls && !stream_.secure()) {
      startTls();
    } else {
      ask();
    }
  }

  void startTls() {
    const Target& target = check_.target_;
    try {
      stream_.startTls(*target.tls, target.host, target.port);
    } catch (const TlsError& error) {
      unreachable(error.what());
      over(Record::End::None);
    }
  }

  void ask() {
    const Opening& opening = case_.opening;
    key_ = protocol::makeKey();
    request_ = opening.head.start.empty() ? goodRequest() : opening.head;
    if (!opening.deflate.empty()) request_ = request_.adding("Sec-WebSocket-Extensions", opening.deflate);
    outgoing_ = fill(opening.raw.empty() ? request_.bytes() : opening.raw,
                     {{"host", check_.target_.authority}, {"target", check_.target_.path}, {"key", key_}});
    pump();
  }

  // A byte a turn where that is asked for.
  void pump() {
    const bool bytewise = check_.settings_.bytewise && case_.isAboutHandshake();
    const std::size_t left = outgoing_.size() - sent_;
    const std::size_t size = bytewise ? std::min<std::size_t>(left, 1) : left;
    stream_.output().append(std::string_view(outgoing_).substr(sent_, size));
    sent_ += size;
    if (sent_ < outgoing_.size()) stream_.notifyDrained();
  }
  void onDrained() override {
    if (sent_ < outgoing_.size()) pump();
  }

  void onData(MutableBytes bytes) override {
    answer_.append(asText(bytes));
    for (;;) {
      const std::size_t size = answer_.find("\r\n\r\n");
      if (size == std::string::npos) {
        if (answer_.size() > maxHead) over(Record::End::None);
        return;
      }
      const std::optional<Head> head = parseHead(answer_);
      if (!head || head->status() == 0) {
        record_.badHead = "the answer is no head of HTTP";
        record_.badHeadSection = "RFC 6455 §4.2.2";
        return over(Record::End::None);
      }
      const std::string rest = answer_.substr(size + 4);
      // Interim answers (RFC 9110 §15.2).
      if (head->status() / 100 == 1 && head->status() != 101) {
        answer_ = rest;
        continue;
      }
      record_.status = head->status();
      return judge(*head, rest);
    }
  }

  void judge(const Head& head, std::string_view rest) {
    std::optional<DeflateParameters> deflate;
    const bool wasToRefuse = case_.opening.expect == Opening::Expect::Refusal;
    // Then its words do not matter any more.
    if (record_.status == 101 && wasToRefuse) return over(Record::End::None);
    if (record_.status == 101) {
      if (auto problem = checkSwitching(head, request_, key_)) {
        record_.badHead = std::move(problem->what);
        record_.badHeadSection = std::move(problem->section);
        return over(Record::End::None);
      }
      const std::string offers = request_.list("Sec-WebSocket-Extensions");
      record_.badHead = checkAnswer(head.list("Sec-WebSocket-Extensions"), offers, deflate);
      record_.badHeadSection = offers.empty() ? "RFC 6455 §4.2.2" : "RFC 7692 §7.1";
    }
    if (record_.badHead.empty() && case_.opening.rule != nullptr) {
      record_.badHead = case_.opening.rule(head);
      record_.badHeadSection = case_.section;
    }
    if (!record_.badHead.empty() || record_.status != 101 || wasToRefuse) return over(Record::End::None);
    if (!case_.opening.deflate.empty() && !deflate) {
      record_.notRun = "permessage-deflate was not agreed to";
      return over(Record::End::None);
    }
    alarm_.reset();
    talk_.begin(std::move(stream_), deflate, rest);
  }

  void onEnd() override {
    unreachable("it ended in the handshake of TLS");
    over(Record::End::Fin);
  }
  void onFailed(std::error_code error) override {
    const std::string detail = stream_.failure();
    stream_.forget();
    unreachable(error.message() + (detail.empty() ? "" : ": " + detail));
    over(Record::End::Reset);
  }
  void onTime() {
    record_.timedOut = true;
    unreachable(stream_.secure() ? "the handshake of TLS took too long" : "it was not accepted");
    over(Record::End::None);
  }
  /// That is so as long as nothing has been asked.
  void unreachable(const std::string& why) {
    if (outgoing_.empty()) record_.noConnection = "no connection: " + why;
  }

  /// The case ends without a conversation.
  void over(Record::End how) {
    record_.end = how;
    alarm_.reset();
    stream_.close(true);
    end();
  }
  void end() {
    record_.milliseconds = std::chrono::duration<double, std::milli>(check_.loop_.now() - started_).count();
    check_.finished(*this);
  }

  ServerCheck& check_;
  const Case& case_;
  Record record_;
  transport::Stream stream_;
  Talk talk_;
  std::optional<net::Alarm<Run>> alarm_;
  TimePoint started_;
  Head request_;
  std::string key_;
  std::string outgoing_;
  std::size_t sent_ = 0;
  std::string answer_;
};

ServerCheck::ServerCheck(net::Loop& loop, Target target, const Settings& settings,
                         std::vector<const Case*> cases)
    : loop_(loop), target_(std::move(target)), settings_(settings), cases_(std::move(cases)) {}

ServerCheck::~ServerCheck() {
  *alive_ = false;
}

void ServerCheck::start(Function<void(const Result&)> onResult, Function<void()> onDone) {
  onResult_ = std::move(onResult);
  onDone_ = std::move(onDone);
  startMore();
}

void ServerCheck::startMore() {
  while (next_ < cases_.size() && lost_ < maxLost) {
    // Long messages keep an end busy, and others waiting.
    const bool isAlone = isHeavy(*cases_[next_]) || (!runs_.empty() && isHeavy(runs_.back()->asked()));
    if (runs_.size() >= (isAlone ? 1 : settings_.parallel)) break;
    runs_.push_back(std::make_unique<Run>(*this, *cases_[next_++]));
    runs_.back()->start();
  }
  if (runs_.empty()) onDone_();
}

// A run ends inside a call of its socket, so it goes away later.
void ServerCheck::finished(Run& run) {
  loop_.defer([this, &run, alive = alive_] {
    if (!*alive) return;
    const Record& record = run.record();
    // A server that is only slow may need too long for long messages.
    const bool isHeld = !record.overran.empty() && !isHeavy(run.asked());
    lost_ = isHeld || !record.noConnection.empty() ? lost_ + 1 : 0;
    onResult_(check::judge(run.asked(), Role::Server, run.record()));
    std::erase_if(runs_, [&](const auto& each) { return each.get() == &run; });
    startMore();
  });
}

}  // namespace duplex::check
