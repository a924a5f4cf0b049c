#pragma once

#include <string>

/// Sets up the program's log: on stderr, from `level` on (trace, debug, info, warn, error).
void setUpLog(const std::string& level);
