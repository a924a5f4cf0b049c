#pragma once

#include <string>
#include <string_view>

namespace duplex::http {

/// Headers on their way out, kept as the lines they are sent as.
class HeaderBlock {
 public:
  /// In the place of all of that name. Like `append` it throws std::invalid_argument for a name that
  /// is no token, or for CR, LF or NUL in the value: nobody smuggles a header in through a value.
  void set(std::string_view name, std::string_view value);
  void append(std::string_view name, std::string_view value);
  /// Whole lines, each with its CRLF; not checked.
  void appendLines(std::string_view lines) { lines_ += lines; }
  void remove(std::string_view name) noexcept;
  /// The first value of that name; empty if there is none.
  std::string_view get(std::string_view name) const noexcept;
  bool has(std::string_view name) const noexcept;

  /// Whole lines, each with its CRLF.
  std::string_view lines() const noexcept { return lines_; }
  bool empty() const noexcept { return lines_.empty(); }
  void clear() noexcept { lines_.clear(); }

 private:
  void add(std::string_view name, std::string_view value);
  std::size_t find(std::string_view name, std::size_t from) const noexcept;

  std::string lines_;
};

}  // namespace duplex::http
