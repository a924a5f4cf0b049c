#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "crowd.h"
#include "transport/stream.h"

namespace duplex::soak {

/// A connection that sends just what it likes.
class Raw : public Member, protected net::SocketHandler {
 protected:
  Raw(Crowd& crowd, const char* kind, Way way, bool handshake = true);

  /// To be written to from here on.
  virtual void onReady() {}
  void onData(MutableBytes) override {}
  void onEnd() override { go(false); }
  /// Of a connection that failed.
  virtual void onLost() { leave(); }

  bool ready() const noexcept { return ready_; }
  void say(std::string_view text) { stream_.output().append(text); }
  transport::Stream& stream() noexcept { return stream_; }
  /// Ends the connection, and goes.
  void go(bool reset);

 private:
  void onConnected() final;
  void onFailed(std::error_code error) final;

  const bool secure_;
  bool ready_ = false;
  bool handshaking_ = false;
  transport::Stream stream_;
};

}  // namespace duplex::soak
