#pragma once

#include <CLI/CLI.hpp>

#include "check/options.h"

namespace duplex::check {

/// Adds `check` to the program's commands; parsing fills `options`.
CLI::App* addCommand(CLI::App& program, Options& options);

/// Carries it out and prints the report. Returns the exit code: 0 if no case failed, 1 if one did, 2 for
/// options that cannot be, or if nothing could be asked.
int runCommand(const Options& options);

}  // namespace duplex::check
