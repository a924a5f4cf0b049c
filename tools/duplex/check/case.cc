#include "check/case.h"

#include <fmt/format.h>

#include <algorithm>

namespace duplex::check {
namespace {

struct Describer {
  std::string operator()(const Frame& frame) const { return describe(frame); }
  std::string operator()(const Raw& raw) const { return raw.what; }
  std::string operator()(const Deflated& message) const {
    std::string text = "compressed " + nameOf(static_cast<std::uint8_t>(message.opcode)) + ' ' +
                       brief(message.payload.bytes());
    if (message.fragment > 0) text += fmt::format(", {} bytes a frame", message.fragment);
    return text;
  }
  std::string operator()(const Await&) const { return {}; }
  std::string operator()(const Linger&) const { return "(waits)"; }
};

}  // namespace

std::string describe(const Step& step) {
  return std::visit(Describer(), step);
}

std::string nameOf(Item::Kind kind) {
  return kind == Item::Kind::Text ? "text" : kind == Item::Kind::Binary ? "binary" : "pong";
}

bool Case::needsEcho() const {
  return std::any_of(expected.begin(), expected.end(),
                     [](const Item& item) { return item.kind != Item::Kind::Pong; });
}

std::string nameOf(Level level) {
  return level == Level::Must ? "MUST" : level == Level::Should ? "SHOULD" : "MAY";
}

std::string nameOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pass:
      return "pass";
    case Verdict::NonStrict:
      return "non-strict";
    case Verdict::Info:
      return "info";
    case Verdict::Fail:
      return "FAIL";
    case Verdict::NotRun:
      break;
  }
  return "not run";
}

}  // namespace duplex::check
