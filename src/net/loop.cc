#include "net/loop.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <stdexcept>
#include <utility>

#include "base/large_blocks.h"

namespace duplex::net {
namespace {

// What one output queue keeps between uses, and all of them.
constexpr std::size_t keptOutputSize = 64 * 1024;
constexpr Milliseconds trimInterval{1000};
constexpr std::size_t keptOutputs = 2 * 1024 * 1024;
// Sockets that may be closed in a turn without memory for noting them.
constexpr std::size_t graves = 1024;

// The loop that `current` made; it ends with its thread. What goes last of it may ask for the thread's loop,
// and so make another; and so may static objects even later. That one stays.
constinit thread_local Loop* ownedLoop = nullptr;
struct OwnedLoopEnd {
  OwnedLoopEnd() noexcept = default;
  OwnedLoopEnd(const OwnedLoopEnd&) = delete;
  OwnedLoopEnd& operator=(const OwnedLoopEnd&) = delete;
  ~OwnedLoopEnd() {
    while (ownedLoop != nullptr) delete std::exchange(ownedLoop, nullptr);
  }
};

}  // namespace

class Loop::UserTimer final : public Timer {
 public:
  UserTimer(Loop& loop, std::uint64_t id, Function<void()> callback, Milliseconds period, bool repeat)
      : loop_(loop), id_(id), period_(period), callback_(std::move(callback)), repeat_(repeat) {}

 private:
  void onTimer() override {
    const auto self = loop_.userTimers_.at(id_);
    if (repeat_) {
      loop_.schedule(*this, period_);
    } else {
      loop_.clearTimer(TimerId{id_});
    }
    callback_();
  }

  Loop& loop_;
  std::uint64_t id_;
  Milliseconds period_;
  Function<void()> callback_;
  bool repeat_;
};

class Loop::MailWatcher final : public WatchHandler {
 public:
  explicit MailWatcher(Loop& loop) : loop_(loop) {
    loop_.backend_->watch(loop_.mailbox_.descriptor(), true, false, *this);
  }
  ~MailWatcher() { loop_.backend_->watch(loop_.mailbox_.descriptor(), false, false, *this); }

 private:
  void onReady(bool, bool) override {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto size = ::read(loop_.mailbox_.descriptor(), &count, sizeof count);
  }

