#include "http/date.h"

#include <array>
#include <cstdio>

#include "http/ascii.h"

namespace duplex::http {

namespace {

constexpr std::array<std::string_view, 7> weekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// "Sun, 06 Nov 1994 08:49:37 GMT": d is a digit, anything else but a letter stands for itself.
constexpr std::string_view shape = "aaa, dd aaa dddd dd:dd:dd GMT";

int number(std::string_view text, std::size_t at, std::size_t digits) noexcept {
  int value = 0;
  for (std::size_t i = at; i < at + digits; ++i) value = value * 10 + (text[i] - '0');
  return value;
}

bool hasShape(std::string_view text) noexcept {
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 'd' ? !isDigit(text[i]) : shape[i] != 'a' && shape[i] != text[i]) return false;
  }
  return true;
}

}  // namespace

std::string formatDate(std::time_t time) {
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 weekdays[static_cast<std::size_t>(utc.tm_wday)].data(), utc.tm_mday,
                                 months[static_cast<std::size_t>(utc.tm_mon)].data(), utc.tm_year + 1900,
                                 utc.tm_hour, utc.tm_min, utc.tm_sec);
  return std::string(text, static_cast<std::size_t>(size));
}

std::optional<std::time_t> parseDate(std::string_view text) noexcept {
  if (!hasShape(text)) return std::nullopt;
  std::tm utc{};
  std::size_t month = 0;
  while (month < months.size() && months[month] != text.substr(8, 3)) ++month;
  if (month == months.size()) return std::nullopt;
  utc.tm_mon = static_cast<int>(month);
  utc.tm_mday = number(text, 5, 2);
  utc.tm_year = number(text, 12, 4) - 1900;
  utc.tm_hour = number(text, 17, 2);
  utc.tm_min = number(text, 20, 2);
  utc.tm_sec = number(text, 23, 2);
  if (utc.tm_mday < 1 || utc.tm_mday > 31 || utc.tm_hour > 23 || utc.tm_min > 59 || utc.tm_sec > 60) {
    return std::nullopt;
  }
  return timegm(&utc);
}

std::string_view currentDate() {
  thread_local std::time_t second = -1;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != second) {
    text = formatDate(now);
    second = now;
  }
  return text;
}

}  // namespace duplex::http
