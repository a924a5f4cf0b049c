#pragma once

#include <string_view>

#include <duplex/export.h>

/// The version of these headers, which the build takes its own from; semver.org.
#define DUPLEX_VERSION_MAJOR 0
#define DUPLEX_VERSION_MINOR 1
#define DUPLEX_VERSION_PATCH 0
#define DUPLEX_VERSION "0.1.0"

namespace duplex {

/// The version of the library that is linked: with a shared one it may differ from DUPLEX_VERSION. From any
/// thread.
DUPLEX_API std::string_view version() noexcept;

}  // namespace duplex
