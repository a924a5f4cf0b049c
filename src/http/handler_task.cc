#include <duplex/handler.h>

#include <utility>

#include "http/chain.h"
#include "http/connection.h"
#include "http/exchange.h"

namespace duplex::detail {

namespace {

/// A handler that is a coroutine. It ends with the routes that it was made of.
class HandlerTask final : public TaskRoot {
 public:
  HandlerTask(http::ServerContext& inContext, const Error* why, const Request& request,
              const Response& response, const Next& following)
      : TaskRoot(&inContext), req(request), res(response), next(following), context_(inContext) {
    if (why != nullptr) error = *why;
  }

  Error error;
  Request req;
  Response res;
  Next next;

 private:
  void onEnd(std::exception_ptr exception) noexcept override {
    if (!exception) return;
    try {
      std::rethrow_exception(exception);
    } catch (...) {
      surviving([this] { failed(Error::current()); });
    }
  }

  // What goes wrong in `call` is want of memory. It ends the connection, and no other.
  template <class Call>
  void surviving(Call call) noexcept {
    try {
      call();
    } catch (...) {
      http::ServerConnection* const connection = req.exchange()->connection;
      if (connection != nullptr) connection->abort();
    }
  }

  void failed(Error thrown) {
    http::Exchange& exchange = *req.exchange();
    if (exchange.connection != nullptr) {
      http::failChain(exchange, std::move(thrown));
    } else if (context_.report) {
      context_.report(thrown, exchange.context());
    }
  }

  http::ServerContext& context_;
};

// Of a HandlerTask: those of its Response and its Next.
constexpr int itsHandles = 2;

}  // namespace

Handling handlingTask(const Error* error, const Request& req, const Response& res, const Next& next) {
  http::ServerContext& context = req.exchange()->connection->context();
  auto* const task = new HandlerTask(context, error, req, res, next);
  return {task, task->error, task->req, task->res, task->next};
}

bool NextWait::wait() {
  http::Exchange* const exchange = next_.exchange_;
  if (exchange == nullptr || !exchange->local() || exchange->connection == nullptr) return false;
  exchange->awaitAnswer(*this);
  http::proceedChain(*exchange, next_.step_, std::nullopt);
  auto* const task = dynamic_cast<HandlerTask*>(root());
  if (task != nullptr && task->req.exchange() == exchange) {
    lent_ = exchange;
    for (int i = 0; i < itsHandles; ++i) exchange->releaseAnswerer();
  }
  return true;
}

NextWait::~NextWait() {
  if (lent_ == nullptr) return;
  for (int i = 0; i < itsHandles; ++i) lent_->retainAnswerer();
}

}  // namespace duplex::detail
