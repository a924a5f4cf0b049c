#pragma once

#include <string>
#include <string_view>

/// Text of a peer's as a terminal may have it: control characters, which could clear the screen or do worse,
/// and bytes that are no UTF-8 are shown as what they are, "\x1b"; but for tabs and the ends of lines.
std::string forTerminal(std::string_view text);

/// The same on one line, as in a log, where the end of a line would let a peer forge the next.
std::string forLog(std::string_view text);
