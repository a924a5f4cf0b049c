#include "check/talk.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/bytes.h"

namespace duplex::check {
namespace {

// What is asked of an end that should have failed the connection.
constexpr std::string_view question = "still there?";
// Of a case that goes out byte by byte; then so many pieces of what is there to be sent.
constexpr std::size_t maxSingles = 500;
constexpr std::size_t pieces = 16;

}  // namespace

Talk::Talk(net::Loop& loop, const Case& asked, Role checked, const Settings& settings, Record& record,
           Function<void()> done)
    : loop_(loop),
      case_(asked),
      checked_(checked),
      settings_(settings),
      record_(record),
      done_(std::move(done)),
      chop_(asked.chop) {}

void Talk::begin(transport::Stream stream, const std::optional<DeflateParameters>& deflate,
                 std::string_view rest, std::string front) {
  stream_ = std::move(stream);
  stream_.setHandler(*this);
  record_.opened = true;
  reader_.emplace(checked_, deflate, record_);
  if (deflate) {
    const bool isServer = checked_ == Role::Server;
    deflater_.emplace(isServer ? deflate->clientBits : deflate->serverBits,
                      isServer ? deflate->clientNoTakeover : deflate->serverNoTakeover);
  }
  wait(settings_.patience);
  loop_.schedule(limit_, settings_.limit);
  outgoing_ = std::move(front);
  if (!rest.empty()) reader_->feed(rest);
  heardSomething();
}

// --- the steps

void Talk::advance() {
  while (phase_ == Phase::Steps && wait_ == Wait::None) {
    if (at_ < case_.send.size()) {
      carryOut(case_.send[at_++]);
      continue;
    }
    if (!pump()) return;
    switch (case_.ending.kind) {
      case Ending::Kind::Goodbye:
        return enter(Phase::Items);
      case Ending::Kind::Close:
        return enter(Phase::LastWords);
      case Ending::Kind::Failure:
        return enter(Phase::Failure);
    }
  }
}

void Talk::carryOut(const Step& step) {
  if (const auto* each = std::get_if<Frame>(&step)) {
    if (each->opcode == 0x8) record_.weSaidClose = true;
    outgoing_ += encode(*each, checked_ == Role::Server);
  } else if (const auto* raw = std::get_if<Raw>(&step)) {
    outgoing_ += raw->bytes;
  } else if (const auto* message = std::get_if<Deflated>(&step)) {
    compress(*message);
  } else if (const auto* awaited = std::get_if<Await>(&step)) {
    pump();
    awaited_ = awaited->items;
    if (!hasItems(awaited_)) wait_ = Wait::Items;
  } else {
    wait_ = Wait::Lingering;
    if (pump()) wait(settings_.grace);
  }
}

void Talk::compress(const Deflated& message) {
  const std::string bytes = deflater_->message(message.payload.bytes());
  const std::size_t size = message.fragment == 0 ? bytes.size() : message.fragment;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    const Opcode opcode = at == 0 ? message.opcode : Opcode::Continuation;
    Frame part = frame(static_cast<unsigned>(opcode), bytes.substr(at, size));
    part.rsv = at == 0 ? 0b100 : 0;
    part.fin = at + size >= bytes.size();
    outgoing_ += encode(part, checked_ == Role::Server);
  }
}

// Gives the socket what is to go out: all of it, or the next piece, which a turn of the loop sends. Whether
// nothing is left.
bool Talk::pump() {
  if (outgoing_.empty()) return true;
  if (pumping_ || !stream_) return false;
  const std::size_t left = outgoing_.size() - sent_;
  std::size_t size = chop_ == 0 ? left : std::min(chop_, left);
  if (settings_.bytewise && chop_ == 0) {
    size = singles_ < maxSingles ? 1 : std::min(left, 1 + outgoing_.size() / pieces);
    ++singles_;
  }
  stream_.output().append(std::string_view(outgoing_).substr(sent_, size));
  sent_ += size;
  if (sent_ == outgoing_.size()) {
    outgoing_.clear();
    sent_ = 0;
    return true;
  }
  pumping_ = true;
  stream_.notifyDrained();
  return false;
}

void Talk::onDrained() {
  pumping_ = false;
  if (phase_ == Phase::Over || !pump()) return;
  if (phase_ == Phase::TheirEnd) return endTcp();
  if (wait_ == Wait::Lingering) return wait(settings_.grace);
  advance();
}

void Talk::send(const Frame& frame) {
  outgoing_ += encode(frame, checked_ == Role::Server);
  pump();
}

void Talk::sayClose(const Frame& frame) {
  record_.weSaidClose = true;
  send(frame);
}

// --- how it goes on when the steps are done

void Talk::enter(Phase phase) {
  phase_ = phase;
  wait(phase == Phase::Failure ? settings_.grace : settings_.patience);
  heardSomething();
}

