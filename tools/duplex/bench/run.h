#pragma once

#include "bench/options.h"
#include "bench/result.h"

namespace duplex::bench {

/// Carries out a run on the calling thread and as many others as `options.threads` says. SIGINT ends it
/// early. Throws SyntaxError for a URL or a header that is none, std::runtime_error where there are too
/// few descriptors.
Result run(const Options& options);

}  // namespace duplex::bench
