#pragma once

#include "base/bytes.h"

namespace duplex {

/// Fills `out` from the system's cryptographic generator, drawn in blocks; a mask costs a few
/// nanoseconds. From any thread.
void randomBytes(MutableBytes out) noexcept;

}  // namespace duplex
