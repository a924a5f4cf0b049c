#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace duplex::protocol {

/// A header line; `value` without white space around it.
struct HeaderField {
  std::string_view name;
  std::string_view value;
};

/// RFC 9110 §5.6.2.
bool isToken(std::string_view text) noexcept;
/// Whether `text` may stand in a header line: no control characters but tabs (RFC 9110 §5.5).
bool isFieldValue(std::string_view text) noexcept;

/// Whether `list`, a comma-separated list of tokens, has `token` in it; case does not count
/// (RFC 9110 §5.6.1).
bool hasToken(std::string_view list, std::string_view token) noexcept;
/// The same over all lines called `name`, which are one list (RFC 9110 §5.2).
bool hasToken(std::span<const HeaderField> headers, std::string_view name, std::string_view token) noexcept;

/// The lines called `name`.
std::size_t countFields(std::span<const HeaderField> headers, std::string_view name) noexcept;
/// The value of the line called `name`, if there is exactly one.
std::optional<std::string_view> onlyField(std::span<const HeaderField> headers,
                                          std::string_view name) noexcept;

/// Appends the elements of a list of tokens to `tokens`. False if one is empty or no token, or if
/// there is none (`1#token`, as senders have to write it).
bool parseTokens(std::string_view list, std::vector<std::string_view>& tokens);

/// One element of Sec-WebSocket-Extensions (RFC 6455 §9.1).
struct Extension {
  struct Parameter {
    std::string_view name;
    /// Without quotes.
    std::optional<std::string> value{};
  };
  std::string_view name;
  std::vector<Parameter> parameters{};
};

/// Appends the elements of a Sec-WebSocket-Extensions. False if it is none by its grammar.
bool parseExtensions(std::string_view value, std::vector<Extension>& extensions);
/// Whether `value` has that grammar.
bool isExtensionList(std::string_view value);

}  // namespace duplex::protocol
