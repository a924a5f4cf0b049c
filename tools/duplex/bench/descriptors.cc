#include "bench/descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace duplex::bench {
namespace {

rlimit currentLimit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit;
}

/// Whether `wanted` are allowed now; `most` is the hard limit then.
bool raise(const rlimit& limit, rlim_t wanted, rlim_t most) {
  const rlimit raised{wanted, most};
  return limit.rlim_cur >= wanted || ::setrlimit(RLIMIT_NOFILE, &raised) == 0;
}

}  // namespace

bool allowAllDescriptors() {
  const rlimit limit = currentLimit();
  return raise(limit, limit.rlim_max, limit.rlim_max);
}

void allowDescriptors(std::size_t wanted) {
  const rlimit limit = currentLimit();
  // A privileged process may raise the hard limit, too.
  if (raise(limit, wanted, std::max<rlim_t>(limit.rlim_max, wanted))) return;
  throw std::runtime_error("this needs " + std::to_string(wanted) + " open files, and " +
                           std::to_string(limit.rlim_max) +
                           " are allowed: raise the limit (ulimit -Hn), or use "
                           "fewer connections");
}

}  // namespace duplex::bench
