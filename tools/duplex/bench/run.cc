#include "bench/run.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include <duplex/loop.h>

#include "bench/crew.h"
#include "bench/descriptors.h"
#include "bench/live_line.h"
#include "bench/process_meter.h"

namespace duplex::bench {
namespace {

using namespace std::chrono_literals;

// Open loop: broadcast messages that may be under way; more wait to be sent.
constexpr std::size_t mostUnderWay = 65'536;
// Servers may have something to do for a connection after its 101, such as to subscribe it.
constexpr double settling = 0.1;

Milliseconds milliseconds(double seconds) {
  return Milliseconds(static_cast<Milliseconds::rep>(seconds * 1000));
}

/// One run, from opening to closing. Each step has the next one done when all threads have finished.
class Run {
 public:
  explicit Run(const Options& options)
      : board_(options.rate > 0 ? mostUnderWay : options.inFlight),
        crew_(options, board_),
        loop_(crew_.loop()) {
    result_.options = options;
    result_.backend = loop_.backendName();
    if (options.pid != 0) server_.emplace(options.pid);
    board_.onComplete = [this] { tellPublisher(); };
    for (Engine* engine : crew_.engines()) {
      engine->onAllGone = [this] { loop_.mailbox().post([this] { countGone(); }); };
    }
  }

  Result carryOut() {
    duplex::onSignal(SIGINT, [this] { interrupt(); });
    loop_.hold();
    if (::isatty(STDERR_FILENO) != 0) live_ = std::make_unique<LiveLine>(crew_);
    crew_.each([](Engine& engine, Engine::Done done) { engine.resolve(std::move(done)); },
               [this] { open(); });
    loop_.run();
    duplex::onSignal(SIGINT, nullptr);
    return std::move(result_);
  }

 private:
  void open() {
    if (result_.interrupted) return end();
    if (result_.options.workload == WorkloadKind::Connect) return prepare();
    opening_ = true;
    crew_.each([](Engine& engine, Engine::Done done) { engine.openAll(std::move(done)); },
               [this] { count(); });
  }

  void count() {
    opening_ = false;
    crew_.each([this](Engine& engine) { open_ += engine.open(); },
               [this] { open_ == 0 ? end() : after(settling, &Run::prepare); });
  }

  void prepare() {
    crew_.each([](Engine& engine) { engine.prepare(); }, [this] { start(); });
  }

  void start() {
    startMeters();
    const double warmUp = result_.options.warmUp;
    crew_.each([](Engine& engine) { engine.start(); },
               [this, warmUp] {
                 warmUp > 0 ? after(warmUp, &Run::measure) : after(result_.options.duration, &Run::end);
               });
  }

  void startMeters() {
    cpu_.start();
    meterServer([this] { server_->start(); });
  }

  /// A server that has died takes its own figures with it, and no others.
  template <class Reading>
  void meterServer(Reading&& reading) {
    if (!server_) return;
    try {
      reading();
    } catch (const std::runtime_error&) {
      server_.reset();
    }
  }

  void measure() {
    startMeters();
    crew_.each([](Engine& engine) { engine.beginMeasuring(); },
               [this] { after(result_.options.duration, &Run::end); });
  }

  void end() {
    if (std::exchange(ending_, true)) return;
    live_.reset();
    result_.cpu = cpu_.stop();
    meterServer([this] { result_.server = server_->stop(); });
    crew_.each([](Engine& engine) { engine.endMeasuring(); }, [this] { drain(); });
  }

  void drain() {
    crew_.each([](Engine& engine, Engine::Done done) { engine.drain(std::move(done)); }, [this] { close(); });
  }

  void close() {
    for (const Engine* engine : crew_.engines()) {
      const Measured& measured = engine->measured();
      result_.tally.add(measured.tally);
      result_.seconds = std::max(result_.seconds, measured.cpu.wall);
      if (measured.cpu.wanted() >= result_.busiest.wanted()) result_.busiest = measured.cpu;
      result_.opened += measured.opened;
      result_.openAtEnd += measured.open;
    }
    crew_.each([](Engine& engine, Engine::Done done) { engine.closeAll(std::move(done)); },
               [this] { leave(); });
  }

  void leave() {
    loop_.unhold();
    loop_.stop();
  }

  /// Has the next step done later, unless the end comes before.
  void after(double seconds, void (Run::*step)()) {
    if (result_.interrupted || gone_ == crew_.engines().size()) return end();
    waiting_ = true;
    timer_ = loop_.setTimer(
        [this, step] {
          waiting_ = false;
          (this->*step)();
        },
        milliseconds(seconds), false);
  }

  /// The first SIGINT ends the run, as soon as its step is done; the second one the program.
  void interrupt() {
    duplex::onSignal(SIGINT, nullptr);
    result_.interrupted = true;
    if (opening_) {
      crew_.each([](Engine& engine) { engine.stopOpening(); }, [] {});
    } else {
      endNow();
    }
  }

  void endNow() {
    if (!std::exchange(waiting_, false)) return;
    loop_.clearTimer(timer_);
    end();
  }

  void countGone() {
    if (++gone_ == crew_.engines().size()) endNow();
  }

  /// The publisher of a broadcast is on this thread.
  void tellPublisher() {
    if (net::Loop::currentOrNull() == &loop_) return crew_.first().onComplete();
    loop_.mailbox().post([this] { crew_.first().onComplete(); });
  }

  Result result_;
  Board board_;
  Crew crew_;
  net::Loop& loop_;
  std::unique_ptr<LiveLine> live_;
  std::optional<ProcessMeter> server_;
  TimerId timer_{};
  CpuMeter cpu_{CpuMeter::Of::Process};
  std::atomic<std::size_t> open_{0};
  std::size_t gone_ = 0;  // threads that have lost all connections
  bool opening_ = false;
  bool waiting_ = false;
  bool ending_ = false;
};

// What a process has open besides its connections, and a loop.
constexpr std::size_t otherFiles = 32;
constexpr std::size_t filesOfLoop = 16;

}  // namespace

Result run(const Options& options) {
  allowDescriptors(options.connections + otherFiles + filesOfLoop * options.threads);
  return Run(options).carryOut();
}

}  // namespace duplex::bench
