#include "trend.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>
#include <system_error>

#include "base/address_sanitizer.h"

#ifdef DUPLEX_ADDRESS_SANITIZER
// From sanitizer/allocator_interface.h, which g++ comes without.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
extern "C" void __sanitizer_purge_allocator();
#endif

namespace duplex::soak {
namespace {

std::size_t allocated() {
#ifdef DUPLEX_ADDRESS_SANITIZER
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

std::size_t residentBytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t pages = 0;
  file >> total >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void countDescriptors(Sample& sample) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string kind = std::filesystem::read_symlink(entry, gone);
    // The folder's own is none of ours.
    if (gone || kind.ends_with("/fd")) continue;
    ++sample.descriptors;
    if (kind.starts_with("socket:")) ++sample.sockets;
  }
}

std::string megabytes(std::size_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f MB", static_cast<double>(bytes) / (1024 * 1024));
  return text;
}

}  // namespace

Sample Sample::now() {
  Sample sample{.heap = allocated(), .resident = residentBytes()};
  countDescriptors(sample);
  return sample;
}

Sample Sample::atRest() {
#ifdef DUPLEX_ADDRESS_SANITIZER
  __sanitizer_purge_allocator();
#else
  ::malloc_trim(0);
#endif
  return now();
}

std::string Sample::inWords() const {
  return megabytes(heap) + " heap, " + megabytes(resident) + " resident, " + std::to_string(descriptors) +
         " descriptors";
}

void Trend::compare(std::size_t Sample::*value, const char* name, std::size_t allowed,
                    std::string& found) const {
  const std::span<const Sample> samples = samples_;
  const std::size_t part = samples.size() / 3;
  const auto least = [value](std::span<const Sample> some) {
    return (*std::ranges::min_element(some, {}, value)).*value;
  };
  const std::size_t before = least(samples.first(part));
  const std::size_t after = least(samples.last(part));
  if (after <= before + allowed) return;
  if (!found.empty()) found += "; ";
  found += std::string(name) + " from " + std::to_string(before) + " to " + std::to_string(after);
}

std::string Trend::whatGrows(const Allowance& allowance) const {
  std::string found;
  if (!tells()) return found;
  compare(&Sample::heap, "heap", allowance.heap, found);
  compare(&Sample::resident, "resident memory", allowance.resident, found);
  compare(&Sample::descriptors, "descriptors", 0, found);
  return found;
}

}  // namespace duplex::soak
