#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace duplex::check {

/// The head of a request or a response as text: to be changed and sent, or as it came (RFC 9112 §2.1). In
/// one that is to be sent `{host}`, `{target}`, `{key}` and `{accept}` stand for what only the connection
/// knows. Every change makes a new one.
struct Head {
  using Field = std::pair<std::string, std::string>;

  std::string start;
  std::vector<Field> fields{};

  Head startingWith(std::string line) const;
  Head without(std::string_view name) const;
  Head adding(std::string name, std::string value) const;
  /// With a line for each of `values` in the place of all called `name`.
  Head setting(const std::string& name, std::initializer_list<std::string> values) const;

  std::string bytes() const;

  std::size_t count(std::string_view name) const;
  /// Of the first line called `name`; null if there is none.
  const std::string* value(std::string_view name) const;
  /// All lines called `name` as the one list that they are (RFC 9110 §5.2).
  std::string list(std::string_view name) const;
  /// Whether that list has `token`, whatever its case.
  bool hasToken(std::string_view name, std::string_view token) const;
  /// A response's; 0 if the start line is none.
  int status() const;
};

/// A request that is right in all, and an answer that accepts it.
const Head& goodRequest();
const Head& goodResponse();

/// Reads the head at the front of `text`; nothing if there is none or a line of it is no header line.
std::optional<Head> parseHead(std::string_view text);

/// `text` with every `{name}` replaced.
std::string fill(std::string text,
                 std::initializer_list<std::pair<std::string_view, std::string_view>> values);

}  // namespace duplex::check
