#pragma once

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/request.h>

namespace duplex::http {

/// The path of a route, compiled: "/users/:id", "/files/*", "/a/:b?" and plain text. Letter case
/// (ASCII) does not count; percent-encoded letters are the letters they stand for, so that no other
/// spelling of a path goes past a handler that guards it.
class Pattern {
 public:
  enum class Extent : std::uint8_t {
    Whole,   ///< all of the path; one slash at its end does not count
    Prefix,  ///< leading segments
  };
  enum class Result : std::uint8_t {
    No,
    Yes,
    /// It fits, but a parameter has a `%` that is not followed by two hexadecimal digits, or stands
    /// for NUL.
    BadEscape,
  };

  /// Throws std::invalid_argument for a parameter without a name, or with other characters than
  /// letters, digits and `_`; for an optional one or a `*` that is not the last segment.
  Pattern(std::string_view pattern, Extent extent);

  /// Appends the parameters to `params`; their values are views into `path` or, decoded, into what
  /// is put in front of `decoded`. Names are valid for good. `matched` is the length of the part
  /// of `path` that fits, without a slash at its end. Only for Yes is anything added.
  Result match(std::string_view path, std::size_t& matched, std::vector<Field>& params,
               std::forward_list<std::string>& decoded) const;

  /// As it was given.
  const std::string& text() const noexcept { return text_; }

 private:
  struct Segment {
    enum class Kind : std::uint8_t { Literal, Parameter, Optional, Rest };
    Kind kind;
    /// Of a literal, in lower case.
    std::string text;
    /// Of a parameter.
    std::string_view name;
  };

  std::string text_;
  std::vector<Segment> segments_;
  Extent extent_;
};

}  // namespace duplex::http