  Loop& loop_;
};

Loop::Loop(std::string_view backend) : Loop([backend](Loop& loop) { return makeBackend(backend, loop); }) {}

Loop::Loop(const BackendMaker& make)
    : lease_(*this),
      mailbox_(lease_.mailbox),
      now_(Clock::now()),
      backend_(make(*this)),
      mailWatcher_(std::make_unique<MailWatcher>(*this)),
      timers_(backend_->now()) {
  if (threadLoop != nullptr) throw std::logic_error("this thread has a loop already");
  now_ = backend_->now();
  graveyard_.reserve(graves);
  threadLoop = this;
  keepBlocks(true);
}

Loop::~Loop() {
  while (!locals_.empty()) locals_.pop_back();
  // Emptied before what was in them goes, for that may clear its timers.
  std::exchange(deferred_, {}).clear();
  std::exchange(userTimers_, {}).clear();
  mailWatcher_.reset();
  backend_.reset();
  // There is no flush to come that they would have to wait for.
  for (Socket* socket = dirty_; socket != nullptr; socket = socket->nextDirty_) socket->state().dirty = false;
  emptyGraveyard();
  threadLoop = nullptr;
  keepBlocks(false);
}

Loop& Loop::current(std::string_view backend) {
  if (threadLoop == nullptr) {
    static thread_local const OwnedLoopEnd end;
    ownedLoop = new Loop(backend);
  }
  return *threadLoop;
}

void Loop::run() {
  refuseNested();
  struct HandOver {
    Backend& backend;
    ~HandOver() { backend.handOver(); }
  } handOver{*backend_};
  while (!stopping_ && (holds_ + sockets_ + closing_ != 0 || hasWork())) turn();
  stopping_ = false;
}

void Loop::refuseNested() const {
  if (turning_) throw std::logic_error("the loop is running: run may not be called from a handler");
}

void Loop::turn(std::optional<TimePoint> deadline) {
  refuseNested();
  struct Turning {
    bool& flag;
    ~Turning() { flag = false; }
  } turning{turning_ = true};
  if (hasWork()) {
    deadline = now_;
  } else if (const auto next = timers_.next(); next && (!deadline || *next < *deadline)) {
    deadline = next;
  }
  backend_->wait(deadline);
  now_ = backend_->now();
  backend_->dispatch();
  collectMail();
  timers_.advance(now_);
  runDeferred();
  flush();
  emptyGraveyard();
  if (keptBlocks() != 0 && !trim_.pending()) schedule(trim_, trimInterval);
}

// Turn sets it again as long as something is kept.
void Loop::trim() {
  trimBlocks();
}

bool Loop::hasWork() const noexcept {
  return !deferred_.empty() || !mail_.empty() || dirty_ != nullptr || mailbox_.full();
}

namespace {

/// Runs `tasks` in order, without those they add. If one throws, those behind it stay in `tasks`, in
/// front of what was added.
void runAll(std::vector<Function<void()>>& tasks) {
  std::vector<Function<void()>> running;
  running.swap(tasks);
  struct PutBack {
    std::vector<Function<void()>>& tasks;
    std::vector<Function<void()>>& running;
    std::size_t done = 0;
    ~PutBack() {
      tasks.insert(tasks.begin(),
                   std::make_move_iterator(running.begin() + static_cast<std::ptrdiff_t>(done)),
                   std::make_move_iterator(running.end()));
    }
  } rest{tasks, running};
  while (rest.done < running.size()) {
    const Function<void()> task = std::move(running[rest.done++]);
    task();
  }
}

}  // namespace

void Loop::collectMail() {
  if (mailbox_.full()) {
    for (Mailbox::Task& task : mailbox_.collect()) mail_.push_back(std::move(task));
  }
  if (!mail_.empty()) runAll(mail_);
}

void Loop::runDeferred() {
  if (!deferred_.empty()) runAll(deferred_);
}

// --- sockets

Listening Loop::listen(const Address& address, AcceptHandler& handler) {
  const Listening listening = backend_->listen(address, handler);
  hold();
  return listening;
}

void Loop::stopListening(const Listening& listening) noexcept {
  backend_->stopListening(listening.descriptor);
  unhold();
}

Socket& Loop::adopt(const Accepted& accepted, SocketHandler& handler) {
  Socket* socket = nullptr;
  try {
    socket = socketMemory_.make(*this, handler);
    socket->state().descriptor = accepted.descriptor;
    socket->state().remote = accepted.remote;
    backend_->start(*socket);
  } catch (...) {
    if (socket != nullptr) socketMemory_.destroy(socket);
    backend_->discard(accepted);
    throw;
  }
  ++sockets_;
  return *socket;
}

Socket& Loop::connect(const Address& address, SocketHandler& handler) {
  auto* socket = socketMemory_.make(*this, handler);
  socket->state().remote = address;
  socket->state().connecting = true;
  try {
    backend_->connect(*socket);
  } catch (...) {
    if (socket->state().descriptor >= 0) ::close(socket->state().descriptor);
    socketMemory_.destroy(socket);
    throw;
  }
  ++sockets_;
  return *socket;
}

void Loop::connected(Socket& socket) {
  if (socket.queued() != 0 || socket.state().shuttingDown) markDirty(socket);
  socket.handler().onConnected();
}

void Loop::received(Socket& socket, MutableBytes bytes) {
  // What was answered before a handler threw is sent at the end of the turn.
  struct Answering {
    Loop& loop;
    Socket& socket;
    Answering(Loop& on, Socket& of) noexcept : loop(on), socket(of) { loop.answering_ = &socket; }
    ~Answering() {
      loop.answering_ = nullptr;
      if (std::exchange(loop.answered_, false) && !socket.state().closed) loop.markDirty(socket);
    }
  } answering(*this, socket);
  socket.handler().onData(bytes);
  const Socket::State& state = socket.state();
  if (state.dirty || state.closed || state.blocked || !std::exchange(answered_, false)) return;
  backend_->flush(socket);
}

void Loop::fail(Socket& socket, std::error_code error) {
  socket.shut(false);
  socket.handler().onFailed(error);
  giveBackOutput(socket);
}

void Loop::emptyGraveyard() noexcept {
  // A socket that was closed while it waits to be flushed stays until it has been passed over.
  std::erase_if(graveyard_, [this](Socket* socket) {
    if (socket->state().dirty) return false;
    socketMemory_.destroy(socket);
    return true;
  });
}

// --- output

void Loop::markDirty(Socket& socket) noexcept {
  if (socket.state_.dirty) return;
  socket.state_.dirty = true;
  socket.nextDirty_ = nullptr;
  if (dirty_ == nullptr) {
    dirty_ = &socket;
  } else {
    lastDirty_->nextDirty_ = &socket;
  }
  lastDirty_ = &socket;
}

void Loop::flush() {
  // What is written from in here on is for the next turn; so is the rest, if a handler throws.
  struct Rest {
    Loop& loop;
    Socket* socket;
    Socket* take() noexcept {
      Socket* taken = socket;
      socket = std::exchange(taken->nextDirty_, nullptr);
      taken->state_.dirty = false;
      return taken;
    }
    ~Rest() {
      while (socket != nullptr) loop.markDirty(*take());
    }
  } rest{*this, std::exchange(dirty_, nullptr)};
  while (rest.socket != nullptr) {
    Socket& current = *rest.take();
    if (current.state_.closed || current.state_.connecting || current.state_.blocked) continue;
    if (current.state_.layered) {
      current.handler().onFlush();
      if (current.state_.closed) continue;
    }
    backend_->flush(current);
  }
}

void Loop::sent(Socket& socket) {
  if (socket.queued() != 0) return;
  giveBackOutput(socket);
  const bool tell = socket.state_.blocked || socket.state_.notifyDrained;
  socket.state_.blocked = socket.state_.notifyDrained = false;
  if (tell) socket.handler().onDrained();
}

OutputQueue* Loop::takeOutput() {
  if (freeOutputs_.empty()) return new OutputQueue;
  OutputQueue* output = freeOutputs_.back().release();
  freeOutputs_.pop_back();
  freeOutputSize_ -= output->memory();
  return output;
}

void Loop::giveBackOutput(Socket& socket) noexcept {
  if (socket.output_ == nullptr) return;
  if (socket.state_.single) {
    socket.takeSingle();
    return;
  }
  std::unique_ptr<OutputQueue> output(std::exchange(socket.output_, nullptr));
  if (freeOutputSize_ >= keptOutputs) return;
  output->clear();
  output->shrink(keptOutputSize);
  const std::size_t memory = output->memory();
  try {
    freeOutputs_.push_back(std::move(output));
    freeOutputSize_ += memory;
  } catch (const std::bad_alloc&) {
    // Then it is not kept.
  }
}

// --- timers

TimerId Loop::setTimer(Function<void()> callback, Milliseconds delay, bool repeat) {
  // No two threads have a timer of the same number.
  static std::atomic<std::uint64_t> lastId{0};
  const std::uint64_t id = ++lastId;
  delay = std::max(delay, Milliseconds(repeat ? 1 : 0));
  auto timer = std::make_shared<UserTimer>(*this, id, std::move(callback), delay, repeat);
  // From the time it is, not from that at the start of a turn that may have been long.
  timers_.schedule(*timer, timeAfter(backend_->now(), delay));
  userTimers_.emplace(id, std::move(timer));
  hold();
  return TimerId{id};
}

void Loop::clearTimer(TimerId timer) noexcept {
  if (userTimers_.erase(static_cast<std::uint64_t>(timer)) != 0) unhold();
}

}  // namespace duplex::net
