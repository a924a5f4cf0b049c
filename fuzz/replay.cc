// Runs inputs without a fuzzer: `fuzz_replay CORPUS` what lies in CORPUS/<target>, of every target;
// `fuzz_replay TARGET FILE…` those of one.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "targets.h"

namespace {

using duplex::fuzz::Target;
namespace fs = std::filesystem;

void runFile(const Target& target, const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  // Said before: what does not hold ends the process.
  std::printf("%s %s\n", std::string(target.name).c_str(), file.filename().c_str());
  std::fflush(stdout);
  target.run(duplex::asBytes(bytes));
}

std::vector<fs::path> filesOf(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

int replay(const fs::path& corpus) {
  std::size_t count = 0;
  for (const Target& target : duplex::fuzz::targets()) {
    const std::vector<fs::path> files = filesOf(corpus / target.name);
    for (const fs::path& file : files) runFile(target, file);
    // Nothing at all is an input, too.
    target.run({});
    count += files.size() + 1;
  }
  std::printf("test cases: %zu | %zu passed | 0 failed\n", count, count);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2) return replay(argv[1]);
  const std::string name = argc > 2 ? argv[1] : "";
  for (const Target& target : duplex::fuzz::targets()) {
    if (target.name != name) continue;
    for (int i = 2; i < argc; ++i) runFile(target, argv[i]);
    return 0;
  }
  std::fprintf(stderr, "usage: fuzz_replay CORPUS | fuzz_replay TARGET FILE...\n");
  return 2;
}
