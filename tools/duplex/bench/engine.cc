#include "bench/engine.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace duplex::bench {
namespace {

using namespace std::chrono_literals;

// More at once would fill a server's backlog, and then wait for a SYN to be sent again.
constexpr std::size_t mostPending = 128;
constexpr Milliseconds tickTime{100};
constexpr Milliseconds rampTick{5};
constexpr Milliseconds handshakeTime{10'000};
constexpr Milliseconds closeTime{1000};

ClientOptions clientOptions(const Options& options) {
  ClientOptions client;
  client.protocols = options.protocols;
  client.origin = options.origin;
  // What is measured comes in the size in which it was sent.
  client.compression.mode = Compression::Off;
  client.tls = {.ca = options.authority, .resume = options.resume, .verify = !options.insecure};
  for (const std::string& header : options.headers) client.headers.push_back(splitHeader(header));
  return client;
}

}  // namespace

Engine::Engine(net::Loop& loop, const Options& options, unsigned thread, Board& board)
    : loop_(loop),
      options_(options),
      board_(board),
      pool_(options.size, options.text),
      shared_{loop_, pool_, tally_, *this} {
  const ClientOptions client = clientOptions(options);
  for (const std::string& url : options.urls) targets_.emplace_back(url, client);
  for (std::size_t i = thread; i < options.connections; i += options.threads) {
    connections_.emplace_back(shared_, targets_[i % targets_.size()], i);
  }
}

Engine::~Engine() = default;

// --- opening

void Engine::resolve(Done done) {
  done_ = std::move(done);
  pending_ = targets_.size();
  for (Target& target : targets_) {
    target.resolve(loop_, [this, &target] {
      if (target.addresses().empty())
        tally_.fault(Fault::Connect, 1, target.url() + ": the name is not known");
      if (--pending_ == 0) std::exchange(done_, {})();
    });
  }
}

void Engine::openAll(Done done) {
  done_ = std::move(done);
  phase_ = Phase::Opening;
  phaseSince_ = Clock::now();
  loop_.schedule(ticking_, options_.ramp > 0 ? rampTick : tickTime);
  openMore();
}

/// How many may have been begun by now.
std::size_t Engine::mayOpen() const noexcept {
  if (options_.ramp <= 0) return connections_.size();
  const double passed = std::chrono::duration<double>(Clock::now() - phaseSince_).count();
  const double share = std::min(1.0, passed / options_.ramp);
  return static_cast<std::size_t>(std::ceil(share * static_cast<double>(connections_.size())));
}

void Engine::openMore() {
  for (const std::size_t most = mayOpen(); begun_ < most && pending_ < mostPending; ++begun_) {
    if (connections_[begun_].hasAddress()) connections_[begun_].open();
  }
  if (begun_ == connections_.size() && pending_ == 0 && done_) std::exchange(done_, {})();
}

void Engine::stopOpening() {
  begun_ = connections_.size();
  for (Connection& connection : connections_) {
    if (!connection.isOpen()) connection.cut();
  }
  openMore();
}

void Engine::settle() {
  --pending_;
  if (phase_ == Phase::Opening) openMore();
}

void Engine::onOpening(Connection&) {
  ++pending_;
  ++alive_;
}

void Engine::onOpen(Connection& connection) {
  ++opened_;
  ++open_;
  settle();
  if (workload_) workload_->onOpen(connection);
}

void Engine::onGone(Connection& connection) {
  --alive_;
  if (connection.wasOpen()) {
    --open_;
  } else {
    settle();
  }
  if (phase_ == Phase::Closing) {
    if (alive_ == 0 && done_) std::exchange(done_, {})();
    return;
  }
  if (workload_) workload_->onGone(connection);
  if (phase_ == Phase::Running) lookWhetherAllAreGone();
}

void Engine::lookWhetherAllAreGone() {
  const bool comeAndGo = options_.workload == WorkloadKind::Connect;
  if (open_ == 0 && !comeAndGo && !std::exchange(allGone_, true)) onAllGone();
}

// --- running

void Engine::prepare() {
  workload_ = makeWorkload({loop_, options_, pool_, connections_, tally_, board_});
}

void Engine::start() {
  phase_ = Phase::Running;
  loop_.schedule(ticking_, tickTime);
  beginMeasuring();
  workload_->start(Clock::now());
  lookWhetherAllAreGone();
}

void Engine::beginMeasuring() {
  tally_.restart();
  if (options_.workload == WorkloadKind::Connect) tally_.opening.clear();
  meter_.start();
}

void Engine::endMeasuring() {
  measured_ = {tally_, meter_.stop(), opened_, open_};
  phase_ = Phase::Draining;
  phaseSince_ = Clock::now();
  if (workload_) workload_->stop();
}

void Engine::drain(Done done) {
  done_ = std::move(done);
  tick();
}

void Engine::closeAll(Done done) {
  done_ = std::move(done);
  phase_ = Phase::Closing;
  phaseSince_ = Clock::now();
  for (Connection& connection : connections_) connection.close();
  loop_.schedule(ticking_, tickTime);
  if (alive_ == 0) std::exchange(done_, {})();
}

void Engine::tick() {
  const TimePoint now = Clock::now();
  loop_.schedule(ticking_, phase_ == Phase::Opening && options_.ramp > 0 ? rampTick : tickTime);
  switch (phase_) {
    case Phase::Begun:
      break;
    case Phase::Opening:
      for (Connection& connection : connections_) connection.checkTime(now - handshakeTime);
      openMore();
      break;
    case Phase::Running:
      workload_->onTick(now - handshakeTime);
      break;
    case Phase::Draining:
      if (!done_) break;
      if (workload_ && workload_->outstanding() != 0 &&
          now - phaseSince_ < std::chrono::duration<double>(options_.drain))
        break;
      if (workload_) workload_->giveUp(now);
      // What came late was meant for the time that was measured.
      if (options_.rate > 0) measured_.tally.latency = tally_.latency;
      measured_.tally.errors = tally_.errors;
      measured_.tally.details = tally_.details;
      std::exchange(done_, {})();
      break;
    case Phase::Closing:
      if (now - phaseSince_ < closeTime) break;
      for (Connection& connection : connections_) connection.cut();
      break;
  }
}

void Engine::onMessages(Connection& connection, std::size_t count, TimePoint now) {
  if (workload_) workload_->onMessages(connection, count, now);
}

void Engine::onDrained(Connection& connection) {
  if (workload_) workload_->onDrained(connection);
}

void Engine::onComplete() {
  if (workload_) workload_->onComplete();
}

}  // namespace duplex::bench
