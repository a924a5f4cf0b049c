// Boost.Beast on one thread, asynchronous: without locks, executors of a concrete type, messages written from
// the buffer they were read into, or from one that all subscribers share. Over TLS by Beast's own stream,
// which joins small pieces before they are encrypted.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <cstddef>
#include <cstdio>
#include <ctime>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "options.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;
using Role = Options::Role;
using Executor = asio::io_context::executor_type;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using WebSocket = websocket::stream<Socket>;
using TlsStream = beast::ssl_stream<Socket>;

constexpr std::size_t maxMessage = 64 * 1024 * 1024;

template <class Stream>
void prepare(websocket::stream<Stream>& ws) {
  ws.read_message_max(maxMessage);
  ws.auto_fragment(false);
}

websocket::permessage_deflate compression(const Options& options) {
  websocket::permessage_deflate extension;
  extension.server_enable = options.role == Role::Deflate;
  if (options.level != 0) extension.compLevel = options.level;
  return extension;
}

/// Reads a message, writes it, reads the next.
template <class Stream>
class Echo : public std::enable_shared_from_this<Echo<Stream>> {
 public:
  Echo(Stream stream, const Options& options) : ws_(std::move(stream)) {
    prepare(ws_);
    ws_.set_option(compression(options));
  }

  void start() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      ws_.next_layer().async_handshake(asio::ssl::stream_base::server,
                                       [self = this->shared_from_this()](error_code error) {
                                         if (!error) self->accept();
                                       });
    } else {
      accept();
    }
  }

 private:
  void accept() {
    ws_.async_accept([self = this->shared_from_this()](error_code error) {
      if (!error) self->read();
    });
  }

  void read() {
    ws_.async_read(buffer_, [self = this->shared_from_this()](error_code error, std::size_t) {
      if (!error) self->write();
    });
  }

  void write() {
    ws_.text(ws_.got_text());
    ws_.async_write(buffer_.data(), [self = this->shared_from_this()](error_code error, std::size_t size) {
      if (error) return;
      self->buffer_.consume(size);
      self->read();
    });
  }

  websocket::stream<Stream> ws_;
  beast::flat_buffer buffer_;
};

struct Shared {
  std::string bytes;
  bool isText;
};

/// Reads without waiting for what it writes, which is queued.
class Subscriber : public std::enable_shared_from_this<Subscriber> {
 public:
  using All = std::unordered_set<Subscriber*>;

  Subscriber(Socket socket, All& all) : ws_(std::move(socket)), all_(all) { prepare(ws_); }
  ~Subscriber() { all_.erase(this); }

  void start() {
    ws_.async_accept([self = shared_from_this()](error_code error) {
      if (error) return;
      self->all_.insert(self.get());
      self->read();
    });
  }

 private:
  void read() {
    ws_.async_read(buffer_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error) {
        self->all_.erase(self.get());
        return;
      }
      self->publish();
      self->read();
    });
  }

  void publish() {
    const auto message =
        std::make_shared<const Shared>(Shared{beast::buffers_to_string(buffer_.data()), ws_.got_text()});
    buffer_.clear();
    for (Subscriber* subscriber : all_) subscriber->send(message);
  }

  void send(std::shared_ptr<const Shared> message) {
    queue_.push_back(std::move(message));
    if (queue_.size() == 1) write();
  }

  void write() {
    ws_.text(queue_.front()->isText);
    ws_.async_write(asio::buffer(queue_.front()->bytes),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      if (error) return;
                      self->queue_.erase(self->queue_.begin());
                      if (!self->queue_.empty()) self->write();
                    });
  }

  WebSocket ws_;
  All& all_;
  beast::flat_buffer buffer_;
  std::vector<std::shared_ptr<const Shared>> queue_;
};

/// The Date header's value (RFC 9110 §6.6.1), made once a second.
const std::string& date() {
  static std::time_t made = 0;
  static std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != made) {
    char buffer[32];
    text.assign(buffer, std::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&now)));
    made = now;
  }
  return text;
}

class Hello : public std::enable_shared_from_this<Hello> {
 public:
  explicit Hello(Socket socket) : socket_(std::move(socket)) {}

  void start() {
    request_ = {};
    http::async_read(socket_, buffer_, request_, [self = shared_from_this()](error_code error, std::size_t) {
      if (!error) self->answer();
    });
  }

 private:
  void answer() {
    constexpr std::string_view hello = "Hello, World!";
    const bool found = request_.method() == http::verb::get && request_.target() == "/";
    response_ = {found ? http::status::ok : http::status::not_found, request_.version()};
    response_.set(http::field::content_type, "text/plain");
    response_.set(http::field::date, date());
    response_.keep_alive(request_.keep_alive());
    response_.body() = found ? boost::span<const char>(hello) : boost::span<const char>();
    response_.prepare_payload();
    http::async_write(socket_, response_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return;
      if (self->response_.need_eof()) {
        self->socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
      } else {
        self->start();
      }
    });
  }

  Socket socket_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  http::response<http::span_body<const char>> response_;
};

class Server {
 public:
  Server(asio::io_context& context, const Options& options) : options_(options), acceptor_(context) {
    if (options.role == Role::Tls) {
      tls_.emplace(asio::ssl::context::tls_server);
      tls_->use_certificate_chain_file(options.certificate);
      tls_->use_private_key_file(options.key, asio::ssl::context::pem);
    }
    const asio::ip::tcp::endpoint endpoint(asio::ip::tcp::v4(), options.port);
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(asio::socket_base::reuse_address(true));
    acceptor_.bind(endpoint);
    acceptor_.listen();
    accept();
    announce(acceptor_.local_endpoint().port());
  }

 private:
  void accept() {
    acceptor_.async_accept([this](error_code error, Socket socket) {
      if (!error) {
        socket.set_option(asio::ip::tcp::no_delay(true));
        serve(std::move(socket));
      }
      accept();
    });
  }

  void serve(Socket socket) {
    switch (options_.role) {
      case Role::Tls:
        std::make_shared<Echo<TlsStream>>(TlsStream(std::move(socket), *tls_), options_)->start();
        break;
      case Role::Broadcast:
        std::make_shared<Subscriber>(std::move(socket), subscribers_)->start();
        break;
      case Role::Http:
        std::make_shared<Hello>(std::move(socket))->start();
        break;
      default:
        std::make_shared<Echo<Socket>>(std::move(socket), options_)->start();
    }
  }

  const Options options_;
  std::optional<asio::ssl::context> tls_;
  Acceptor acceptor_;
  Subscriber::All subscribers_;
};

}  // namespace

int main(int argc, char** argv) try {
  const Options options = readOptions(argc, argv);
  if (options.role == Role::Watch) throw std::runtime_error("no such role here: watch");
  asio::io_context context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);
  Server server(context, options);
  context.run();
} catch (const std::exception& error) {
  std::fprintf(stderr, "beast_server: %s\n", error.what());
  return 1;
}
