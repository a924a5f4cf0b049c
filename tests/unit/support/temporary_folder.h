#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace duplex::test {

/// A folder of its own, as long as this exists.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = "/tmp/duplex_test_XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace duplex::test
