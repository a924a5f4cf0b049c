#pragma once

#include <cstddef>

namespace duplex::bench {

/// Sees to it that this process may open `wanted` files. Throws std::runtime_error if it may not.
void allowDescriptors(std::size_t wanted);

}  // namespace duplex::bench
