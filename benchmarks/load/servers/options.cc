#include "options.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

[[noreturn]] void usage(const char* program, std::string_view problem) {
  std::fprintf(stderr,
               "%.*s\nusage: %s --role echo|deflate|tls|broadcast|http|watch [--port N] [--backend NAME]\n"
               "       [--handlers NAME] [--level N] [--certificate FILE --key FILE]\n",
               static_cast<int>(problem.size()), problem.data(), program);
  std::exit(2);
}

bool readRole(std::string_view name, Options::Role& role) {
  if (name == "echo") {
    role = Options::Role::Echo;
  } else if (name == "deflate") {
    role = Options::Role::Deflate;
  } else if (name == "tls") {
    role = Options::Role::Tls;
  } else if (name == "broadcast") {
    role = Options::Role::Broadcast;
  } else if (name == "http") {
    role = Options::Role::Http;
  } else if (name == "watch") {
    role = Options::Role::Watch;
  } else {
    return false;
  }
  return true;
}

template <class Number>
bool readNumber(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Options readOptions(int argc, char** argv) {
  Options options;
  bool hasRole = false;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) usage(argv[0], "an option without its value");
    const std::string_view value = argv[i + 1];
    if (name == "--role") {
      if (!readRole(value, options.role)) usage(argv[0], "no such role");
      hasRole = true;
    } else if (name == "--port") {
      if (!readNumber(value, options.port)) usage(argv[0], "not a port");
    } else if (name == "--backend") {
      options.backend = value;
    } else if (name == "--handlers") {
      options.handlers = value;
    } else if (name == "--level") {
      if (!readNumber(value, options.level)) usage(argv[0], "not a level");
    } else if (name == "--certificate") {
      options.certificate = value;
    } else if (name == "--key") {
      options.key = value;
    } else {
      usage(argv[0], "no such option");
    }
  }
  if (!hasRole) usage(argv[0], "--role is missing");
  if (options.role == Options::Role::Tls && (options.certificate.empty() || options.key.empty()))
    usage(argv[0], "--certificate and --key are missing");
  return options;
}

void announce(std::uint16_t port) {
  std::printf("port %u\n", port);
  std::fflush(stdout);
}
