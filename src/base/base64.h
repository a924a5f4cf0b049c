#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace duplex {

std::string base64Encode(Bytes bytes);
/// Decodes padded base64. Bits of the last symbol that stand for nothing are ignored, as the forgiving
/// decoders of browsers do; anything else that is not base64 gives nothing.
std::optional<std::vector<std::byte>> base64Decode(std::string_view text);

}  // namespace duplex
