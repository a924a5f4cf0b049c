#pragma once

#include <forward_list>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/request.h>

namespace duplex::http {

/// Reads a query, `name=value` separated by `&` (application/x-www-form-urlencoded): appends the
/// parameters in order, as views into `query` or, where they had to be decoded, into `decoded`.
void parseQuery(std::string_view query, std::vector<Field>& parameters,
                std::forward_list<std::string>& decoded);

}  // namespace duplex::http
