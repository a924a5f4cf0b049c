#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <duplex/function.h>

#include "base/clock.h"
#include "check/case.h"
#include "check/deflate.h"
#include "check/extension.h"
#include "check/reader.h"
#include "check/record.h"
#include "net/alarm.h"
#include "net/loop.h"
#include "transport/stream.h"

namespace duplex::check {

struct Settings {
  /// For an answer.
  Milliseconds patience{5'000};
  /// For a case, however lively the other end is.
  Milliseconds limit{60'000};
  /// For an end that is to fail the connection, before it is asked whether it goes on.
  Milliseconds grace{250};
  /// What is sent goes out byte by byte; of a long case the beginning, and the rest in pieces. So do the
  /// heads of the cases that are about handshakes.
  bool bytewise = false;
  /// Connections at once.
  std::size_t parallel = 1;
};

/// What follows the opening handshake of one case: carries out its steps, keeps a record of what comes, and
/// ends the connection. Every wait is limited.
class Talk final : net::SocketHandler {
 public:
  /// `done` is called once, from within a call of the socket or a timer; it may not destroy the talk.
  Talk(net::Loop& loop, const Case& asked, Role checked, const Settings& settings, Record& record,
       Function<void()> done);
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;
  ~Talk() = default;

  /// `rest` came behind the other end's head; `front` is to go out before all else.
  void begin(transport::Stream stream, const std::optional<DeflateParameters>& deflate, std::string_view rest,
             std::string front = {});

 private:
  enum class Phase { Steps, Items, Failure, LastWords, TheirEnd, Over };
  enum class Wait { None, Items, Lingering };

  void advance();
  void carryOut(const Step& step);
  void compress(const Deflated& message);
  void enter(Phase phase);
  bool pump();
  void send(const Frame& frame);
  void sayClose(const Frame& frame);
  void ask();
  void heardSomething();
  void answerPings();
  void endTcp();
  bool hasItems(std::size_t count) const;
  bool hasAll() const;
  void finish(Record::End end);
  void onTime();
  void onLimit();
  void wait(Milliseconds time) { loop_.schedule(alarm_, time); }

  void onData(MutableBytes bytes) override;
  void onEnd() override;
  void onDrained() override;
  void onFailed(std::error_code error) override;

  net::Loop& loop_;
  const Case& case_;
  const Role checked_;
  const Settings& settings_;
  Record& record_;
  Function<void()> done_;
  net::Alarm<Talk> alarm_{*this, &Talk::onTime};
  net::Alarm<Talk> limit_{*this, &Talk::onLimit};
  transport::Stream stream_;
  std::optional<Reader> reader_;
  std::optional<Deflater> deflater_;
  Phase phase_ = Phase::Steps;
  Wait wait_ = Wait::None;
  std::size_t at_ = 0;
  std::size_t awaited_ = 0;
  std::size_t answered_ = 0;
  // What is to go out, how much of it has, in writes of `chop_` bytes; whether one is under way, and how many
  // were of one byte.
  std::string outgoing_;
  std::size_t sent_ = 0;
  std::size_t singles_ = 0;
  std::size_t chop_ = 0;
  bool pumping_ = false;
  bool held_ = false;
  bool ended_ = false;
};

}  // namespace duplex::check
