#include "base/output_queue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <vector>

using duplex::asBytes;
using duplex::OutputQueue;
using duplex::Ref;
using duplex::SharedBytes;

namespace {

Ref<SharedBytes> share(std::string_view text) {
  auto shared = Ref<SharedBytes>::adopt(new SharedBytes(text.size()));
  std::copy_n(asBytes(text).begin(), text.size(), shared->writable().begin());
  return shared;
}

std::string peek(const OutputQueue& queue, std::size_t pieces = 1024) {
  std::vector<iovec> vectors(pieces);
  const std::size_t filled = queue.gather(vectors);
  std::string text;
  for (std::size_t i = 0; i < filled; ++i) {
    CHECK(vectors[i].iov_len > 0);
    text.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
  }
  return text;
}

}  // namespace

TEST_CASE("bytes come out in the order they went in") {
  OutputQueue queue;
  CHECK(queue.empty());
  CHECK(peek(queue).empty());
  queue.append("one ");
  queue.append(share(std::string(300, 's')));
  queue.append("two");
  CHECK(queue.size() == 307);
  CHECK(peek(queue) == "one " + std::string(300, 's') + "two");
  queue.consume(2);
  CHECK(peek(queue) == "e " + std::string(300, 's') + "two");
  queue.consume(303);
  CHECK(peek(queue) == "wo");
  queue.consume(2);
  CHECK(queue.empty());
  CHECK(peek(queue).empty());
}

TEST_CASE("short output lies in one piece") {
  OutputQueue queue;
  for (int i = 0; i < 16; ++i) {
    queue.append("a short message");
    queue.append(share("a short shared one"));
    if (queue.size() > 300) break;
  }
  iovec pieces[8];
  CHECK(queue.gather(pieces) == 1);
}

TEST_CASE("gather fills no more than it is given") {
  OutputQueue queue;
  for (int i = 0; i < 5; ++i) queue.append(share(std::string(1000, static_cast<char>('a' + i))));
  CHECK(peek(queue, 2) == std::string(1000, 'a') + std::string(1000, 'b'));
  CHECK(peek(queue, 0).empty());
}

TEST_CASE("shared bytes are sent from where they are, and let go once consumed") {
  const Ref<SharedBytes> bytes = share(std::string(1000, 'x'));
  OutputQueue queue;
  queue.append(bytes);
  iovec piece[1];
  REQUIRE(queue.gather(piece) == 1);
  CHECK(piece[0].iov_base == bytes->bytes().data());
  // What is not let go here, the leak checker finds.
  queue.consume(1000);
  queue.append(bytes);
  queue.clear();
  CHECK(queue.empty());
  queue.append(bytes);
}

TEST_CASE("a part of shared bytes is sent from where it is") {
  const Ref<SharedBytes> bytes = share(std::string(500, 'x') + std::string(500, 'y') + std::string(500, 'z'));
  OutputQueue queue;
  queue.append("before");
  queue.append(bytes, bytes->bytes().subspan(500, 500));
  queue.endFrame(490);
  queue.append(bytes, bytes->bytes().subspan(1000, 20));
  CHECK(peek(queue) == "before" + std::string(500, 'y') + std::string(20, 'z'));
  iovec pieces[3];
  REQUIRE(queue.gather(pieces) == 3);
  CHECK(pieces[1].iov_base == bytes->bytes().data() + 500);
  queue.consume(6 + 499);
  CHECK(queue.payload() == 490);
  queue.consume(1);
  CHECK(queue.payload() == 0);
  CHECK(peek(queue) == std::string(20, 'z'));
}

TEST_CASE("payload of a frame counts until all of the frame is consumed") {
  OutputQueue queue;
  queue.append("HTTP/1.1 101\r\n");  // in no frame
  queue.append("hhpayload");
  queue.endFrame(7);
  queue.append("hhABC");
  queue.endFrame(3);
  queue.append("hh");  // a control frame, unannounced
  CHECK(queue.payload() == 10);
  queue.consume(14);
  CHECK(queue.payload() == 10);
  queue.consume(8);
  CHECK(queue.payload() == 10);
  queue.consume(1);
  CHECK(queue.payload() == 3);
  queue.consume(4);
  CHECK(queue.payload() == 3);
  queue.consume(1);
  CHECK(queue.payload() == 0);
  CHECK(queue.size() == 2);
}

