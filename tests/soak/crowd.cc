#include "crowd.h"

#include <utility>

#include "protocol/deflate_streams.h"
#include "support/certificates.h"

namespace duplex::soak {

using namespace std::chrono_literals;

namespace {

// In a turn; more would only fill the listener's backlog.
constexpr std::size_t wave = 40;
constexpr std::size_t failuresInWords = 20;

}  // namespace

Crowd::Crowd(net::Loop& loop, const Doors& doors, std::size_t size, unsigned seed, bool resume)
    : loop_(loop),
      doors_(doors),
      size_(size),
      random_(seed),
      trust_{.ca = test::Identities::get().authority.cert(), .resume = resume},
      tls_(loop.local<transport::TlsClients>().context(trust_)) {}

void Crowd::refresh() {
  gone_.clear();
  for (std::size_t i = 0; gathering_ && i < wave && members_.size() < size_; ++i) add();
}

void Crowd::disperse() {
  gathering_ = false;
  for (const auto& [key, member] : members_) member->hurry();
}

void Crowd::add() {
  const unsigned kind = below(10);
  // Half of them stay, so that many are there at once however slow the machine is.
  const bool idle = idle_ < size_ / 2 && oneIn(2);
  auto member = idle       ? makeIdle(*this)
                : kind < 6 ? makePolite(*this)
                : kind < 8 ? makeCareless(*this)
                           : makeHostile(*this);
  if (idle) ++idle_;
  Member* const key = member.get();
  members_.emplace(key, std::move(member));
  ++tally_.came;
}

void Crowd::gone(Member& member) {
  const auto found = members_.find(&member);
  if (found == members_.end()) return;
  gone_.push_back(std::move(found->second));
  members_.erase(found);
}

void Crowd::fail(const std::string& why) {
  ++tally_.failed;
  if (tally_.failures.size() < failuresInWords) tally_.failures.push_back(why);
}

std::string Crowd::present() const {
  std::map<std::string, std::size_t> kinds;
  for (const auto& [key, member] : members_) ++kinds[member->kind()];
  std::string text;
  for (const auto& [kind, count] : kinds) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + ' ' + kind;
  }
  return text.empty() ? "nobody" : text;
}

std::string Crowd::text() {
  const std::size_t size = below(oneOf({1u, 5u, 60u, 125u, 127u, 900u, 5'000u, 70'000u}));
  const unsigned seed = below(100);
  if (oneIn(2)) return test::jsonText(size, seed);
  std::string letters = test::noise(size, seed);
  for (char& letter : letters) letter = static_cast<char>(' ' + (letter & 0x3F));
  return letters;
}

const Address& Crowd::door(Way way) const noexcept {
  return way == Way::Plain ? doors_.plain : way == Way::Tls ? doors_.tls : doors_.local;
}

std::string Crowd::url(Way way, const std::string& path) const {
  if (way == Way::Local) return "ws+unix:" + std::string(doors_.local.path()) + ':' + path;
  const std::string scheme = way == Way::Tls ? "wss" : "ws";
  return scheme + "://localhost:" + std::to_string(door(way).port()) + path;
}

ClientOptions Crowd::options() {
  constexpr Compression::Mode modes[] = {Compression::Off, Compression::Shared, Compression::Dedicated};
  ClientOptions options;
  options.compression = {.mode = oneOf(modes), .threshold = 16};
  options.limits.closeTimeout = 60s;
  options.connectTimeout = 60s;
  options.handshakeTimeout = 60s;
  options.tls = trust_;
  return options;
}

}  // namespace duplex::soak
