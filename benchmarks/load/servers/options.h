#pragma once

#include <cstdint>
#include <string>

/// What every server here is told on its command line:
///
///     PROGRAM --role echo|deflate|tls|broadcast|http|watch [--port N] [--backend NAME] [--handlers NAME]
///             [--level N] [--certificate FILE --key FILE]
///
/// `deflate` is `echo` of messages that are all compressed, with context takeover if the client has nothing
/// against it; `tls` is `echo` over TLS. It listens on 0.0.0.0, prints `port N` when it does, and ends on
/// SIGTERM.
struct Options {
  enum class Role { Echo, Deflate, Tls, Broadcast, Http, Watch };
  Role role = Role::Echo;
  /// 0 picks a free one.
  std::uint16_t port = 0;
  /// For servers that have several; empty is the server's own choice.
  std::string backend;
  /// How an echo's handlers are written, for servers that have several ways; likewise.
  std::string handlers;
  /// Of compression, for servers where it can be chosen; 0 is the library's default.
  int level = 0;
  /// For `tls`, PEM files.
  std::string certificate;
  std::string key;
};

/// Ends the process with a message on bad arguments.
Options readOptions(int argc, char** argv);

/// Says where the server listens.
void announce(std::uint16_t port);
