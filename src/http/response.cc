#include <duplex/response.h>

#include <stdexcept>
#include <string>

#include "base/bytes.h"
#include "http/connection.h"
#include "http/cookie.h"
#include "http/etag.h"
#include "http/exchange.h"
#include "http/file_response.h"
#include "http/mime.h"
#include "http/percent.h"
#include "http/precondition.h"
#include "http/status.h"

namespace duplex {

namespace {

using http::Exchange;
using http::ServerConnection;

/// Whether status and headers can still be set.
bool isOpen(const Exchange* exchange) noexcept {
  return exchange != nullptr && !exchange->headSent && !exchange->ended();
}

void setDefaultType(Exchange& exchange, std::string_view type) {
  if (!exchange.headers.has("Content-Type")) exchange.headers.set("Content-Type", type);
}

/// Gives the body its ETag and finds out whether the client has it already.
bool isFresh(Exchange& exchange, Bytes body) {
  const std::string_view method = exchange.request.method;
  if (exchange.status != 200 || (method != "GET" && method != "HEAD")) return false;
  if (!exchange.headers.has("ETag")) exchange.headers.set("ETag", http::makeEtag(body));
  const http::Validators validators{exchange.headers.get("ETag"), std::nullopt};
  return exchange.request.find("If-None-Match") != nullptr &&
         http::evaluate(exchange.request, validators) == http::Precondition::NotModified;
}

/// Answers with a whole body, from whichever thread this is.
void answer(Exchange* exchange, Bytes body, std::string_view defaultType) {
  if (exchange == nullptr || exchange->left || !exchange->claim()) return;
  if (!exchange->headSent) {
    setDefaultType(*exchange, defaultType);
    if (isFresh(*exchange, body)) {
      exchange->status = 304;
      exchange->headers.remove("Content-Type");
      body = {};
    }
  }
  if (exchange->local()) {
    if (exchange->connection != nullptr) exchange->connection->respond(*exchange, body);
    return;
  }
  exchange->onOwner([exchange, copy = std::string(asText(body))](ServerConnection& owner) {
    owner.respond(*exchange, asBytes(copy));
  });
}

}  // namespace

Response::Response(http::Exchange* exchange) noexcept : exchange_(exchange) {
  if (exchange_ == nullptr) return;
  exchange_->retain();
  exchange_->retainAnswerer();
}
Response::Response(const Response& other) noexcept : Response(other.exchange_) {}
Response::~Response() {
  if (exchange_ == nullptr) return;
  exchange_->releaseAnswerer();
  exchange_->release();
}

const Response& Response::status(int code) const {
  if (code < 200 || code > 599) throw std::invalid_argument("status " + std::to_string(code));
  if (isOpen(exchange_)) exchange_->status = code;
  return *this;
}
int Response::statusCode() const noexcept {
  return exchange_ == nullptr ? 200 : exchange_->status;
}
const Response& Response::set(std::string_view name, std::string_view value) const {
  if (isOpen(exchange_)) exchange_->headers.set(name, value);
  return *this;
}
const Response& Response::append(std::string_view name, std::string_view value) const {
  if (isOpen(exchange_)) exchange_->headers.append(name, value);
  return *this;
}
const Response& Response::remove(std::string_view name) const {
  if (isOpen(exchange_)) exchange_->headers.remove(name);
  return *this;
}
std::string_view Response::get(std::string_view name) const noexcept {
  return exchange_ == nullptr ? std::string_view() : exchange_->headers.get(name);
}
const Response& Response::type(std::string_view type) const {
  const std::string_view known = type.find('/') == std::string_view::npos ? http::mimeType(type) : type;
  return set("Content-Type", known.empty() ? "application/octet-stream" : known);
}
const Response& Response::cookie(std::string_view name, std::string_view value,
                                 const CookieOptions& options) const {
  return append("Set-Cookie", http::makeCookie(name, value, options));
}
const Response& Response::clearCookie(std::string_view name, const CookieOptions& options) const {
  CookieOptions expired = options;
  expired.maxAge = std::chrono::seconds(0);
  return cookie(name, {}, expired);
}

void Response::send(std::string_view body) const {
  answer(exchange_, asBytes(body), "text/html; charset=utf-8");
}
void Response::send(std::span<const std::byte> body) const {
  answer(exchange_, body, "application/octet-stream");
}
void Response::json(std::string_view text) const {
  answer(exchange_, asBytes(text), "application/json; charset=utf-8");
}

void Response::sendFile(std::string_view path, const SendFileOptions& options) const {
  if (exchange_ == nullptr) return;
  if (exchange_->local()) {
    http::sendFile(*exchange_, std::string(path), options.root, options.maxAge);
    return;
  }
  // The copy keeps the request from counting as unanswered on its way.
  exchange_->onOwner([self = *this, file = std::string(path), options](ServerConnection&) {
    http::sendFile(*self.exchange_, file, options.root, options.maxAge);
  });
}

void Response::redirect(std::string_view url) const {
  redirect(302, url);
}
void Response::redirect(int code, std::string_view url) const {
  if (code < 300 || code > 399) throw std::invalid_argument("redirect status " + std::to_string(code));
  const std::string location = http::encodeUrl(url);
  status(code).set("Location", location).type("txt");
  send(std::string(http::reasonPhrase(code)) + ". Redirecting to " + location);
}

void Response::sendStatus(int code) const {
  status(code).type("txt").send(http::reasonPhrase(code));
}

bool Response::write(std::string_view part) const {
  return write(asBytes(part));
}
bool Response::write(std::span<const std::byte> part) const {
  if (exchange_ == nullptr || exchange_->ended()) return false;
  if (!exchange_->headSent) {
    setDefaultType(*exchange_, "text/html; charset=utf-8");
    exchange_->headSent = true;
  }
  if (exchange_->local()) {
    return exchange_->connection != nullptr && exchange_->connection->write(*exchange_, part);
  }
  exchange_->onOwner([exchange = exchange_, copy = std::string(asText(part))](ServerConnection& owner) {
    owner.write(*exchange, asBytes(copy));
  });
  return !exchange_->congested;
}

void Response::end() const {
  if (exchange_ == nullptr || exchange_->left || !exchange_->claim()) return;
  if (exchange_->local()) {
    if (exchange_->connection != nullptr) exchange_->connection->end(*exchange_);
    return;
  }
  exchange_->onOwner([exchange = exchange_](ServerConnection& owner) { owner.end(*exchange); });
}
void Response::end(std::string_view last) const {
  // As a whole answer it has a length.
  if (exchange_ != nullptr && !exchange_->headSent) return send(last);
  write(last);
  end();
}

bool Response::headersSent() const noexcept {
  return exchange_ != nullptr && (exchange_->headSent || exchange_->claimed);
}
bool Response::ended() const noexcept {
  return exchange_ == nullptr || exchange_->ended();
}
void Response::ondrain(Function<void()> handler) const {
  if (exchange_ != nullptr) exchange_->onDrain(std::move(handler));
}
void Response::onclose(Function<void()> handler) const {
  if (exchange_ != nullptr) exchange_->onClose(std::move(handler));
}

}  // namespace duplex
