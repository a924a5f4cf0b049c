#pragma once

#include <duplex/error.h>
#include <duplex/websocket.h>

#include "base/clock.h"

namespace duplex::websocket {

/// Whether what failed with `error` may go well at another time: the network, a name server or a server that
/// is down, not a refusal or a breach of the protocol.
bool mayPass(const Error& error) noexcept;

/// How long to wait before the try number `tries` in a row, from 1 on: drawn anew by each call.
Milliseconds drawDelay(const Reconnect& options, unsigned tries);

}  // namespace duplex::websocket
