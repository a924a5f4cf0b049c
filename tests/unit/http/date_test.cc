#include "http/date.h"

#include <doctest/doctest.h>

using namespace duplex::http;

TEST_CASE("dates are written and read") {
  CHECK(formatDate(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(parseDate("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
  CHECK(parseDate(formatDate(1'700'000'000)) == 1'700'000'000);
  CHECK(parseDate(currentDate()).has_value());
  for (const char* bad :
       {"", "yesterday", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Abc 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT "}) {
    CHECK_FALSE(parseDate(bad).has_value());
  }
}
