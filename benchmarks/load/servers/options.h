#pragma once

#include <cstdint>
#include <string>

/// What every server here is told on its command line:
///
///     PROGRAM --role echo|broadcast|http|watch [--port N] [--backend NAME] [--handlers NAME]
///
/// It listens on 0.0.0.0, prints `port N` when it does, and ends on SIGTERM.
struct Options {
  enum class Role { Echo, Broadcast, Http, Watch };
  Role role = Role::Echo;
  /// 0 picks a free one.
  std::uint16_t port = 0;
  /// For servers that have several; empty is the server's own choice.
  std::string backend;
  /// How an echo's handlers are written, for servers that have several ways; likewise.
  std::string handlers;
};

/// Ends the process with a message on bad arguments.
Options readOptions(int argc, char** argv);

/// Says where the server listens.
void announce(std::uint16_t port);
