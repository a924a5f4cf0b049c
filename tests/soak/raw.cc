#include "raw.h"

namespace duplex::soak {

/// Without `handshake` it does not speak TLS where it should.
Raw::Raw(Crowd& crowd, const char* kind, Way way, bool handshake)
    : Member(crowd, kind),
      secure_(way == Way::Tls && handshake),
      stream_(crowd.loop().connect(crowd.door(way), *this)) {}

void Raw::onConnected() {
  if (secure_ && !handshaking_) {
    handshaking_ = true;
    stream_.startTls(crowd().tls(), "localhost", stream_.remoteAddress().port());
    return;
  }
  ready_ = true;
  onReady();
}

void Raw::onFailed(std::error_code) {
  ready_ = false;
  stream_.forget();
  onLost();
}

void Raw::go(bool reset) {
  ready_ = false;
  stream_.close(reset);
  leave();
}

}  // namespace duplex::soak
