#pragma once

#include <string>

#include <duplex/error.h>
#include <duplex/error_context.h>

/// Sets up the program's log: on stderr, from `level` on (trace, debug, info, warn, error).
void setUpLog(const std::string& level);

/// Warns of `error`, and says of whom and at which route. What the system refuses, such as more open files,
/// it refuses each time: of that there is a line in ten seconds, with how often it happened. Any thread.
void warn(const duplex::Error& error, const duplex::ErrorContext& where);
