#include "protocol/session.h"

#include <optional>
#include <string>
#include <vector>

#include "input.h"
#include "protocol/close_code.h"
#include "protocol/permessage_deflate.h"
#include "targets.h"

namespace duplex::fuzz {
namespace {

using namespace protocol;

struct Seen {
  Event::Type type;
  Errc error;
  std::uint16_t code;
  std::string payload;

  friend bool operator==(const Seen&, const Seen&) = default;
};

struct Run {
  std::vector<Seen> events;
  bool insideMessage = false;
  bool ended = false;
};

// What one end has agreed on, with memory of its own. The tools are a thread's.
class Compression {
 public:
  Compression(Role role, const std::optional<DeflateParameters>& agreed) {
    static DeflateTools tools;
    if (agreed) deflate_.emplace(tools, role, DeflateAgreement{*agreed, {}});
  }
  PerMessageDeflate* get() noexcept { return deflate_ ? &*deflate_ : nullptr; }

 private:
  std::optional<PerMessageDeflate> deflate_;
};

struct Setting {
  Role role = Role::Server;
  SessionLimits limits;
  std::optional<DeflateParameters> agreed;
};

Run receive(const Setting& setting, Bytes wire, std::uint8_t cut) {
  Run run;
  Compression compression(setting.role, setting.agreed);
  SessionLimits limits = setting.limits;
  limits.deflate = compression.get();
  Session session(setting.role, limits);
  for (Cutter cutter(cut, wire); !cutter.done();) {
    Piece piece = cutter.next();
    MutableBytes input = piece.bytes();
    while (const Event event = session.next(input)) {
      require(!run.ended, "nothing comes after a Close or a failure");
      run.ended = event.type == Event::Type::Close || event.type == Event::Type::Failure;
      run.events.push_back({event.type, event.error, event.code, std::string(asText(event.payload))});
    }
    require(input.empty(), "all of the input is taken");
  }
  require(session.receiveEnded() == run.ended, "what has ended says so");
  run.insideMessage = session.insideMessage();
  return run;
}

void checkEvent(const Seen& seen, const SessionLimits& limits) {
  switch (seen.type) {
    case Event::Type::Text:
      require(isValidUtf8(asBytes(seen.payload)), "a text is UTF-8");
      [[fallthrough]];
    case Event::Type::Binary:
      require(seen.payload.size() <= limits.maxMessageSize, "a message is within its limit");
      break;
    case Event::Type::Ping:
    case Event::Type::Pong:
      require(seen.payload.size() <= maxControlPayload, "a control frame is short");
      break;
    case Event::Type::Close:
      require(seen.code == close_code::noStatus || isValidOnWire(seen.code),
              "a close code may stand on the wire");
      require(seen.payload.size() <= maxCloseReason, "a reason is short");
      require(isValidUtf8(asBytes(seen.payload)), "a reason is UTF-8");
      break;
    case Event::Type::Failure:
      require(closeCode(seen.error) >= 1002 && isValidOnWire(closeCode(seen.error)),
              "a failure has a close code");
      break;
    case Event::Type::None:
      require(false, "an event is something");
  }
}

std::string takeAll(OutputQueue& out) {
  std::string bytes;
  while (!out.empty()) {
    iovec piece;
    out.gather({&piece, 1});
    bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    out.consume(piece.iov_len);
  }
  return bytes;
}

// What a peer of ours sends of it: the same again, each message in one frame.
std::string sendAgain(const Setting& setting, const std::vector<Seen>& events) {
  const Role role = setting.role == Role::Server ? Role::Client : Role::Server;
  Compression compression(role, setting.agreed);
  Session sender(role, setting.limits);
  OutputQueue out;
  const auto send = [&](Opcode opcode, Bytes message) {
    const Bytes deflated = compression.get() == nullptr ? Bytes() : compression.get()->deflate(message);
    deflated.empty() ? sender.message(opcode, message, out) : sender.compressed(opcode, deflated, out);
  };
  for (const Seen& seen : events) {
    if (seen.type == Event::Type::Text) send(Opcode::Text, asBytes(seen.payload));
    if (seen.type == Event::Type::Binary) send(Opcode::Binary, asBytes(seen.payload));
    if (seen.type == Event::Type::Ping) sender.ping(asBytes(seen.payload), out);
    if (seen.type == Event::Type::Pong) sender.pong(asBytes(seen.payload), out);
    if (seen.type == Event::Type::Close) sender.close(seen.code, seen.payload, out);
  }
  return takeAll(out);
}

DeflateParameters parametersFrom(std::uint8_t choices) {
  DeflateParameters agreed;
  agreed.serverTakeover = (choices & 1) != 0;
  agreed.clientTakeover = (choices & 2) != 0;
  agreed.serverWindowBits = minWindowBits + (choices >> 2) % 8;
  agreed.clientWindowBits = minWindowBits + (choices >> 5);
  return agreed;
}

}  // namespace

void session(Bytes bytes) {
  Input input(bytes);
  const std::uint8_t choices = input.byte();
  // A few bytes may be many, compressed.
  Setting setting{.limits = {.maxMessageSize = 128 * 1024}};
  if ((choices & 1) != 0) setting.role = Role::Client;
  if ((choices & 2) != 0) setting.limits.maxMessageSize = input.byte();
  if ((choices & 4) != 0) setting.limits.maxFragments = 1 + input.byte() % 8;
  if ((choices & 8) != 0) setting.agreed = parametersFrom(input.byte());
  const std::uint8_t cut = input.byte();
  const Bytes wire = input.rest();

  Run whole = receive(setting, wire, 0);
  for (const Seen& seen : whole.events) checkEvent(seen, setting.limits);
  const Run parts = receive(setting, wire, cut);
  require(parts.events == whole.events, "how the bytes are cut changes no event");
  require(parts.insideMessage == whole.insideMessage, "nor where it stands at the end");

  if (!whole.events.empty() && whole.events.back().type == Event::Type::Failure) whole.events.pop_back();
  const std::string again = sendAgain(setting, whole.events);
  require(receive(setting, asBytes(again), cut).events == whole.events, "what we send is what we received");
}

}  // namespace duplex::fuzz
