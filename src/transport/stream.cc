#include "transport/stream.h"

#include <algorithm>
#include <utility>

#include "transport/tls_client.h"
#include "transport/tls_context.h"

namespace duplex::transport {

void Stream::startTls(TlsServerContext& context, Bytes early) {
  startTls(Ref<TlsContext>(&context), context.accept(), early);
}

void Stream::startTls(TlsClientContext& context, const std::string& host, std::uint16_t port) {
  startTls(Ref<TlsContext>(&context), context.connect(host, port));
}

void Stream::startTls(Ref<TlsContext> context, SslPtr ssl, Bytes early) {
  auto* made = new TlsStream(socket(), std::move(context), std::move(ssl));
  link_ = reinterpret_cast<std::uintptr_t>(made) | tlsBit;
  made->start(early);
}

void Stream::queueRest(Bytes head, Bytes payload, std::size_t taken, Ref<SharedBytes> memory) {
  const std::size_t ofHead = std::min(taken, head.size());
  const Bytes rest = payload.subspan(taken - ofHead);
  OutputQueue& queue = socket().output();
  queue.append(head.subspan(ofHead));
  if (memory) {
    queue.append(std::move(memory), rest);
  } else {
    queue.append(rest);
  }
  queue.endFrame(payload.size());
}

}  // namespace duplex::transport
