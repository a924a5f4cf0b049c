// libFuzzer's side: `fuzz --target=NAME …`, and behind it what libFuzzer takes.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

#include "targets.h"

namespace {

const duplex::fuzz::Target* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  constexpr std::string_view option = "--target=";
  for (int i = 1; i < *argc; ++i) {
    const std::string_view argument = (*argv)[i];
    if (!argument.starts_with(option)) continue;
    for (const duplex::fuzz::Target& target : duplex::fuzz::targets()) {
      if (target.name == argument.substr(option.size())) chosen = &target;
    }
  }
  if (chosen != nullptr) return 0;
  std::fputs("--target is to be one of", stderr);
  for (const duplex::fuzz::Target& target : duplex::fuzz::targets()) {
    std::fprintf(stderr, " %.*s", static_cast<int>(target.name.size()), target.name.data());
  }
  std::fputs("\n", stderr);
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run(std::as_bytes(std::span(data, size)));
  return 0;
}
