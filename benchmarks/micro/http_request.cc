// A request's head, as a program and as a browser sends it.

#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include <duplex/http_limits.h>

#include "http/request_parser.h"

using namespace duplex;
using http::RequestParser;

namespace {

constexpr std::string_view plain = "GET / HTTP/1.1\r\nHost: localhost:5000\r\n\r\n";
constexpr std::string_view browser =
    "GET /news/today?page=2 HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: none\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\n"
    "Cookie: session=0123456789abcdef; theme=dark\r\n\r\n";

/// One parser for many requests, as a connection has it.
void parse(benchmark::State& state, std::string_view text) {
  const HttpLimits limits;
  RequestParser parser(limits);
  for (auto _ : state) {
    http::RequestHead head;
    std::string body;
    parser.start(head, body);
    Bytes left = asBytes(text);
    auto event = RequestParser::Event::NeedMore;
    while (event != RequestParser::Event::Complete) {
      std::size_t consumed = 0;
      event = parser.feed(left, consumed);
      left = left.subspan(consumed);
      if (event == RequestParser::Event::Failed) return state.SkipWithError("refused");
    }
    benchmark::DoNotOptimize(head);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void parsePlain(benchmark::State& state) {
  parse(state, plain);
}
BENCHMARK(parsePlain)->Name("RequestParser, two lines");

void parseBrowser(benchmark::State& state) {
  parse(state, browser);
}
BENCHMARK(parseBrowser)->Name("RequestParser, a browser's");

}  // namespace
