#pragma once

#include "http/connection.h"

namespace duplex::http {

/// Lets `write` append to the queue, and keeps account of it for the send timeout.
template <class Write>
void ServerConnection::send(Write write) {
  OutputQueue& out = stream_.output();
  const std::size_t before = out.size();
  if (stream_.queued() == 0) takenSince_ = loop_.now();
  write(out);
  written_ += out.size() - before;
  // While requests are processed the timeout is set once, at the end.
  if (!processing_ && !timeout_.pending()) armTimeout();
}

}  // namespace duplex::http
