#include "log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

#include "terminal.h"

namespace {

constexpr std::chrono::seconds silence{10};

/// How often something happened since it was last told.
class Repetitions {
 public:
  /// How often `code` is to be told to have happened; 0: it is not to be told now.
  std::size_t count(std::error_code code) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    auto [entry, isNew] = entries_.try_emplace(code);
    ++entry->second.times;
    if (!isNew && now - entry->second.told < silence) return 0;
    entry->second.told = now;
    return std::exchange(entry->second.times, 0);
  }

 private:
  struct Entry {
    std::chrono::steady_clock::time_point told;
    std::size_t times = 0;
  };
  std::mutex mutex_;
  std::map<std::error_code, Entry> entries_;
};

/// With it, in parentheses, who it was and where; nothing where that is not known.
std::string lineOf(const duplex::Error& error, const duplex::ErrorContext& where) {
  std::string line = error.message;
  const std::string peer = where.remoteAddress.string();
  if (!peer.empty() || !where.route.empty()) {
    line += " (" + peer;
    if (!peer.empty() && !where.route.empty()) line += ' ';
    line += where.route;
    line += ')';
  }
  return forLog(line);
}

}  // namespace

void setUpLog(const std::string& level) {
  auto logger = spdlog::stderr_color_mt("duplex");
  logger->set_pattern("%H:%M:%S.%e %^%-5l%$ %v");
  spdlog::set_default_logger(std::move(logger));
  spdlog::set_level(spdlog::level::from_str(level));
}

void warn(const duplex::Error& error, const duplex::ErrorContext& where) {
  static Repetitions repetitions;
  const auto& category = error.code.category();
  const bool ofSystem = category == std::system_category() || category == std::generic_category();
  const std::size_t times = ofSystem && error.code ? repetitions.count(error.code) : 1;
  if (times == 1) spdlog::warn("{}", lineOf(error, where));
  if (times > 1) spdlog::warn("{}, {} times", lineOf(error, where), times);
}
