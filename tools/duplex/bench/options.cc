#include "bench/options.h"

#include <charconv>
#include <limits>
#include <stdexcept>

#include <duplex/error.h>

namespace duplex::bench {

std::size_t parseSize(const std::string& text) {
  std::size_t value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  unsigned shift = 0;
  bool good = error == std::errc();
  if (good && end != last) {
    const char unit = *end;
    shift = unit == 'K' || unit == 'k' ? 10 : unit == 'M' || unit == 'm' ? 20 : 0;
    good = shift != 0 && end + 1 == last;
  }
  if (!good) throw std::invalid_argument("'" + text + "' is not a size such as 20, 16K or 1M");
  if (value > std::numeric_limits<std::size_t>::max() >> shift) {
    throw std::invalid_argument("'" + text + "' is too large a size");
  }
  return value << shift;
}

std::string nameOf(WorkloadKind workload) {
  switch (workload) {
    case WorkloadKind::Echo:
      return "echo";
    case WorkloadKind::Broadcast:
      return "broadcast";
    case WorkloadKind::Connect:
      return "connect";
    case WorkloadKind::Idle:
      return "idle";
  }
  return {};
}

std::pair<std::string, std::string> splitHeader(const std::string& line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos) throw SyntaxError("'" + line + "' is not 'Name: value'");
  const std::size_t start = line.find_first_not_of(' ', colon + 1);
  return {line.substr(0, colon), start == std::string::npos ? std::string() : line.substr(start)};
}

}  // namespace duplex::bench