bool Talk::hasItems(std::size_t count) const {
  const auto got = std::count_if(record_.heard.begin(), record_.heard.end(), [](const Heard& heard) {
    return heard.kind != Heard::Kind::Ping && heard.kind != Heard::Kind::Close;
  });
  return static_cast<std::size_t>(got) >= count;
}

// All messages, and the last Pong: one may stand for all (RFC 6455 §5.5.3).
bool Talk::hasAll() const {
  std::size_t messages = 0;
  const Item* lastPong = nullptr;
  for (const Item& item : case_.expected) {
    if (item.kind == Item::Kind::Pong) {
      lastPong = &item;
    } else {
      ++messages;
    }
  }
  bool hasPong = lastPong == nullptr;
  for (const Heard& heard : record_.heard) {
    if (heard.kind == Heard::Kind::Text || heard.kind == Heard::Kind::Binary) {
      if (messages > 0) --messages;
    } else if (heard.kind == Heard::Kind::Pong && !hasPong) {
      hasPong = heard.payload == lastPong->payload.bytes();
    }
  }
  return messages == 0 && hasPong;
}

// The other end is asked whether it goes on: who failed the connection does not answer.
void Talk::ask() {
  if (!case_.ending.canAsk) {
    record_.wentOn = true;
    return finish(Record::End::None);
  }
  record_.weAsked = true;
  send(ping(question));
  sayClose(close(1000));
  phase_ = Phase::LastWords;
  wait(settings_.patience);
}

void Talk::answerPings() {
  for (; answered_ < record_.heard.size(); ++answered_) {
    const Heard& heard = record_.heard[answered_];
    if (heard.kind == Heard::Kind::Ping && !record_.weSaidClose && outgoing_.empty())
      send(pong(heard.payload));
    if (heard.kind == Heard::Kind::Pong && heard.payload == question) record_.wentOn = true;
  }
}

void Talk::heardSomething() {
  answerPings();
  if (phase_ == Phase::Over) return;
  // What breaks a rule by itself is told; there is nothing more to learn on this connection.
  if (!record_.malformed.empty()) return finish(Record::End::None);
  if (record_.heardClose && phase_ != Phase::TheirEnd) {
    if (!record_.weSaidClose) {
      outgoing_.clear();
      sent_ = 0;
      pumping_ = false;
      sayClose(record_.closeCode == 0 ? close() : close(record_.closeCode));
    }
    phase_ = Phase::TheirEnd;
    wait_ = Wait::None;
    // How soon TCP ends is asked by the cases about closing alone.
    wait(case_.ending.kind == Ending::Kind::Close ? settings_.patience : 4 * settings_.grace);
    return endTcp();
  }
  if (phase_ == Phase::Steps) {
    if (wait_ == Wait::Items && hasItems(awaited_)) wait_ = Wait::None;
    advance();
  } else if (phase_ == Phase::Items && hasAll()) {
    phase_ = Phase::LastWords;
    sayClose(close(1000));
  }
}

// A server ends TCP first (RFC 6455 §7.1.1), when all that it had to say is said.
void Talk::endTcp() {
  if (checked_ != Role::Client || !outgoing_.empty() || ended_) return;
  if (case_.ending.lingers && !std::exchange(held_, true)) return wait(settings_.grace);
  ended_ = true;
  wait(settings_.patience);
  stream_.shutdown();
}

void Talk::onTime() {
  if (phase_ == Phase::Over) return;
  if (wait_ == Wait::Lingering && outgoing_.empty()) {
    wait_ = Wait::None;
    record_.lingered = true;
    wait(settings_.patience);
    return advance();
  }
  if (phase_ == Phase::Failure) return ask();
  if (held_ && !ended_) return endTcp();
  record_.timedOut = true;
  finish(Record::End::None);
}

// What comes shows that the other end lives, and so each wait may last; but not for ever.
void Talk::onLimit() {
  if (phase_ == Phase::Over) return;
  record_.overran = fmt::format("it kept the case from ending for {:g} s, and was cut off",
                                std::chrono::duration<double>(settings_.limit).count());
  finish(Record::End::None);
}

void Talk::onData(MutableBytes bytes) {
  if (phase_ == Phase::Over) return;
  reader_->feed(asText(bytes));
  if (wait_ != Wait::Lingering && (phase_ == Phase::Steps || phase_ == Phase::Items))
    wait(settings_.patience);
  heardSomething();
}

void Talk::onEnd() {
  record_.endedFirst = held_ && !ended_;
  if (phase_ != Phase::Over) finish(Record::End::Fin);
}

void Talk::onFailed(std::error_code error) {
  stream_.forget();
  if (phase_ != Phase::Over) finish(error ? Record::End::Reset : Record::End::Fin);
}

void Talk::finish(Record::End end) {
  phase_ = Phase::Over;
  record_.end = end;
  alarm_.cancel();
  limit_.cancel();
  stream_.close(end == Record::End::None);
  done_();
}

}  // namespace duplex::check
