#include "site.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "input.h"

namespace duplex::fuzz {

const Site& Site::get() {
  static const Site site;
  return site;
}

Site::Site() {
  std::string name = (std::filesystem::temp_directory_path() / "duplex-fuzz-XXXXXX").string();
  require(::mkdtemp(name.data()) != nullptr, "a folder can be made");
  root_ = name;
  const auto write = [this](const char* path, std::string_view text) { std::ofstream(root_ + path) << text; };
  for (const char* folder : {"/www/sub", "/www/empty", "/www/.git"})
    std::filesystem::create_directories(root_ + folder);
  for (const char* hidden : {"/secret.txt", "/www/.env", "/www/.git/config", "/www/sub/.index.html"})
    write(hidden, secret);
  write("/www/index.html", "<h1>");
  write("/www/sub/index.html", "sub");
  write("/www/data.txt", "0123456789");
  write("/www/a b.css", "css");
  std::filesystem::create_symlink("../secret.txt", root_ + "/www/link.txt");
  std::filesystem::create_symlink("..", root_ + "/www/up");
  std::filesystem::create_symlink(root_ + "/secret.txt", root_ + "/www/absolute.txt");
}

Site::~Site() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

}  // namespace duplex::fuzz
