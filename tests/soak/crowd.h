#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <duplex/duplex.h>

#include "member.h"
#include "net/loop.h"
#include "server.h"
#include "transport/tls_client.h"

namespace duplex::soak {

/// How one gets in.
enum class Way : std::uint8_t { Plain, Tls, Local };

/// Members of all kinds, on the calling thread's loop: well-behaved ones, who are to be answered, careless
/// and hostile ones.
class Crowd {
 public:
  struct Tally {
    std::size_t came = 0;
    /// Of the well-behaved, those who got all that they asked for.
    std::size_t answered = 0;
    std::size_t messages = 0;
    /// Of the well-behaved, those who did not; the first of them in words.
    std::size_t failed = 0;
    std::vector<std::string> failures;
  };

  /// With `resume` sessions of TLS are gone on with.
  Crowd(net::Loop& loop, const Doors& doors, std::size_t size, unsigned seed, bool resume);

  /// From now on it has its size: who goes is followed by another.
  void gather() noexcept {
    gathering_ = true;
    idle_ = 0;
  }
  /// They end what they are about, and nobody follows.
  void disperse();
  /// Lets go who is done, and others come: once a turn.
  void refresh();
  bool empty() const noexcept { return members_.empty(); }
  std::size_t size() const noexcept { return members_.size(); }
  /// Who is there: "3 echo, 2 mute".
  std::string present() const;
  const Tally& tally() const noexcept { return tally_; }

  // --- for its members

  bool gathering() const noexcept { return gathering_; }
  void gone(Member& member);
  void heard() noexcept { ++tally_.messages; }
  /// One of the well-behaved has got all that it asked for.
  void answered() noexcept { ++tally_.answered; }
  /// It has not.
  void fail(const std::string& why);
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
  bool oneIn(unsigned count) { return below(count) == 0; }
  template <class T, std::size_t count>
  const T& oneOf(const T (&choices)[count]) {
    return choices[below(count)];
  }
  Way way() { return oneOf({Way::Plain, Way::Plain, Way::Tls, Way::Local}); }
  /// Text of any size, such as compresses or not.
  std::string text();
  net::Loop& loop() const noexcept { return loop_; }
  const Address& door(Way way) const noexcept;
  std::string url(Way way, const std::string& path) const;
  /// With patience, since the machine may be busy.
  ClientOptions options();
  transport::TlsClientContext& tls() const noexcept { return *tls_; }

 private:
  void add();

  net::Loop& loop_;
  const Doors doors_;
  const std::size_t size_;
  std::mt19937 random_;
  const TlsClientOptions trust_;
  const Ref<transport::TlsClientContext> tls_;
  bool gathering_ = false;
  // Who came since to stay.
  std::size_t idle_ = 0;
  std::map<Member*, std::unique_ptr<Member>> members_;
  std::vector<std::unique_ptr<Member>> gone_;
  Tally tally_;
};

/// One of a kind that is drawn.
std::unique_ptr<Member> makePolite(Crowd& crowd);
/// One that stays, says nothing, and is answered in the end.
std::unique_ptr<Member> makeIdle(Crowd& crowd);
std::unique_ptr<Member> makeCareless(Crowd& crowd);
std::unique_ptr<Member> makeHostile(Crowd& crowd);

}  // namespace duplex::soak
