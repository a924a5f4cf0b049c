#include "net/take_all.h"

namespace duplex::net {

using duplex::detail::Link;

Taking::Taking(Link& ring) noexcept : ring_(ring) {
  end_.moveBefore(ring);
}

Link* Taking::next() noexcept {
  Link& first = ring_.next();
  if (&first == &end_) return nullptr;
  first.leave();
  return &first;
}

}  // namespace duplex::net
