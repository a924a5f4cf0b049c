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
  head = head.subspan(ofHead);
  OutputQueue& queue = socket().output();
  // What is referred to is held whole.
  if (memory && rest.size() >= memory->memory() / 2) {
    queue.append(std::move(memory), rest, head);
  } else {
    std::copy(rest.begin(), rest.end(),
              std::copy(head.begin(), head.end(), queue.extend(head.size() + rest.size())));
  }
  queue.endFrame(payload.size());
}

}  // namespace duplex::transport
