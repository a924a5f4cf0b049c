#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "check/frame.h"
#include "check/head.h"
#include "check/payload.h"
#include "protocol/opcode.h"

namespace duplex::check {

/// The end that is checked; we are the other one.
using protocol::Role;

/// How strongly the RFC says it (RFC 2119).
enum class Level : std::uint8_t { Must, Should, May };

/// What an answer is worth.
enum class Verdict : std::uint8_t {
  Pass,       ///< as the RFC has it, its advice included
  NonStrict,  ///< breaks no MUST, but is not what the RFC advises or what a careful end does
  Info,       ///< the RFC leaves it open: what the end does is told
  Fail,       ///< breaks a MUST
  NotRun,     ///< could not be asked: an extension was not agreed, the end does not echo
};

/// Whose rule it is.
enum class Roles : std::uint8_t { Both, Server, Client };

// --- what we send once the connection is open

/// Bytes that are no frame, as they stand.
struct Raw {
  std::string bytes;
  std::string what;
};
/// A message that is compressed with the parameters agreed on (RFC 7692 §7.2.1); `fragment` bytes a frame,
/// 0: all in one.
struct Deflated {
  Opcode opcode;
  Payload payload;
  std::size_t fragment = 0;
};
/// Waits until as many messages and Pongs have come.
struct Await {
  std::size_t items;
};
/// Waits for a moment whether the other end fails the connection by what it has already.
struct Linger {};

using Step = std::variant<Frame, Raw, Deflated, Await, Linger>;

std::string describe(const Step& step);

// --- what is to come back

struct Item {
  enum class Kind : std::uint8_t { Text, Binary, Pong };
  Kind kind;
  Payload payload;
};

std::string nameOf(Item::Kind kind);

/// How the conversation is to end, and what other ends are worth.
struct Ending {
  enum class Kind : std::uint8_t {
    Goodbye,  ///< when all is there we say Close 1000, which is to be answered
    Close,    ///< the case itself has said Close
    Failure,  ///< the other end is to fail the connection (RFC 6455 §7.1.7)
  };
  Kind kind = Kind::Goodbye;
  /// Codes that are right; 0 is a Close without one. Of a Goodbye: those with which the other end may
  /// refuse before.
  std::vector<std::uint16_t> codes{};
  /// It closes with another code that may be sent.
  Verdict other = Verdict::NonStrict;
  /// It ends the connection without a Close.
  Verdict silent = Verdict::NonStrict;
  /// It does not fail the connection, or only after what `Linger` waited for.
  Verdict goesOn = Verdict::Fail;
  Verdict late = Verdict::NonStrict;
  /// Whether an end that does nothing can be asked if it goes on; not inside a frame.
  bool canAsk = true;
  /// Whether TCP has to end with FIN, not with a reset.
  bool clean = false;
  /// We, as a server, let a moment pass before we end TCP, which is not for the client to do.
  bool lingers = false;
};

inline Ending goodbye() {
  return {};
}
inline Ending closing(std::vector<std::uint16_t> codes) {
  return {.kind = Ending::Kind::Close,
          .codes = std::move(codes),
          .other = Verdict::Info,
          .silent = Verdict::Fail};
}
inline Ending failure(std::uint16_t code) {
  return {.kind = Ending::Kind::Failure, .codes = {code}};
}

// --- how it is opened

/// Says what is wrong with the other end's head; empty if nothing is.
using HeadRule = std::string (*)(const Head& head);

/// The opening handshake of a case: what we ask a server, or answer a client.
struct Opening {
  enum class Expect : std::uint8_t { Open, Refusal };

  Head head{};
  /// In its place, if not empty: bytes with the same marks.
  std::string raw{};
  /// Of a server. What a client is to do with an answer is the case's ending.
  Expect expect = Expect::Open;
  /// The server does the contrary.
  Verdict otherwise = Verdict::Fail;
  /// It ends the connection without an answer (RFC 6455 §10.7 lets it).
  Verdict dropped = Verdict::NonStrict;
  /// What else is to be said of the other end's head.
  HeadRule rule = nullptr;
  /// Our first frames go out in one piece with the head.
  bool glued = false;
  /// A moment passes before a client is answered, in which it may send nothing (RFC 6455 §4.1).
  bool slow = false;
  /// No other connection of a client may have had the same key.
  bool freshKey = false;
  /// We offer permessage-deflate so, or agree to a client's offer so; empty: not at all.
  std::string deflate{};
};

/// One rule, asked once.
struct Case {
  /// "5.3.1": family, group, number.
  std::string id;
  std::string group;
  std::string title;
  /// "RFC 6455 §5.2".
  std::string section;
  Level level = Level::Must;
  Roles roles = Roles::Both;
  Opening opening{};
  std::vector<Step> send{};
  std::vector<Item> expected{};
  Ending ending{};
  /// Bytes a write, 0: all at once.
  std::size_t chop = 0;
  /// What is to be said of the masks of a client's frames.
  bool checksMasks = false;

  unsigned family() const { return static_cast<unsigned>(std::stoul(id)); }
  /// What it asks is in the heads.
  bool isAboutHandshake() const { return family() == 0 || family() == 11; }
  bool isFor(Role role) const {
    return roles == Roles::Both || (roles == Roles::Server) == (role == Role::Server);
  }
  /// Whether the other end has to echo messages for it.
  bool needsEcho() const;
};

std::string nameOf(Level level);
/// "pass", "non-strict", "info", "FAIL", "not run".
std::string nameOf(Verdict verdict);

}  // namespace duplex::check
