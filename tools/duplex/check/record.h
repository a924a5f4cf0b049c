#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "check/case.h"
#include "protocol/frame.h"

namespace duplex::check {

/// One thing that the other end said.
struct Heard {
  enum class Kind : std::uint8_t { Text, Binary, Pong, Ping, Close };
  Kind kind;
  /// Of a Close its reason.
  std::string payload{};
  /// Of a Close; 0: it had none.
  std::uint16_t code = 0;
  bool compressed = false;
};

/// What happened in one case. The judge sees nothing else.
struct Record {
  enum class End : std::uint8_t { None, Fin, Reset };

  /// Why the case could not be asked; empty if it was.
  std::string notRun{};
  /// Why there was no connection at all; empty if there was.
  std::string noConnection{};

  // The opening handshake.
  /// Status of a server's answer; 0: none came.
  int status = 0;
  /// The rule that the other end's head breaks, and where it stands; empty if none.
  std::string badHead{};
  std::string badHeadSection{};
  bool opened = false;

  // After it.
  std::vector<Heard> heard{};
  /// The rule that what came breaks by itself, whatever we sent; empty if none.
  std::string malformed{};
  std::string malformedSection{};
  /// Something that may be sent and better were not; empty if nothing.
  std::string doubtful{};
  bool weSaidClose = false;
  bool heardClose = false;
  std::uint16_t closeCode = 0;
  /// Its Close came before ours.
  bool closedFirst = false;
  /// It was asked whether it goes on after what should have ended the connection, and it did.
  bool weAsked = false;
  bool wentOn = false;
  /// `Linger` saw no failure.
  bool lingered = false;
  /// A client ended TCP while we let a moment pass.
  bool endedFirst = false;
  bool timedOut = false;
  /// How long it kept the case from ending until that was cut off; empty if it did not.
  std::string overran{};
  End end = End::None;
  std::vector<protocol::MaskKey> masks{};
  double milliseconds = 0;
};

/// What the judge makes of it.
struct Result {
  const Case* asked = nullptr;
  Verdict verdict = Verdict::NotRun;
  /// One line each: what is not as it should be, what was sent, expected and got.
  std::string why{};
  /// Where the rule stands; of the case unless another one was broken on the way.
  std::string section{};
  std::string sent{};
  std::string expected{};
  std::string got{};
  double milliseconds = 0;
  /// Of a server's answer to the handshake, 0: none came; and the messages that came after it.
  int status = 0;
  std::size_t messages = 0;
  /// The other end kept the case from ending.
  bool overran = false;
};

}  // namespace duplex::check
