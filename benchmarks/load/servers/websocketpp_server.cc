// websocketpp over Boost.Asio on one thread: without locks, without logs.

#include <cstdio>
#include <exception>
#include <set>
#include <stdexcept>

#include <websocketpp/concurrency/none.hpp>
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/extensions/permessage_deflate/enabled.hpp>
#include <websocketpp/server.hpp>

#include "options.h"

namespace {

struct Config : websocketpp::config::asio {
  using type = Config;
  using base = websocketpp::config::asio;
  using concurrency_type = websocketpp::concurrency::none;
  using elog_type = websocketpp::log::basic<concurrency_type, websocketpp::log::elevel>;
  using alog_type = websocketpp::log::basic<concurrency_type, websocketpp::log::alevel>;
  static const websocketpp::log::level elog_level = websocketpp::log::elevel::none;
  static const websocketpp::log::level alog_level = websocketpp::log::alevel::none;
  [[maybe_unused]] static bool const enable_multithreading = false;
  static const size_t max_message_size = 64 * 1024 * 1024;

  struct transport_config : base::transport_config {
    using concurrency_type = type::concurrency_type;
    using elog_type = type::elog_type;
    using alog_type = type::alog_type;
    static bool const enable_multithreading = false;
  };
  using transport_type = websocketpp::transport::asio::endpoint<transport_config>;
};

struct DeflateConfig : Config {
  using type = DeflateConfig;
  using base = Config;
  struct permessage_deflate_config {};
  using permessage_deflate_type =
      websocketpp::extensions::permessage_deflate::enabled<permessage_deflate_config>;
};

using Handle = websocketpp::connection_hdl;

template <class Chosen>
void run(const Options& options) {
  using Endpoint = websocketpp::server<Chosen>;
  using Message = typename Endpoint::message_ptr;
  Endpoint endpoint;
  endpoint.init_asio();
  endpoint.set_reuse_addr(true);
  endpoint.set_tcp_post_init_handler([&endpoint](Handle handle) {
    endpoint.get_con_from_hdl(handle)->get_raw_socket().set_option(boost::asio::ip::tcp::no_delay(true));
  });

  std::set<typename Endpoint::connection_ptr> all;
  if (options.role == Options::Role::Echo || options.role == Options::Role::Deflate) {
    endpoint.set_message_handler([&endpoint](Handle handle, const Message& message) {
      endpoint.get_con_from_hdl(handle)->send(message->get_payload(), message->get_opcode());
    });
  } else if (options.role == Options::Role::Broadcast) {
    endpoint.set_open_handler([&](Handle handle) { all.insert(endpoint.get_con_from_hdl(handle)); });
    endpoint.set_close_handler([&](Handle handle) { all.erase(endpoint.get_con_from_hdl(handle)); });
    endpoint.set_message_handler([&all](Handle, const Message& message) {
      for (const auto& connection : all) connection->send(message->get_payload(), message->get_opcode());
    });
  } else {
    throw std::runtime_error("a role that is not here");
  }

  endpoint.listen(boost::asio::ip::tcp::v4(), options.port);
  endpoint.start_accept();
  websocketpp::lib::asio::error_code error;
  announce(endpoint.get_local_endpoint(error).port());
  endpoint.run();
}

}  // namespace

int main(int argc, char** argv) try {
  const Options options = readOptions(argc, argv);
  options.role == Options::Role::Deflate ? run<DeflateConfig>(options) : run<Config>(options);
} catch (const std::exception& error) {
  std::fprintf(stderr, "websocketpp_server: %s\n", error.what());
  return 1;
}
