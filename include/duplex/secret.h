#pragma once

#include <string_view>

#include <duplex/export.h>

namespace duplex {

/// Whether two secrets, passwords or tokens, are the same. How long that takes tells a guesser their
/// lengths, and nothing of where they differ.
DUPLEX_API bool sameSecret(std::string_view a, std::string_view b) noexcept;

}  // namespace duplex