TEST_CASE("payload of shared frames, and of frames made of both kinds") {
  OutputQueue queue;
  queue.append(share(std::string(500, 'x')));
  queue.endFrame(496);
  queue.append("hhhh");
  queue.append(share(std::string(1000, 'y')));
  queue.endFrame(1000);
  CHECK(queue.payload() == 1496);
  queue.consume(499);
  CHECK(queue.payload() == 1496);
  queue.consume(5);
  CHECK(queue.payload() == 1000);
  queue.consume(1000);
  CHECK(queue.payload() == 0);
  CHECK(queue.empty());
}

TEST_CASE("clear forgets the payload too") {
  OutputQueue queue;
  queue.append("hhpayload");
  queue.endFrame(7);
  queue.clear();
  CHECK(queue.payload() == 0);
  queue.append("hhxy");
  queue.endFrame(2);
  CHECK(queue.payload() == 2);
}

TEST_CASE("warm, a queue writes to the same memory again") {
  OutputQueue queue;
  queue.append("x");
  iovec first[1];
  REQUIRE(queue.gather(first) == 1);
  for (int i = 0; i < 100; ++i) {
    queue.consume(queue.size());
    queue.append("hhhhhhhhhhhhhhhhhhhhhh");
    queue.endFrame(20);
    iovec again[1];
    REQUIRE(queue.gather(again) == 1);
    CHECK(again[0].iov_base == first[0].iov_base);
  }
  queue.shrink(0);  // not empty: nothing happens
  CHECK(peek(queue) == "hhhhhhhhhhhhhhhhhhhhhh");
}

TEST_CASE("a queue that is filled alike turn by turn comes to fit into one piece") {
  for (std::size_t frame : {3U, 22U, 150U}) {
    OutputQueue queue;
    iovec pieces[64];
    for (int turn = 0; turn < 10; ++turn) {
      queue.clear();
      for (int i = 0; i < 40; ++i) {
        queue.append(std::string(frame, 'x'));
        queue.endFrame(frame - 2);
      }
    }
    CHECK(queue.gather(pieces) == 1);
  }
}

TEST_CASE("a queue that never runs empty stays small") {
  OutputQueue queue;
  queue.append(std::string(100, 'x'));
  for (int i = 0; i < 10'000; ++i) {
    queue.append(std::string(100, 'x'));
    queue.endFrame(98);
    queue.consume(100);
    iovec pieces[4];
    REQUIRE(queue.gather(pieces) <= 2);
  }
  CHECK(queue.size() == 100);
}

TEST_CASE("a shrunk queue works again") {
  OutputQueue queue;
  queue.shrink(0);
  for (std::size_t size : {1U, 1000U, 100'000U}) {
    queue.append(std::string(size, 'z'));
    CHECK(peek(queue) == std::string(size, 'z'));
    queue.consume(size);
    queue.shrink(0);
  }
}

// Against a model: a string, and the frames with where they end in the stream.
TEST_CASE("any sequence of calls agrees with the model") {
  std::mt19937 random(20250601);
  const auto upTo = [&](std::size_t limit) { return random() % (limit + 1); };
  for (int round = 0; round < 50; ++round) {
    OutputQueue queue;
    std::string model;
    std::size_t consumed = 0;
    std::deque<std::pair<std::size_t, std::size_t>> frames;
    for (int step = 0; step < 400; ++step) {
      const std::size_t size = upTo(upTo(3) == 0 ? 5000 : 60);
      const std::string text(size, static_cast<char>('a' + upTo(25)));
      switch (upTo(9)) {
        case 0:
        case 1:
        case 2:
          queue.append(text);
          model += text;
          break;
        case 3:
          std::copy_n(asBytes(text).begin(), size, queue.extend(size));
          model += text;
          break;
        case 4: {
          const std::size_t begin = upTo(size);
          const Ref<SharedBytes> shared = share(text + "more");
          queue.append(shared, shared->bytes().subspan(begin, size - begin));
          model += text.substr(begin);
          break;
        }
        case 5:
        case 6:
          if (size == 0 || model.empty()) break;
          queue.append(text);
          model += text;
          queue.endFrame(size);
          frames.emplace_back(consumed + model.size(), size);
          break;
        case 7:
          queue.consume(queue.size());
          consumed += model.size();
          model.clear();
          break;
        case 8: {
          const std::size_t part = upTo(model.size());
          queue.consume(part);
          consumed += part;
          model.erase(0, part);
          break;
        }
        default:
          queue.shrink(upTo(2000));
      }
      while (!frames.empty() && frames.front().first <= consumed) frames.pop_front();
      std::size_t payload = 0;
      for (const auto& frame : frames) payload += frame.second;
      REQUIRE(queue.size() == model.size());
      REQUIRE(queue.payload() == payload);
      REQUIRE(peek(queue) == model);
    }
  }
}
