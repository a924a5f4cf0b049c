#pragma once

#include <string>

namespace duplex::fuzz {

/// A folder that is served, with things in it and beside it that no request may get: each of those files
/// has `secret` in it. Made once a process, and gone with it.
class Site {
 public:
  static constexpr const char* secret = "nobody may see this";

  static const Site& get();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;
  ~Site();

  std::string folder() const { return root_ + "/www"; }

 private:
  Site();
  std::string root_;
};

}  // namespace duplex::fuzz
