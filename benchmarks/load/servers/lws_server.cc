// libwebsockets as its notes on coding have it: what is to be sent waits for the writeable callback, which
// writes one message. --backend poll is its own loop; uv and ev are event libraries that it runs on. What is
// compressed has room for 32 KB at once in place of 1 KB, else a large message is many small frames.

#include <libwebsockets.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "options.h"

namespace {

/// Begins with LWS_PRE bytes, for the header.
struct Message {
  std::vector<unsigned char> bytes = std::vector<unsigned char>(LWS_PRE);
  lws_write_protocol type = LWS_WRITE_BINARY;
};

/// Lives in memory that libwebsockets gives to each connection.
struct Session {
  std::shared_ptr<Message> arriving;
  std::deque<std::shared_ptr<Message>> queue;
};

struct Server {
  bool broadcasts = false;
  bool compresses = false;
  std::string level;
  std::unordered_set<lws*> connections;
};

Server& serverOf(lws* connection) {
  return *static_cast<Server*>(lws_context_user(lws_get_context(connection)));
}

Session& sessionOf(lws* connection) {
  return *static_cast<Session*>(lws_wsi_user(connection));
}

void queueFor(lws* connection, std::shared_ptr<Message> message) {
  sessionOf(connection).queue.push_back(std::move(message));
  lws_callback_on_writable(connection);
}

void receive(lws* connection, const void* data, std::size_t size) {
  Session& session = sessionOf(connection);
  if (session.arriving == nullptr) {
    session.arriving = std::make_shared<Message>();
    session.arriving->type = lws_frame_is_binary(connection) != 0 ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    session.arriving->bytes.reserve(LWS_PRE + size + lws_remaining_packet_payload(connection));
  }
  const auto* begin = static_cast<const unsigned char*>(data);
  session.arriving->bytes.insert(session.arriving->bytes.end(), begin, begin + size);
  if (lws_is_final_fragment(connection) == 0 || lws_remaining_packet_payload(connection) != 0) return;
  const std::shared_ptr<Message> message = std::move(session.arriving);
  if (serverOf(connection).broadcasts) {
    for (lws* each : serverOf(connection).connections) queueFor(each, message);
  } else {
    queueFor(connection, message);
  }
}

bool write(lws* connection) {
  Session& session = sessionOf(connection);
  if (session.queue.empty()) return true;
  const std::shared_ptr<Message> message = std::move(session.queue.front());
  session.queue.pop_front();
  const std::size_t size = message->bytes.size() - LWS_PRE;
  if (lws_write(connection, message->bytes.data() + LWS_PRE, size, message->type) < 0) return false;
  if (!session.queue.empty()) lws_callback_on_writable(connection);
  return true;
}

void setCompression(lws* connection) {
  constexpr const char* extension = "permessage-deflate";
  lws_set_extension_option(connection, extension, "rx_buf_size", "15");
  lws_set_extension_option(connection, extension, "tx_buf_size", "15");
  const std::string& level = serverOf(connection).level;
  if (!level.empty()) lws_set_extension_option(connection, extension, "compression_level", level.c_str());
}

int callback(lws* connection, lws_callback_reasons reason, void* user, void* data, std::size_t size) {
  switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
      new (user) Session;
      if (serverOf(connection).compresses) setCompression(connection);
      serverOf(connection).connections.insert(connection);
      break;
    case LWS_CALLBACK_CLOSED:
      serverOf(connection).connections.erase(connection);
      sessionOf(connection).~Session();
      break;
    case LWS_CALLBACK_RECEIVE:
      receive(connection, data, size);
      break;
    case LWS_CALLBACK_SERVER_WRITEABLE:
      return write(connection) ? 0 : -1;
    default:
      return lws_callback_http_dummy(connection, reason, user, data, size);
  }
  return 0;
}

std::uint64_t loopOf(const std::string& backend) {
  if (backend.empty() || backend == "poll") return 0;
  if (backend == "uv") return LWS_SERVER_OPTION_LIBUV;
  if (backend == "ev") return LWS_SERVER_OPTION_LIBEV;
  throw std::runtime_error("no such back end: " + backend);
}

void run(const Options& options) {
  using Role = Options::Role;
  if (options.role == Role::Http || options.role == Role::Watch) {
    throw std::runtime_error("a role that is not here");
  }
  lws_set_log_level(LLL_ERR, nullptr);
  Server server;
  server.broadcasts = options.role == Role::Broadcast;
  server.compresses = options.role == Role::Deflate;
  if (options.level != 0) server.level = std::to_string(options.level);
  const std::size_t receiveSize = server.compresses ? 32 * 1024 : 16 * 1024;
  const lws_protocols protocols[] = {{"http", callback, sizeof(Session), receiveSize, 0, nullptr, 0},
                                     {nullptr, nullptr, 0, 0, 0, nullptr, 0}};
  const lws_extension extensions[] = {
      {"permessage-deflate", lws_extension_callback_pm_deflate,
       "permessage-deflate; client_no_context_takeover; client_max_window_bits"},
      {nullptr, nullptr, nullptr}};
  lws_context_creation_info info{};
  info.port = options.port;
  info.protocols = protocols;
  info.user = &server;
  info.extensions = server.compresses ? extensions : nullptr;
  info.options = loopOf(options.backend);
  if (options.role == Role::Tls) {
    info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.ssl_cert_filepath = options.certificate.c_str();
    info.ssl_private_key_filepath = options.key.c_str();
  }
  info.pt_serv_buf_size = 256 * 1024;
  // The others do so without being told.
  info.options |= LWS_SERVER_OPTION_VALIDATE_UTF8;
  lws_context* context = lws_create_context(&info);
  if (context == nullptr) throw std::runtime_error("lws_create_context failed");
  announce(static_cast<std::uint16_t>(lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "default"))));
  while (lws_service(context, 0) >= 0) {
  }
  lws_context_destroy(context);
}

}  // namespace

int main(int argc, char** argv) try { run(readOptions(argc, argv)); } catch (const std::exception& error) {
  std::fprintf(stderr, "lws_server: %s\n", error.what());
  return 1;
}
