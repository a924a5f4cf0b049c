#pragma once

#include <CLI/CLI.hpp>

#include "bench/options.h"

namespace duplex::bench {

/// Adds `bench` to the program's commands; parsing fills `options`.
CLI::App* addCommand(CLI::App& program, Options& options);

/// Carries it out and prints the result. Returns the exit code: 0 if something was measured, 1 if nothing
/// could connect or nothing came back, 2 for options that cannot be.
int runCommand(const Options& options);

}  // namespace duplex::bench
