#include <duplex/handler.h>

#include "http/routes.h"

namespace duplex {

Handler::~Handler() {
  if (routes != nullptr) routes->release();
}

}  // namespace duplex
