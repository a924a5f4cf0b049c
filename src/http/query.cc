#include "http/query.h"

#include "http/ascii.h"
#include "http/percent.h"

namespace duplex::http {

namespace {

std::string_view decode(std::string_view text, std::forward_list<std::string>& decoded) {
  if (text.find_first_of("%+") == std::string_view::npos) return text;
  return decoded.emplace_front(formDecode(text));
}

}  // namespace

void parseQuery(std::string_view query, std::vector<Field>& parameters,
                std::forward_list<std::string>& decoded) {
  while (!query.empty()) {
    std::string_view value = splitFront(query, '&');
    if (value.empty()) continue;
    const std::string_view name = splitFront(value, '=');
    parameters.push_back({decode(name, decoded), decode(value, decoded)});
  }
}

}  // namespace duplex::http
