// Finding the subscribers of a topic.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <string>
#include <vector>

#include "topics/topic_tree.h"

using duplex::topics::Subscriber;
using duplex::topics::TopicTree;

namespace {

struct Client : Subscriber {
  std::size_t received = 0;
};

void publish(benchmark::State& state) {
  std::vector<Client> clients(static_cast<std::size_t>(state.range(0)));
  TopicTree tree;
  for (Client& client : clients) tree.subscribe(client, "news");
  for (auto _ : state) {
    tree.publish("news", [](Subscriber& subscriber) { ++static_cast<Client&>(subscriber).received; });
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(publish)->Name("TopicTree::publish")->ArgName("subscribers")->Arg(1)->Arg(100)->Arg(10'000);

/// A subscriber each, as in a chat of pairs.
void publishAmong(benchmark::State& state) {
  const auto topics = static_cast<std::size_t>(state.range(0));
  std::vector<Client> clients(topics);
  std::vector<std::string> names;
  TopicTree tree;
  for (std::size_t i = 0; i < topics; ++i) {
    names.push_back("room/" + std::to_string(i));
    tree.subscribe(clients[i], names.back());
  }
  std::size_t next = 0;
  for (auto _ : state) {
    tree.publish(names[next], [](Subscriber& subscriber) { ++static_cast<Client&>(subscriber).received; });
    if (++next == topics) next = 0;
  }
}
BENCHMARK(publishAmong)
    ->Name("TopicTree::publish, one subscriber")
    ->ArgName("topics")
    ->Arg(100)
    ->Arg(100'000);

void subscribe(benchmark::State& state) {
  std::vector<Client> others(100);
  TopicTree tree;
  for (Client& other : others) tree.subscribe(other, "news");
  Client client;
  for (auto _ : state) {
    tree.subscribe(client, "news");
    tree.unsubscribe(client, "news");
  }
}
BENCHMARK(subscribe)->Name("TopicTree, subscribe and leave");

}  // namespace
