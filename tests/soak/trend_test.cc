#include "trend.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

using duplex::soak::Sample;
using duplex::soak::Trend;

namespace {

constexpr Sample rest{.heap = 10'000'000, .resident = 200'000'000, .descriptors = 19};

/// `count` samples, each with `each` more than the one before.
std::string grows(int count, const Sample& each, int oddOne = -1) {
  Trend trend;
  for (int i = 0; i < count; ++i) {
    const auto times = static_cast<std::size_t>(i);
    Sample sample{rest.heap + times * each.heap, rest.resident + times * each.resident,
                  rest.descriptors + times * each.descriptors};
    if (i == oddOne) sample = {2 * sample.heap, 2 * sample.resident, 2 * sample.descriptors};
    trend.add(sample);
  }
  CHECK(trend.tells() == (count >= 6));
  return trend.whatGrows();
}

}  // namespace

TEST_CASE("what stays as it is does not grow, even if one sample is off") {
  for (int count = 0; count < 30; ++count) {
    CHECK(grows(count, {}).empty());
    if (count >= 9) CHECK(grows(count, {}, count - 1).empty());
  }
}

TEST_CASE("what grows steadily is named") {
  for (const int count : {6, 7, 9, 20, 300}) {
    CAPTURE(count);
    CHECK(grows(count, {.heap = 400'000}).starts_with("heap from "));
    CHECK(grows(count, {.resident = 20'000'000}).starts_with("resident memory from "));
    CHECK(grows(count, {.descriptors = 1}).starts_with("descriptors from "));
  }
  CHECK(grows(9, {.heap = 1'000'000, .descriptors = 3}) ==
        "heap from 10000000 to 16000000; descriptors from 19 to 37");
  // Two thirds of 30 samples: so much a sample is too much.
  CHECK(grows(30, {.heap = 512 * 1024 / 20}).empty());
  CHECK_FALSE(grows(30, {.heap = 512 * 1024 / 20 + 1}).empty());
}

TEST_CASE("a sample is of this process") {
  const Sample before = Sample::now();
  CHECK(before.resident > 100'000);
  const auto block = std::make_unique<char[]>(5'000'000);
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  block[0] = 'x';
  const Sample after = Sample::now();
  CHECK(after.descriptors == before.descriptors + 2);
  CHECK(after.sockets == before.sockets + 1);
#ifndef __SANITIZE_THREAD__
  CHECK(after.heap >= before.heap + 5'000'000);
#endif
  ::close(file);
  ::close(socket);
  CHECK(Sample::now().descriptors == before.descriptors);
}
