#include "protocol/header_list.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"

namespace duplex::protocol {
namespace {

// RFC 9110 §5.6.2.
constexpr auto tokenCharacters = [] {
  std::array<bool, 256> table{};
  constexpr std::string_view all =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
  for (const char c : all) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

constexpr bool isTokenCharacter(char c) noexcept {
  return tokenCharacters[static_cast<unsigned char>(c)];
}

constexpr bool isSpace(char c) noexcept {
  return c == ' ' || c == '\t';
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && isSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && isSpace(text.back())) text.remove_suffix(1);
  return text;
}

// Takes the first element and its comma off `list`; null when there is no more.
std::optional<std::string_view> takeElement(std::optional<std::string_view>& list) noexcept {
  if (!list) return std::nullopt;
  const std::size_t comma = list->find(',');
  const std::string_view element = trim(list->substr(0, comma));
  list = comma == std::string_view::npos ? std::nullopt : std::optional(list->substr(comma + 1));
  return element;
}

// Reads a header value from front to back.
class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : text_(text) {}

  bool atEnd() const noexcept { return text_.empty(); }
  void skipSpace() noexcept {
    while (!text_.empty() && isSpace(text_.front())) text_.remove_prefix(1);
  }
  bool take(char c) noexcept {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// Empty if there is none.
  std::string_view takeToken() noexcept {
    const auto end = std::find_if_not(text_.begin(), text_.end(), isTokenCharacter);
    const std::string_view token = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
    text_.remove_prefix(token.size());
    return token;
  }
  // What is quoted has to be a token too, once unescaped (RFC 6455 §9.1). Empty if it is none.
  std::string takeQuotedToken() {
    std::string token;
    if (!take('"')) return token;
    while (!text_.empty()) {
      if (take('"')) return token;
      take('\\');
      if (text_.empty() || !isTokenCharacter(text_.front())) break;
      token += text_.front();
      text_.remove_prefix(1);
    }
    return {};
  }

 private:
  std::string_view text_;
};

// extension-param = token [ "=" (token | quoted-string) ]
bool takeParameter(Reader& reader, Extension& extension) {
  reader.skipSpace();
  const std::string_view name = reader.takeToken();
  if (name.empty()) return false;
  Extension::Parameter& parameter = extension.parameters.emplace_back(Extension::Parameter{name});
  reader.skipSpace();
  if (!reader.take('=')) return true;
  reader.skipSpace();
  std::string value(reader.takeToken());
  if (value.empty()) value = reader.takeQuotedToken();
  if (value.empty()) return false;
  parameter.value = std::move(value);
  reader.skipSpace();
  return true;
}

// extension = extension-token *( ";" extension-param )
bool takeExtension(Reader& reader, Extension& extension) {
  reader.skipSpace();
  extension = {reader.takeToken()};
  if (extension.name.empty()) return false;
  reader.skipSpace();
  while (reader.take(';')) {
    if (!takeParameter(reader, extension)) return false;
  }
  return true;
}

}  // namespace

bool isToken(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), isTokenCharacter);
}

bool isFieldValue(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto value = static_cast<unsigned char>(c);
    return (value < 0x20 && c != '\t') || value == 0x7F;
  });
}

bool hasToken(std::string_view list, std::string_view token) noexcept {
  std::optional<std::string_view> rest = list;
  while (const auto element = takeElement(rest)) {
    if (equalsIgnoringCase(*element, token)) return true;
  }
  return false;
}

bool hasToken(std::span<const HeaderField> headers, std::string_view name, std::string_view token) noexcept {
  return std::any_of(headers.begin(), headers.end(), [&](const HeaderField& field) {
    return equalsIgnoringCase(field.name, name) && hasToken(field.value, token);
  });
}

std::size_t countFields(std::span<const HeaderField> headers, std::string_view name) noexcept {
  return static_cast<std::size_t>(
      std::count_if(headers.begin(), headers.end(),
                    [&](const HeaderField& field) { return equalsIgnoringCase(field.name, name); }));
}

std::optional<std::string_view> onlyField(std::span<const HeaderField> headers,
                                          std::string_view name) noexcept {
  std::optional<std::string_view> found;
  for (const HeaderField& field : headers) {
    if (!equalsIgnoringCase(field.name, name)) continue;
    if (found) return std::nullopt;
    found = field.value;
  }
  return found;
}

bool parseTokens(std::string_view list, std::vector<std::string_view>& tokens) {
  std::optional<std::string_view> rest = list;
  while (const auto element = takeElement(rest)) {
    if (!isToken(*element)) return false;
    tokens.push_back(*element);
  }
  return true;
}

bool parseExtensions(std::string_view value, std::vector<Extension>& extensions) {
  Reader reader(value);
  do {
    if (!takeExtension(reader, extensions.emplace_back())) return false;
  } while (reader.take(','));
  return reader.atEnd();
}

bool isExtensionList(std::string_view value) {
  std::vector<Extension> ignored;
  return parseExtensions(value, ignored);
}

}  // namespace duplex::protocol
