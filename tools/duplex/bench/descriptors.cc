#include "bench/descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace duplex::bench {

void allowDescriptors(std::size_t wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return;
  // A privileged process may raise the hard limit, too.
  const rlimit raised{wanted, std::max<rlim_t>(limit.rlim_max, wanted)};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return;
  throw std::runtime_error("this needs " + std::to_string(wanted) + " open files, and " +
                           std::to_string(limit.rlim_max) +
                           " are allowed: raise the limit (ulimit -Hn), or use "
                           "fewer connections");
}

}  // namespace duplex::bench
