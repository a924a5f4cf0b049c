#include "http/file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace duplex;
using http::File;

namespace {

namespace fs = std::filesystem;

/// A folder with a file in it, and a secret beside the folder.
struct Place {
  Place() {
    char name[] = "/tmp/duplex-file-XXXXXX";
    root = ::mkdtemp(name);
    fs::create_directories(root + "/www/sub");
    std::ofstream(root + "/www/sub/a.txt") << "hello";
    std::ofstream(root + "/secret") << "secret";
    std::error_code ignored;
    fs::create_symlink("../secret", root + "/www/up", ignored);
    fs::create_symlink(root + "/secret", root + "/www/absolute", ignored);
    fs::create_symlink("sub/a.txt", root + "/www/inside", ignored);
  }
  ~Place() { fs::remove_all(root); }
  std::string root;
};

bool opens(const File& folder, const char* path) {
  std::error_code error;
  const File file = File::open(folder, path, error);
  CHECK(static_cast<bool>(file) == !error);
  return static_cast<bool>(file);
}

}  // namespace

TEST_CASE("nothing leads out of the folder") {
  const Place place;
  std::error_code error;
  const File folder = File::open((place.root + "/www").c_str(), error);
  REQUIRE(folder.isFolder());
  CHECK(opens(folder, "sub/a.txt"));
  CHECK(opens(folder, "sub/../sub/a.txt"));
  CHECK(opens(folder, "inside"));
  for (const char* path : {"../secret", "sub/../../secret", "up", "absolute", "/etc/passwd", "missing", ""}) {
    CAPTURE(path);
    CHECK_FALSE(opens(folder, path));
  }
}

TEST_CASE("a file is read where it is asked to be") {
  const Place place;
  std::error_code error;
  const File file = File::open((place.root + "/www/sub/a.txt").c_str(), error);
  REQUIRE(file);
  CHECK(file.size() == 5);
  CHECK_FALSE(file.isFolder());
  std::byte bytes[10];
  CHECK(file.read(1, bytes) == 4);
  CHECK(asText({bytes, 4}) == "ello");
  CHECK(file.read(5, bytes) == 0);
}

TEST_CASE("a pipe is not waited for") {
  const Place place;
  const std::string pipe = place.root + "/pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  std::error_code error;
  CHECK_FALSE(File::open(pipe.c_str(), error));
  CHECK(error == std::errc::no_such_file_or_directory);
}
