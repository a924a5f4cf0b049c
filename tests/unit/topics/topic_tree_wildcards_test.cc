// The topic tree where wildcards are on.
#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "topics/naive_match.h"
#include "topics/topic_tree.h"

using duplex::test::anyPattern;
using duplex::test::anyTopic;
using duplex::test::matches;
using duplex::topics::Subscriber;
using duplex::topics::TopicTree;

namespace {

std::size_t allocations = 0;

struct Client : Subscriber {
  explicit Client(int number = 0) : id(number) {}
  int id;
  int received = 0;
};

std::size_t deliver(TopicTree& tree, std::string_view topic) {
  return tree.publish(topic, [](Subscriber& one) { ++static_cast<Client&>(one).received; });
}

}  // namespace

// Counts what this program allocates. (Inlined, they would look to g++ like a mismatch.)
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* made = std::malloc(size)) return made;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* made) noexcept {
  std::free(made);
}
[[gnu::noinline]] void operator delete(void* made, std::size_t) noexcept {
  std::free(made);
}

TEST_CASE("without the option every topic is an exact string") {
  TopicTree tree;
  Client a;
  CHECK_FALSE(tree.wildcards());
  for (const char* topic : {"a.*", ">", "a..b", ""}) CHECK(tree.subscribe(a, topic));
  CHECK(deliver(tree, "a.b") == 0);
  for (const char* topic : {"a.*", ">", "a..b", ""}) CHECK(deliver(tree, topic) == 1);
}

TEST_CASE("a pattern's subscribers get what matches, beside those of the topic itself") {
  TopicTree tree(true);
  Client exact, star, rest;
  tree.subscribe(exact, "a.b");
  tree.subscribe(star, "*.b");
  tree.subscribe(rest, "a.>");
  CHECK(deliver(tree, "a.b") == 3);
  CHECK(deliver(tree, "c.b") == 1);
  CHECK(deliver(tree, "a.c.d") == 1);
  CHECK(deliver(tree, "a") == 0);
  CHECK(exact.received == 1);
  CHECK(star.received == 2);
  CHECK(rest.received == 2);
}

TEST_CASE("who subscribes to several that match gets a message once") {
  TopicTree tree(true);
  Client many, few;
  for (const char* pattern : {"a.b", "a.*", "*.b", "*.*", "a.>", ">"}) CHECK(tree.subscribe(many, pattern));
  CHECK_FALSE(tree.subscribe(many, "a.*"));
  tree.subscribe(few, ">");
  CHECK(deliver(tree, "a.b") == 2);
  CHECK(many.received == 1);
  CHECK(few.received == 1);
  CHECK(tree.unsubscribe(many, "a.*"));
  CHECK_FALSE(tree.unsubscribe(many, "a.*"));
  CHECK(deliver(tree, "a.b") == 2);
}

TEST_CASE("a subscription is known by its own name") {
  TopicTree tree(true);
  Client a;
  tree.subscribe(a, "a.*");
  CHECK(tree.isSubscribed(a, "a.*"));
  CHECK_FALSE(tree.isSubscribed(a, "a.b"));
  CHECK_FALSE(tree.unsubscribe(a, "a.b"));
  CHECK(tree.count("a.*") == 1);
  CHECK(tree.count("a.b") == 0);
  CHECK(tree.size() == 1);
  tree.remove(a);
  CHECK(tree.size() == 0);
  CHECK(deliver(tree, "a.b") == 0);
}

TEST_CASE("who leaves one topic in its own turn is not served again for another") {
  TopicTree tree(true);
  Client a, b;
  for (Client* client : {&a, &b}) {
    tree.subscribe(*client, "a.b");
    tree.subscribe(*client, "a.*");
    tree.subscribe(*client, ">");
  }
  int calls = 0;
  tree.publish("a.b", [&](Subscriber& one) {
    ++calls;
    tree.unsubscribe(one, "a.b");
    // Back, but too late for this message.
    tree.unsubscribe(one, "a.*");
    tree.subscribe(one, "a.*");
  });
  CHECK(calls == 2);
  CHECK(deliver(tree, "a.b") == 2);
}

TEST_CASE("who leaves the topic that comes first, before its turn, is served for the other") {
  TopicTree tree(true);
  Client clients[2];
  for (Client& client : clients) {
    tree.subscribe(client, "a.b");
    tree.subscribe(client, ">");
  }
  std::set<Subscriber*> called;
  tree.publish("a.b", [&](Subscriber& one) {
    CHECK(called.insert(&one).second);
    tree.unsubscribe(&one == &clients[0] ? clients[1] : clients[0], "a.b");
  });
  CHECK(called.size() == 2);
}

