#pragma once

#include <atomic>

namespace duplex::test {

// What `operator new` of app_test, in scarcity_test.cc, goes by.

/// Allocations of the threads whose memory is scarce until one fails; negative: none will.
inline std::atomic<long> untilFailure{-1};
inline thread_local bool isScarce = false;

}  // namespace duplex::test
