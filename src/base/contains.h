#pragma once

#include <functional>

#include "base/bytes.h"

namespace duplex {

/// Whether `part` lies in `whole`.
inline bool contains(Bytes whole, Bytes part) noexcept {
  const std::less_equal<const std::byte*> notBehind;
  return notBehind(whole.data(), part.data()) &&
         notBehind(part.data() + part.size(), whole.data() + whole.size());
}

}  // namespace duplex