TEST_CASE("a publication inside a publication leaves the outer one whole") {
  TopicTree tree(true);
  Client a, b, c;
  for (Client* client : {&a, &b, &c}) {
    tree.subscribe(*client, "a.*");
    tree.subscribe(*client, "*.b");
  }
  std::multiset<Subscriber*> called;
  tree.publish("a.b", [&](Subscriber& one) {
    called.insert(&one);
    if (called.size() == 1) CHECK(deliver(tree, "a.b") == 3);
    if (called.size() == 2) CHECK(deliver(tree, "x.b") == 3);
  });
  CHECK(called == std::multiset<Subscriber*>{&a, &b, &c});
}

TEST_CASE("patterns that lose everybody during a publish go afterwards") {
  TopicTree tree(true);
  auto a = std::make_unique<Client>();
  auto b = std::make_unique<Client>();
  for (const char* pattern : {"a.b", "a.*", ">"}) {
    tree.subscribe(*a, pattern);
    tree.subscribe(*b, pattern);
  }
  CHECK(tree.publish("a.b", [&](Subscriber&) {
    a.reset();
    b.reset();
  }) == 1);
  CHECK(tree.size() == 0);
  Client c;
  tree.subscribe(c, "a.*");
  CHECK(deliver(tree, "a.b") == 1);
}

TEST_CASE("publishing to patterns allocates nothing once it has room") {
  TopicTree tree(true);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<Client>());
    for (const char* pattern : {"quotes.*.eur", "quotes.>", "*.euronext.*", "quotes.euronext.eur"}) {
      tree.subscribe(*clients.back(), pattern);
    }
  }
  const std::size_t calls = deliver(tree, "quotes.euronext.eur");
  const std::size_t before = allocations;
  for (int i = 0; i < 10; ++i) deliver(tree, "quotes.euronext.eur");
  CHECK(allocations == before);
  CHECK(calls == 100);
}

// The model: who subscribes to which pattern, and since when. Calls, and publications inside them,
// come in any order.
struct Model {
  std::mt19937 random{23};
  TopicTree tree{true};
  std::vector<std::unique_ptr<Client>> clients{30};
  std::map<std::pair<int, std::string>, int> since;
  int clock = 0;

  std::size_t below(std::size_t limit) { return random() % limit; }

  void forget(const Client& client) {
    std::erase_if(since, [&](const auto& one) { return one.first.first == client.id; });
  }
  std::set<int> wanting(const std::string& topic, int until) const {
    std::set<int> ids;
    for (const auto& [subscription, time] : since) {
      if (time <= until && matches(subscription.second, topic)) ids.insert(subscription.first);
    }
    return ids;
  }

  void step() {
    auto& client = clients[below(clients.size())];
    if (!client) client = std::make_unique<Client>(++clock);
    const std::string pattern = anyPattern(random);
    const std::pair key(client->id, pattern);
    switch (below(10)) {
      case 0:
        forget(*client);
        client.reset();
        break;
      case 1:
        forget(*client);
        tree.remove(*client);
        break;
      case 2:
      case 3:
      case 4:
        REQUIRE(tree.unsubscribe(*client, pattern) == (since.erase(key) == 1));
        break;
      default:
        REQUIRE(tree.subscribe(*client, pattern) == since.emplace(key, ++clock).second);
    }
  }

  void publish(int depth) {
    const std::string topic = anyTopic(random);
    const int begin = clock;
    const std::set<int> wanted = wanting(topic, begin);
    std::set<int> called;
    const std::size_t calls = tree.publish(topic, [&](Subscriber& one) {
      const int id = static_cast<Client&>(one).id;
      REQUIRE(called.insert(id).second);
      REQUIRE(wanted.count(id) == 1);
      // At its turn it still has a subscription from before the publication.
      REQUIRE(wanting(topic, begin).count(id) == 1);
      for (auto steps = below(4); steps > 0; --steps) step();
      if (depth < 3 && below(8) == 0) publish(depth + 1);
    });
    REQUIRE(calls == called.size());
    for (const int id : wanting(topic, begin)) REQUIRE(called.count(id) == 1);
  }
};

TEST_CASE("any sequence of calls agrees with the naive matcher") {
  Model model;
  for (int round = 0; round < 3000; ++round) {
    model.step();
    model.publish(0);
    if (round % 100 != 0) continue;
    std::map<std::string, std::size_t> counts;
    for (const auto& [subscription, time] : model.since) ++counts[subscription.second];
    REQUIRE(model.tree.size() == counts.size());
    for (const auto& [pattern, count] : counts) REQUIRE(model.tree.count(pattern) == count);
  }
}
