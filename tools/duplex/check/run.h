#pragma once

#include "check/options.h"
#include "check/report.h"

namespace duplex::check {

/// Asks the server at `options.url`. Throws SyntaxError for what is no URL, std::runtime_error if no
/// connection could be had at all or no case is meant.
Report checkServer(const Options& options);

/// Listens for clients, says where, and asks them until all is asked or SIGINT comes.
Report checkClients(const Options& options);

}  // namespace duplex::check
