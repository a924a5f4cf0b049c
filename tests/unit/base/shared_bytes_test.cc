#include "base/shared_bytes.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using duplex::Ref;
using duplex::SharedBytes;

namespace {

Ref<SharedBytes> bytesOfSize(std::size_t size) {
  return Ref<SharedBytes>::adopt(new SharedBytes(size));
}

}  // namespace

TEST_CASE("a form is made once, and lives as long as what it is a form of") {
  int made = 0;
  Ref<SharedBytes> kept;
  {
    const Ref<SharedBytes> bytes = bytesOfSize(100);
    for (int i = 0; i < 3; ++i) {
      for (const std::uint32_t name : {15U, 9U, 8U}) {
        const Ref<SharedBytes> form = bytes->form(name, [&] {
          ++made;
          return bytesOfSize(name);
        });
        CHECK(form->size() == name);
        if (name == 9) kept = form;
      }
    }
    CHECK(made == 3);
    CHECK_FALSE(kept->unique());
  }
  CHECK(kept->unique());
  CHECK(kept->size() == 9);
}

TEST_CASE("threads that ask for a form at once get the same") {
  for (int round = 0; round < 200; ++round) {
    const Ref<SharedBytes> bytes = bytesOfSize(1);
    std::atomic<int> ready{0};
    SharedBytes* forms[2][3]{};
    const auto ask = [&](std::size_t thread) {
      ++ready;
      while (ready.load() < 2) {
      }
      for (std::uint32_t name = 1; name <= 3; ++name)
        forms[thread][name - 1] = bytes->form(name, [&] { return bytesOfSize(name); }).get();
    };
    std::thread other(ask, 0);
    ask(1);
    other.join();
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(forms[0][i] == forms[1][i]);
      CHECK(forms[0][i]->size() == i + 1);
    }
  }
}
