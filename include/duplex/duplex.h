#pragma once

/// All of duplex: server, client, loop.
#include <duplex/address.h>
#include <duplex/app.h>
#include <duplex/compression.h>
#include <duplex/error.h>
#include <duplex/export.h>
#include <duplex/function.h>
#include <duplex/handler.h>
#include <duplex/http_limits.h>
#include <duplex/loop.h>
#include <duplex/message.h>
#include <duplex/request.h>
#include <duplex/response.h>
#include <duplex/router.h>
#include <duplex/static.h>
#include <duplex/tls.h>
#include <duplex/version.h>
#include <duplex/websocket.h>
