#include "transport/stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "base/contains.h"
#include "support/loops.h"

using namespace duplex;
using test::SimLoop;
using test::turnUntil;

namespace {

struct Reader final : net::SocketHandler {
  bool connected = false;
  std::string received;
  void onConnected() override { connected = true; }
  void onData(MutableBytes bytes) override { received += asText(bytes); }
  void onEnd() override {}
  void onFailed(std::error_code) override {}
};

struct Acceptor final : net::AcceptHandler {
  explicit Acceptor(net::Loop& on) : loop(on) {}
  void onAccepted(net::Accepted accepted) override {
    stream = transport::Stream(loop.adopt(accepted, reader));
  }

  net::Loop& loop;
  Reader reader;
  transport::Stream stream;
};

}  // namespace

TEST_CASE("what the kernel does not take is queued by reference, if it is most of its memory") {
  for (std::uint64_t seed = 1; seed <= test::seeds(20); ++seed) {
    SimLoop sim({.seed = seed, .maxChunk = 100'000, .capacity = 30'000});
    Acceptor server(sim.loop);
    const net::Listening listening = sim.loop.listen(Address::parse("127.0.0.1", 0), server);
    Reader client;
    transport::Stream stream(sim.loop.connect(listening.address, client));
    REQUIRE(turnUntil(sim.loop, [&] { return client.connected && server.stream; }));

    const auto memory = Ref<SharedBytes>::adopt(new SharedBytes(100'000));
    std::string text(100'000, ' ');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
    std::copy_n(asBytes(text).begin(), text.size(), memory->writable().begin());
    const auto hold = [&] { return memory; };
    const auto lastPiece = [&] {
      iovec pieces[8];
      const std::size_t count = stream.socketBelow().pending().gather(pieces);
      REQUIRE(count > 0);
      return Bytes(static_cast<const std::byte*>(pieces[count - 1].iov_base), pieces[count - 1].iov_len);
    };
    REQUIRE(stream.write(asBytes("head"), memory->bytes(), hold));
    REQUIRE(stream.queued() >= 70'000);
    CHECK(stream.queuedPayload() == 100'000);
    CHECK(contains(memory->bytes(), lastPiece()));
    REQUIRE(stream.write(asBytes("head"), memory->bytes().first(20'000), hold));
    CHECK_FALSE(contains(memory->bytes(), lastPiece()));
    REQUIRE(stream.write(asBytes("head"), memory->bytes().last(20'000), [] { return Ref<SharedBytes>(); }));
    const std::string all = "head" + text + "head" + text.substr(0, 20'000) + "head" + text.substr(80'000);
    REQUIRE(turnUntil(sim.loop, [&] { return server.reader.received.size() == all.size(); }));
    CHECK((server.reader.received == all));
    CHECK(stream.queued() == 0);
    sim.loop.stopListening(listening);
  }
}
