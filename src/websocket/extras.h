#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <duplex/address.h>
#include <duplex/error.h>
#include <duplex/function.h>
#include <duplex/message.h>

#include "websocket/backlog.h"
#include "websocket/client_handshake.h"
#include "websocket/compression.h"

namespace duplex::websocket {

/// What a connection has only when something asks for it: handlers of its own, an object that the
/// application attached, a client's part, the circumstances of its end. The idle connection of a
/// server does without.
struct Extras {
  Extras() = default;
  Extras(const Extras&) = delete;
  Extras& operator=(const Extras&) = delete;
  ~Extras() { setData(nullptr, nullptr, nullptr); }

  Function<void()> onopen;
  Function<void(const Message&)> onmessage;
  Function<void(const Error&)> onerror;
  Function<void(const CloseEvent&)> onclose;
  Function<void(std::string_view)> onping;
  Function<void(std::string_view)> onpong;
  Function<void()> ondrain;

  /// Sets one of the handlers; one that may be running is kept until it has returned.
  template <class F>
  void set(F& handler, F replacement) {
    std::swap(handler, replacement);
    if (running != 0 && replacement) retired.emplace_back([old = std::move(replacement)] {});
  }
  /// Around the call of a handler.
  class Running {
   public:
    explicit Running(Extras& extras) noexcept : extras_(extras) { ++extras_.running; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
      if (--extras_.running == 0 && !extras_.retired.empty()) std::exchange(extras_.retired, {}).clear();
    }

   private:
    Extras& extras_;
  };
  unsigned running = 0;
  std::vector<Function<void()>> retired;

  void setData(void* made, const void* tag, void (*destroy)(void*)) {
    void* old = std::exchange(data, made);
    void (*destroyOld)(void*) = std::exchange(destroyData, destroy);
    dataTag = tag;
    if (old != nullptr) destroyOld(old);
  }
  void* data = nullptr;
  const void* dataTag = nullptr;
  void (*destroyData)(void*) = nullptr;

  std::string url;
  std::string protocol;
  /// What it keeps for compression, if that was agreed on and keeps anything.
  std::unique_ptr<DedicatedCompression> compression;
  /// A client's, until it is open.
  std::unique_ptr<ClientHandshake> handshake;

  /// Null while nothing waits in it.
  std::unique_ptr<Backlog> backlog;
  std::uint64_t dropped = 0;

  /// Of the stream, when it was last looked at; see Connection::takesBytes.
  std::uint32_t progress = 0;
  /// Payload bytes given to `send` after closing.
  std::size_t discarded = 0;
  /// The peer's address, once the stream is gone.
  Address remote;
  /// The peer has sent FIN; what is queued still goes out.
  bool peerEnded = false;
  CloseEvent closeEvent;
  /// Set where the connection failed: what `onerror` is told.
  bool failed = false;
  Error error;
};

}  // namespace duplex::websocket
