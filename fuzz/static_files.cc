#include "http/static_files.h"

#include <memory>
#include <string>

#include "http/http_server.h"
#include "input.h"
#include "site.h"
#include "support/loops.h"
#include "targets.h"

namespace duplex::fuzz {
namespace {

bool isStatus(int status) {
  return status == 200 || status == 206 || status == 301 || status == 304 ||
         (status >= 400 && status < 500) || status == 501 || status == 505;
}

}  // namespace

/// Whatever path, query and headers are asked with: what is hidden, beside the folder or behind a link is
/// never sent.
void staticFiles(Bytes bytes) {
  Input input(bytes);
  const std::uint8_t choices = input.byte();
  test::SimLoop sim({.seed = 1 + std::uint64_t{input.byte()}, .maxChunk = (choices & 1) != 0 ? 7u : 4096u});
  test::HttpServer server(sim.loop);
  const auto files = std::make_shared<http::StaticFiles>(
      Site::get().folder(), (choices & 2) != 0 ? StaticOptions{.index = ""} : StaticOptions{});
  const char* prefix = (choices & 4) != 0 ? "/files" : "/";
  server.on("", prefix, [files](Request& req, Response&, Next& next) {
    if (!files->serve(*req.exchange())) next();
  });

  const auto client = server.connect();
  std::string text = (choices & 8) != 0 ? "HEAD " : "GET ";
  text.append((choices & 4) != 0 ? "/files/" : "/").append(input.text()).append(" HTTP/1.1\r\nHost: a\r\n");
  text.append(asText(input.rest())).append("\r\n\r\n");
  client->send(text);
  client->shutdown();
  require(client->closes(), "the connection ends");
  require(client->received.find(Site::secret) == std::string::npos, "what is hidden is not sent");
  if (client->received.empty()) return;
  require(client->received.starts_with("HTTP/1.1 "), "an answer is HTTP");
  require(isStatus(std::stoi(client->received.substr(9, 3))), "an answer says what became of it");
}

}  // namespace duplex::fuzz
