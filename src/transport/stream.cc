#include "transport/stream.h"

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

}  // namespace duplex::transport
