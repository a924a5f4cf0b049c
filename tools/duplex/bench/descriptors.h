#pragma once

#include <cstddef>

namespace duplex::bench {

/// Sees to it that this process may open `wanted` files. Throws std::runtime_error if it may not.
void allowDescriptors(std::size_t wanted);

/// As many as the system lets this process have. False if it could not be done.
bool allowAllDescriptors();

}  // namespace duplex::bench
