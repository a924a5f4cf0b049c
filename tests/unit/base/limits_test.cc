#include "base/limits.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "base/counters.h"

using namespace duplex;

TEST_CASE("each limit has a name, an error and a counter of its own") {
  std::set<std::string> names;
  std::set<int> errors;
  for (const Limit& limit : limits()) {
    names.emplace(limit.name);
    errors.insert(static_cast<int>(limit.error));
    CHECK(limits()[static_cast<std::size_t>(limitOf(limit.error))].name == limit.name);
    // The peer is told by a status or a code, or cut off.
    CHECK((closeCode(limit.error) != 1006 || httpStatus(limit.error) != 500 ||
           limit.error == Errc::CloseTimeout));
  }
  CHECK(names.size() == limitCount);
  CHECK(errors.size() == limitCount);
  CHECK(limitOf(Errc::HandlerFailed) == -1);
  CHECK(limitOf(std::make_error_code(std::errc::too_many_files_open)) == -1);
}

TEST_CASE("each member of Metrics has a name of its own") {
  Metrics metrics;
  std::set<std::string> names;
  std::uint64_t next = 1;
  for (const MetricField& field : metricFields()) {
    CHECK(metrics.*field.value == 0);
    metrics.*field.value = next++;
    names.emplace(field.name);
  }
  CHECK(names.size() == metricFields().size());
}

TEST_CASE("the counters of several loops are summed") {
  Counters one;
  Counters other;
  one.upgrades.add();
  other.upgrades.add(4);
  one.ended.add(2);
  one.bytesSent.add(1'000'000'000'000);
  other.exceeded[static_cast<std::size_t>(limitOf(Errc::MessageTooBig))].add(3);
  Metrics sum;
  one.addTo(sum);
  other.addTo(sum);
  CHECK(sum.upgrades == 5);
  CHECK(sum.sockets == 3);
  CHECK(sum.bytesSent == 1'000'000'000'000);
  CHECK(sum.maxMessageSize == 3);
  CHECK(sum.maxFragments == 0);
}
