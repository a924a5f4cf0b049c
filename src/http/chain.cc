#include "http/chain.h"

#include <utility>

#include <duplex/handler.h>

#include "http/connection.h"
#include "http/exchange.h"
#include "http/routes.h"

namespace duplex::http {

namespace {

using Kind = Routes::Kind;

/// While it lives somebody can still answer.
class AnswererHold {
 public:
  explicit AnswererHold(Exchange& exchange) noexcept : exchange_(&exchange) { exchange.retainAnswerer(); }
  AnswererHold(AnswererHold&& other) noexcept : exchange_(std::move(other.exchange_)) {}
  AnswererHold& operator=(AnswererHold&&) = delete;
  ~AnswererHold() {
    if (exchange_) exchange_->releaseAnswerer();
  }
  Exchange& exchange() const noexcept { return *exchange_; }

 private:
  Ref<Exchange> exchange_;
};

void allow(std::string& list, std::string_view method) {
  // Names of methods are tokens: one is in the list if it stands there between separators.
  for (std::size_t at = list.find(method); at != std::string::npos; at = list.find(method, at + 1)) {
    const bool starts = at == 0 || list[at - 1] == ' ';
    const std::size_t end = at + method.size();
    if (starts && (end == list.size() || list[end] == ',')) return;
  }
  if (!list.empty()) list += ", ";
  list += method;
  if (method == "GET") allow(list, "HEAD");
}

bool methodFits(const Routes::Layer& layer, std::string_view method) noexcept {
  return layer.method == method || (layer.method == "GET" && method == "HEAD");
}

/// Whether `layer` is the one to run next. If it is, base and parameters are set for it.
bool fits(Exchange& exchange, const Routes::Layer& layer) {
  Chain& chain = exchange.chain;
  const bool upgrade = exchange.request.upgrade;
  if (chain.error.has_value() != static_cast<bool>(layer.onError)) return false;
  if (upgrade && layer.kind == Kind::Method) return false;

  std::string_view path = exchange.request.path.substr(exchange.base);
  if (path.empty()) path = "/";
  std::size_t matched = 0;
  const Pattern::Result result = layer.pattern.match(path, matched, exchange.params, exchange.texts);
  if (result == Pattern::Result::No) return false;
  if (layer.kind == Kind::Upgrade && !upgrade) {
    chain.webSocket = true;
    return false;
  }
  if (layer.kind == Kind::Method && !methodFits(layer, exchange.request.method)) {
    allow(chain.allow, layer.method);
    return false;
  }
  if (result == Pattern::Result::BadEscape) {
    if (!chain.error) chain.error = Error(Errc::BadRequest, "bad percent-encoding in the path");
    chain.error->status = 400;
    return false;
  }
  if (layer.kind == Kind::Use) exchange.base += static_cast<std::uint32_t>(matched);
  return true;
}

void call(Exchange& exchange, const Routes::Layer& layer) {
  Request request(&exchange);
  Response response(&exchange);
  Next next(&exchange);
  if (!layer.onError) return layer.onRequest(request, response, next);
  const Error error = std::move(*exchange.chain.error);
  exchange.chain.error.reset();
  layer.onError(error, request, response, next);
}

/// Runs the handler of `layer`, which fits.
void runLayer(Exchange& exchange, const Routes::Layer& layer) {
  Chain& chain = exchange.chain;
  if (!layer.onError) exchange.route = layer.pattern.text();
  if (layer.upgrade) {
    chain.frames.clear();
    exchange.connection->upgradeTo(exchange, *layer.upgrade);
    return;
  }
  ServerContext& context = exchange.connection->context();
  const std::uint32_t step = chain.step.fetch_add(1, std::memory_order_acq_rel) + 1;
  try {
    call(exchange, layer);
  } catch (...) {
    // Whether or not it has called `next` as well: what it threw goes on in its place.
    std::uint32_t current = step;
    chain.step.compare_exchange_strong(current, step + 1, std::memory_order_acq_rel);
    Error error = Error::current();
    if (exchange.connection == nullptr) {
      if (context.report) context.report(error, exchange.context());
      return;
    }
    chain.error = std::move(error);
    chain.proceed = true;
  }
}

/// No layer is left.
void finish(Exchange& exchange) {
  Chain& chain = exchange.chain;
  ServerConnection& connection = *exchange.connection;
  if (chain.error) return connection.fail(exchange, *chain.error);

  if (chain.webSocket) allow(chain.allow, "GET");
  const std::string_view method = exchange.request.method;
  const bool mayAllow = !exchange.request.upgrade && !exchange.claimed && !exchange.headSent;
  if (mayAllow && method == "OPTIONS" && (!chain.allow.empty() || exchange.request.path == "*")) {
    allow(chain.allow, "OPTIONS");
    exchange.status = 204;
    exchange.headers.set("Allow", chain.allow);
    if (exchange.claim()) connection.respond(exchange, Bytes());
    return;
  }
  Error error(Errc::BadRequest, "no route");
  error.status = 404;
  if (mayAllow && chain.webSocket && (method == "GET" || method == "HEAD")) {
    exchange.headers.set("Upgrade", "websocket");
    exchange.headers.set("Connection", "Upgrade");
    error.status = 426;
  } else if (mayAllow && !chain.allow.empty()) {
    allow(chain.allow, "OPTIONS");
    exchange.headers.set("Allow", chain.allow);
    error.status = 405;
  }
  connection.fail(exchange, error);
}

/// Looks for the next layer that fits, and runs it.
void runNext(Exchange& exchange) {
  Chain& chain = exchange.chain;
  // Once a part of the answer is out, no error handler can answer: what it sent would pass for the rest.
  if (chain.error && exchange.headSent) chain.frames.clear();
  while (!chain.frames.empty()) {
    Chain::Frame& frame = chain.frames.back();
    exchange.base = frame.base;
    exchange.params.resize(frame.params);
    if (frame.next == frame.routes->layers().size()) {
      chain.frames.pop_back();
      continue;
    }
    const Routes::Layer& layer = frame.routes->layers()[frame.next++];
    if (!fits(exchange, layer)) continue;
    if (layer.routes) {
      chain.frames.push_back({layer.routes.get(), 0, exchange.base, exchange.params.size()});
      continue;
    }
    return runLayer(exchange, layer);
  }
  finish(exchange);
}

void run(Exchange& exchange) {
  Chain& chain = exchange.chain;
  const AnswererHold hold(exchange);
  chain.running = true;
  do {
    chain.proceed = false;
    runNext(exchange);
  } while (chain.proceed && exchange.connection != nullptr);
  chain.running = false;
}

/// On the owner's thread, once the right to go on has been won.
void resume(Exchange& exchange, std::optional<Error> error) {
  if (exchange.connection == nullptr) return;
  exchange.chain.error = std::move(error);
  if (exchange.chain.running) {
    exchange.chain.proceed = true;
  } else {
    run(exchange);
  }
}

void resumeOnOwner(Exchange& exchange, std::optional<Error> error) {
  if (exchange.local()) return resume(exchange, std::move(error));
  if (exchange.mailbox == nullptr) return;
  exchange.mailbox->post([hold = AnswererHold(exchange), error = std::move(error)]() mutable {
    resume(hold.exchange(), std::move(error));
  });
}

}  // namespace

void Chain::clear() noexcept {
  frames.clear();
  error.reset();
  step.store(0, std::memory_order_relaxed);
  allow.clear();
  webSocket = running = proceed = false;
}

void startChain(Exchange& exchange, const Routes& routes) {
  exchange.chain.frames.push_back({&routes, 0, 0, 0});
  run(exchange);
}

void proceedChain(Exchange& exchange, std::uint32_t step, std::optional<Error> error) {
  if (!exchange.chain.step.compare_exchange_strong(step, step + 1, std::memory_order_acq_rel)) return;
  resumeOnOwner(exchange, std::move(error));
}

void failChain(Exchange& exchange, Error error) {
  exchange.chain.step.fetch_add(1, std::memory_order_acq_rel);
  resumeOnOwner(exchange, std::move(error));
}

}  // namespace duplex::http
