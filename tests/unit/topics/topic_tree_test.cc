#include "topics/topic_tree.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>

using duplex::topics::Subscriber;
using duplex::topics::TopicTree;

namespace {

struct Client : Subscriber {
  int received = 0;
};

std::size_t deliver(TopicTree& tree, std::string_view topic) {
  return tree.publish(topic, [](Subscriber& one) { ++static_cast<Client&>(one).received; });
}

}  // namespace

static_assert(sizeof(Subscriber) == sizeof(void*));

TEST_CASE("a message reaches the subscribers of its topic, once each") {
  TopicTree tree;
  Client a, b, c;
  CHECK(tree.subscribe(a, "news"));
  CHECK(tree.subscribe(b, "news"));
  CHECK(tree.subscribe(b, "sport"));
  CHECK(deliver(tree, "news") == 2);
  CHECK(a.received == 1);
  CHECK(b.received == 1);
  CHECK(c.received == 0);
  CHECK(deliver(tree, "sport") == 1);
  CHECK(deliver(tree, "weather") == 0);
  CHECK(deliver(tree, "new") == 0);
  CHECK(deliver(tree, "") == 0);
  CHECK(b.received == 2);
}

TEST_CASE("subscribing twice counts once") {
  TopicTree tree;
  Client a;
  CHECK(tree.subscribe(a, "news"));
  CHECK_FALSE(tree.subscribe(a, "news"));
  CHECK(deliver(tree, "news") == 1);
  CHECK(a.topics() == 1);
  CHECK(tree.unsubscribe(a, "news"));
  CHECK_FALSE(tree.unsubscribe(a, "news"));
  CHECK(deliver(tree, "news") == 0);
}

TEST_CASE("who leaves is let go, and so are topics that nobody wants") {
  TopicTree tree;
  Client a, b;
  CHECK_FALSE(tree.unsubscribe(a, "news"));
  tree.subscribe(a, "news");
  CHECK_FALSE(tree.unsubscribe(b, "news"));
  tree.subscribe(b, "news");
  tree.subscribe(a, "");
  CHECK(tree.size() == 2);
  CHECK(tree.count("news") == 2);
  CHECK(tree.isSubscribed(a, "news"));
  CHECK_FALSE(tree.isSubscribed(b, ""));
  CHECK_FALSE(tree.isSubscribed(b, "sport"));
  tree.remove(a);
  CHECK(a.topics() == 0);
  CHECK(tree.size() == 1);
  CHECK(tree.count("news") == 1);
  CHECK(tree.count("") == 0);
  tree.remove(a);
  tree.unsubscribe(b, "news");
  CHECK(tree.size() == 0);
}

TEST_CASE("a subscriber that dies leaves its topics") {
  TopicTree tree;
  Client a;
  tree.subscribe(a, "news");
  {
    Client b;
    tree.subscribe(b, "news");
    tree.subscribe(b, "sport");
  }
  CHECK(tree.size() == 1);
  CHECK(deliver(tree, "news") == 1);
}

TEST_CASE("a tree that dies lets go of its subscribers") {
  Client a;
  {
    TopicTree tree;
    tree.subscribe(a, "news");
  }
  CHECK(a.topics() == 0);
}

TEST_CASE("who subscribes during a publish does not get that message") {
  TopicTree tree;
  Client first;
  std::vector<std::unique_ptr<Client>> added;
  tree.subscribe(first, "news");
  const std::size_t calls = tree.publish("news", [&](Subscriber&) {
    for (int i = 0; i < 100; ++i) {
      added.push_back(std::make_unique<Client>());
      tree.subscribe(*added.back(), "news");
    }
  });
  CHECK(calls == 1);
  CHECK(tree.count("news") == 101);
  CHECK(deliver(tree, "news") == 101);
}

TEST_CASE("who leaves during a publish does not get that message any more") {
  TopicTree tree;
  Client clients[10];
  for (Client& client : clients) tree.subscribe(client, "news");
  std::set<Subscriber*> called;
  tree.publish("news", [&](Subscriber& one) {
    called.insert(&one);
    if (called.size() > 1) return;
    // The first that is called stays; of the others every second one leaves, one way or the other.
    for (int i = 0; i < 10; i += 2) {
      if (&clients[i] == &one) continue;
      if (i % 4 == 0) {
        tree.unsubscribe(clients[i], "news");
      } else {
        tree.remove(clients[i]);
      }
    }
  });
  for (int i = 0; i < 10; ++i) CHECK(called.count(&clients[i]) == tree.isSubscribed(clients[i], "news"));
  CHECK(tree.count("news") == called.size());
  CHECK(deliver(tree, "news") == called.size());
}

