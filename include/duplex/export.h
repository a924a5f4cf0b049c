#pragma once

/// Marks what the shared library shows; everything else in it is hidden.
#define DUPLEX_API [[gnu::visibility("default")]]
