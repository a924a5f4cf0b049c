#include "protocol/header_list.h"

#include <algorithm>
#include <string>
#include <vector>

#include "input.h"
#include "targets.h"

namespace duplex::fuzz {
namespace {

using namespace protocol;

void checkTokens(std::string_view text) {
  std::vector<std::string_view> tokens;
  if (!parseTokens(text, tokens)) return;
  require(!tokens.empty(), "a list has an element");
  std::string again;
  for (const std::string_view token : tokens) {
    require(isToken(token) && isFieldValue(token), "what is in a list is a token");
    require(hasToken(text, token), "a token that is in a list is found there");
    again.append(again.empty() ? "" : ", ").append(token);
  }
  std::vector<std::string_view> tokensAgain;
  require(parseTokens(again, tokensAgain) && tokensAgain == tokens,
          "a list that is written out is the same list");
}

void checkExtensions(std::string_view text, std::string_view other) {
  if (!isExtensionList(text)) return;
  require(!text.empty() && isFieldValue(text), "a list of extensions may stand in a header");
  const std::string spaced = " \t" + std::string(text) + " ";
  require(isExtensionList(spaced), "space around it means nothing");
  const std::string joined = std::string(text) + "," + std::string(other);
  require(isExtensionList(joined) == isExtensionList(other), "two lists make one, and only two");
}

}  // namespace

void headerList(Bytes bytes) {
  Input input(bytes);
  const std::string_view first = input.text();
  Piece rest(input.rest());
  const std::string_view second = asText(rest.bytes());
  for (const std::string_view text : {first, second}) {
    checkTokens(text);
    if (isToken(text)) require(isFieldValue(text) && hasToken(text, text), "a token is a list of one");
    const bool isValue = text.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos;
    require(isValue || !isFieldValue(text), "a header's value ends no line");
  }
  checkExtensions(second, first);
  const HeaderField fields[] = {{"a", first}, {"A", second}, {"b", second}};
  require(countFields(fields, "a") == 2 && !onlyField(fields, "A"), "names in any case are the same");
  require(onlyField(fields, "B") == second, "a header that is there once is found");
  if (isToken(first)) {
    require(hasToken(fields, "a", first), "all lines of a name are one list");
    require(hasToken(fields, "B", first) == hasToken(second, first), "lines of another name are not in it");
  }
}

}  // namespace duplex::fuzz
