#include "net/socket_file.h"

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "net/posix_socket.h"
#include "support/temporary_folder.h"

using namespace duplex;
using net::openUnixListener;
using net::SocketFile;

namespace {

constexpr int backlog = 8;

bool connects(const std::string& path) {
  const int descriptor = net::startConnect(Address::unixSocket(path));
  if (descriptor >= 0) ::close(descriptor);
  return descriptor >= 0;
}

int errorOfListening(const std::string& path) {
  try {
    ::close(openUnixListener(path, backlog));
    return 0;
  } catch (const std::system_error& error) {
    return error.code().value();
  }
}

unsigned permissionsOf(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

}  // namespace

TEST_CASE("a socket's file is its owner's alone, and then whose it is said to be") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("s");
  const mode_t before = ::umask(0);
  const int descriptor = openUnixListener(path, backlog);
  ::umask(before);
  CHECK(permissionsOf(path) == 0600);
  const SocketFile file = SocketFile::at(path);
  REQUIRE(file);
  file.setPermissions(0666);
  CHECK(permissionsOf(path) == 0666);
  CHECK(connects(path));
  file.remove();
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_THROWS_AS(file.setPermissions(0600), std::system_error);
  ::close(descriptor);
}

TEST_CASE("a file that a dead server left is replaced, and no other") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("s");
  ::close(openUnixListener(path, backlog));
  REQUIRE(std::filesystem::exists(path));
  const int descriptor = openUnixListener(path, backlog);
  CHECK(connects(path));

  CHECK(errorOfListening(path) == EADDRINUSE);
  CHECK(connects(path));
  ::close(descriptor);

  const std::string text = folder.file("text");
  std::ofstream(text) << "not yours";
  CHECK(errorOfListening(text) == EADDRINUSE);
  CHECK(std::filesystem::file_size(text) == 9);

  // Where a link leads is nobody's to decide.
  const std::string link = folder.file("link");
  std::filesystem::create_symlink(path, link);
  CHECK(errorOfListening(link) == EADDRINUSE);
  CHECK(std::filesystem::is_symlink(link));
}

TEST_CASE("what somebody else has put in the place of the file stays") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("s");
  const int first = openUnixListener(path, backlog);
  const SocketFile file = SocketFile::at(path);
  std::filesystem::remove(path);
  const int second = openUnixListener(path, backlog);
  file.remove();
  CHECK(connects(path));
  ::close(first);
  ::close(second);
}

TEST_CASE("permissions are not given to what a link in the place of the file leads to") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("s");
  const std::string other = folder.file("other");
  const int descriptor = openUnixListener(path, backlog);
  const SocketFile file = SocketFile::at(path);
  std::ofstream(other) << "secret";
  std::filesystem::permissions(other, std::filesystem::perms::owner_read);
  std::filesystem::remove(path);
  std::filesystem::create_symlink(other, path);
  CHECK_THROWS_AS(file.setPermissions(0666), std::system_error);
  CHECK(permissionsOf(other) == 0400);
  ::close(descriptor);
}

TEST_CASE("paths that cannot be listened on") {
  const test::TemporaryFolder folder;
  CHECK(errorOfListening("") == EINVAL);
  CHECK(errorOfListening(folder.file("no/such/folder")) == ENOENT);
  CHECK(errorOfListening(folder.file(std::string(200, 'x'))) == EINVAL);
  CHECK_FALSE(SocketFile::at(folder.file("none")));
  CHECK_FALSE(SocketFile::at(""));
}