TEST_CASE("who leaves and comes back during a publish gets the next message") {
  TopicTree tree;
  Client a, b;
  tree.subscribe(a, "news");
  tree.subscribe(b, "news");
  int calls = 0;
  tree.publish("news", [&](Subscriber& one) {
    ++calls;
    Client& other = &one == &a ? b : a;
    tree.unsubscribe(other, "news");
    tree.subscribe(other, "news");
  });
  CHECK(calls == 1);
  CHECK(deliver(tree, "news") == 2);
}

TEST_CASE("a topic that loses everybody during a publish goes afterwards") {
  TopicTree tree;
  auto a = std::make_unique<Client>();
  auto b = std::make_unique<Client>();
  tree.subscribe(*a, "news");
  tree.subscribe(*b, "news");
  CHECK(tree.publish("news", [&](Subscriber&) {
    a.reset();
    b.reset();
  }) == 1);
  CHECK(tree.size() == 0);
}

TEST_CASE("a publish inside a publish, of the same topic and another") {
  TopicTree tree;
  Client a, b, c;
  for (Client* client : {&a, &b, &c}) tree.subscribe(*client, "news");
  tree.subscribe(c, "sport");
  int depth = 0;
  const std::size_t calls = tree.publish("news", [&](Subscriber& one) {
    if (depth++ > 0) return;
    CHECK(deliver(tree, "news") == 3);
    CHECK(deliver(tree, "sport") == 1);
    tree.publish("news", [&](Subscriber& inner) {
      if (&inner != &one) tree.remove(inner);
    });
  });
  CHECK(calls == 1);
  CHECK(tree.count("news") == 1);
  CHECK(tree.size() == 1);
}

TEST_CASE("a callback that throws leaves the tree in order") {
  TopicTree tree;
  Client a, b;
  tree.subscribe(a, "news");
  tree.subscribe(b, "news");
  CHECK_THROWS_AS(tree.publish("news",
                               [&](Subscriber& one) {
                                 tree.remove(one);
                                 throw std::runtime_error("a handler failed");
                               }),
                  std::runtime_error);
  CHECK(tree.count("news") == 1);
  CHECK(deliver(tree, "news") == 1);
}

TEST_CASE("any sequence of calls agrees with sets of names") {
  std::mt19937 random(11);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  TopicTree tree;
  std::vector<std::unique_ptr<Client>> clients(40);
  std::map<std::string, std::set<Subscriber*>> model;
  const auto forget = [&](Subscriber* one) {
    for (auto& [topic, members] : model) members.erase(one);
  };
  const auto anyTopic = [&] { return "topic " + std::to_string(below(12)); };
  const auto step = [&] {
    auto& client = clients[below(clients.size())];
    const std::string topic = anyTopic();
    if (!client) client = std::make_unique<Client>();
    switch (below(8)) {
      case 0:
        forget(client.get());
        client.reset();
        break;
      case 1:
        forget(client.get());
        tree.remove(*client);
        break;
      case 2:
      case 3:
        REQUIRE(tree.unsubscribe(*client, topic) == (model[topic].erase(client.get()) == 1));
        break;
      default:
        REQUIRE(tree.subscribe(*client, topic) == model[topic].insert(client.get()).second);
    }
  };
  for (int round = 0; round < 5000; ++round) {
    step();
    const std::string topic = anyTopic();
    const std::set<Subscriber*> before = model[topic];
    std::set<Subscriber*> called;
    std::set<Subscriber*> left;
    tree.publish(topic, [&](Subscriber& one) {
      REQUIRE(before.count(&one) == 1);
      REQUIRE(called.insert(&one).second);
      REQUIRE(model[topic].count(&one) == 1);
      if (below(4) == 0) step();
      for (Subscriber* member : before) {
        if (model[topic].count(member) == 0) left.insert(member);
      }
    });
    for (Subscriber* one : before) REQUIRE((called.count(one) == 1 || left.count(one) == 1));
    std::size_t wanted = 0;
    for (const auto& [name, members] : model) {
      REQUIRE(tree.count(name) == members.size());
      wanted += !members.empty();
    }
    REQUIRE(tree.size() == wanted);
  }
}
