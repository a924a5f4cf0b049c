#pragma once

#include <array>

#include "base/bytes.h"

namespace duplex {

std::array<std::byte, 20> sha1(Bytes bytes) noexcept;

}  // namespace duplex
