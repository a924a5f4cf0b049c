#include "bench/crew.h"

#include <exception>
#include <future>
#include <utility>

namespace duplex::bench {

/// Another thread. It has begun when the constructor returns, and ended when the destructor does.
struct Crew::Member {
  Member(const Options& options, unsigned number, Board& board) {
    std::promise<void> begun;
    std::future<void> ready = begun.get_future();
    thread = std::thread([&, number] {
      try {
        net::Loop own(options.backend);
        Engine work(own, options, number, board);
        loop = &own;
        engine = &work;
        own.hold();
        begun.set_value();
        own.run();
      } catch (...) {
        // Once it has begun nothing is left that is expected to throw.
        if (engine != nullptr) std::terminate();
        begun.set_exception(std::current_exception());
      }
    });
    try {
      ready.get();
    } catch (...) {
      thread.join();
      throw;
    }
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() {
    loop->mailbox().post([stopped = loop] { stopped->stop(); });
    thread.join();
  }

  net::Loop* loop = nullptr;
  Engine* engine = nullptr;
  std::thread thread;
};

Crew::Crew(const Options& options, Board& board)
    : loop_(net::Loop::current(options.backend)),
      engine_(std::make_unique<Engine>(loop_, options, 0, board)) {
  engines_.push_back(engine_.get());
  for (unsigned i = 1; i < options.threads; ++i) {
    members_.push_back(std::make_unique<Member>(options, i, board));
    engines_.push_back(members_.back()->engine);
  }
}

Crew::~Crew() = default;

namespace {

/// One `each`; what counts is counted on the calling thread.
struct Round {
  Crew::Task task;
  Crew::Done then;
  std::size_t missing;
};

}  // namespace

void Crew::each(Task task, Done then) {
  const auto round = std::make_shared<Round>(Round{std::move(task), std::move(then), engines_.size()});
  const auto report = [round] {
    if (--round->missing == 0) round->then();
  };
  for (const auto& member : members_) {
    member->loop->mailbox().post([this, round, report, engine = member->engine] {
      round->task(*engine, [this, report] { loop_.mailbox().post(report); });
    });
  }
  round->task(*engine_, [this, report] { loop_.defer(report); });
}

void Crew::each(std::function<void(Engine&)> task, Done then) {
  each(
      [task = std::move(task)](Engine& engine, Done done) {
        task(engine);
        done();
      },
      std::move(then));
}

}  // namespace duplex::bench
