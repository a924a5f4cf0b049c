#pragma once

#include <cstddef>
#include <string_view>

/// A file that was compiled in; see cmake/EmbedFiles.cmake.
struct EmbeddedFile {
  const char* name;
  const unsigned char* data;
  std::size_t size;

  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data), size}; }
};
