#pragma once

#include <duplex/task.h>

namespace duplex::net {

/// Goes once through those that are in a ring now; those that join meanwhile stay.
class Taking {
 public:
  explicit Taking(duplex::detail::Link& ring) noexcept;

  /// The next of them, which has left the ring; null if none is left.
  duplex::detail::Link* next() noexcept;

 private:
  duplex::detail::Link& ring_;
  // Stands behind the last of them.
  duplex::detail::Link end_;
};

/// Calls `take(link)` for each.
template <class Take>
void takeAll(duplex::detail::Link& ring, Take take) {
  Taking taking(ring);
  while (duplex::detail::Link* const link = taking.next()) take(*link);
}

}  // namespace duplex::net
