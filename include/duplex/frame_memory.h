#pragma once

#include <cstddef>

#include <duplex/export.h>

namespace duplex::detail {

/// Memory for what comes and goes at a high rate in a few sizes: the frames of coroutines, messages that they
/// own. What is given back is kept for the next of its size on the same thread; it may be another than the
/// one that took it.
DUPLEX_API void* takeFrame(std::size_t size);
DUPLEX_API void giveFrame(void* frame, std::size_t size) noexcept;

}  // namespace duplex::detail
