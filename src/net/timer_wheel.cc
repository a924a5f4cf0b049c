#include "net/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace duplex::net {
namespace {

using Link = detail::TimerLink;

void makeEmpty(Link& list) noexcept {
  list.next = list.previous = &list;
}

bool isEmpty(const Link& list) noexcept {
  return list.next == &list;
}

// Not inlined: g++ 12 takes the mark of `runDue`, which unlinks itself, for one that stays in the list.
[[gnu::noinline]] void append(Link& list, Link& link) noexcept {
  link.next = &list;
  link.previous = list.previous;
  list.previous->next = &link;
  list.previous = &link;
}

void unlink(Link& link) noexcept {
  link.next->previous = link.previous;
  link.previous->next = link.next;
  link.next = link.previous = nullptr;
}

void moveAll(Link& from, Link& to) noexcept {
  if (isEmpty(from)) return;
  from.next->previous = to.previous;
  to.previous->next = from.next;
  from.previous->next = &to;
  to.previous = from.previous;
  makeEmpty(from);
}

void cancelAll(Link& list) noexcept {
  while (!isEmpty(list)) unlink(*list.next);
}

}  // namespace

void Timer::cancel() noexcept {
  if (pending()) unlink(*this);
}

TimerWheel::TimerWheel(TimePoint start) noexcept : start_(start) {
  makeEmpty(due_);
  for (Ring& ring : rings_) {
    for (Link& slot : ring.slot) makeEmpty(slot);
  }
}

TimerWheel::~TimerWheel() {
  cancelAll(due_);
  for (Ring& ring : rings_) {
    for (Link& slot : ring.slot) cancelAll(slot);
  }
}

void TimerWheel::schedule(Timer& timer, TimePoint when) noexcept {
  timer.cancel();
  // Rounded up, so that no timer is early.
  const auto after = std::chrono::ceil<Milliseconds>(when - start_).count();
  timer.tick_ = after <= 0 ? 0 : static_cast<std::uint64_t>(after);
  insert(timer);
}

void TimerWheel::insert(Timer& timer) noexcept {
  if (timer.tick_ <= tick_) {
    append(due_, timer);
    return;
  }
  // The ring is that of the highest digit in which the timer's tick differs from the wheel's.
  const std::uint64_t tick = std::min(timer.tick_, tick_ + span - 1);
  std::size_t ring = 0;
  while (ring + 1 < rings && (tick >> (slotBits * (ring + 1))) != (tick_ >> (slotBits * (ring + 1)))) ++ring;
  const std::size_t slot = (tick >> (slotBits * ring)) & (slots - 1);
  append(rings_[ring].slot[slot], timer);
  rings_[ring].occupied[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void TimerWheel::cascade(std::size_t ring) noexcept {
  const std::size_t slot = (tick_ >> (slotBits * ring)) & (slots - 1);
  if (slot == 0 && ring + 1 < rings) cascade(ring + 1);
  Ring& from = rings_[ring];
  from.occupied[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  Link moving;
  makeEmpty(moving);
  moveAll(from.slot[slot], moving);
  while (!isEmpty(moving)) {
    auto& timer = static_cast<Timer&>(*moving.next);
    unlink(timer);
    insert(timer);
  }
}

std::optional<std::uint64_t> TimerWheel::nextTick() const noexcept {
  for (std::size_t ring = 0; ring < rings; ++ring) {
    const unsigned shift = slotBits * static_cast<unsigned>(ring);
    const std::uint64_t position = tick_ >> shift;
    // Slots ahead of the wheel come this turn of the ring. The topmost ring also holds what comes
    // in its next turn, behind the wheel.
    const std::uint64_t ahead = ring + 1 < rings ? slots - (position & (slots - 1)) : slots + 1;
    for (std::uint64_t step = 1; step < ahead; ++step) {
      const std::size_t slot = (position + step) & (slots - 1);
      const std::uint64_t word = rings_[ring].occupied[slot / 64] >> (slot % 64);
      if (word == 0) {
        step += 63 - (slot % 64);
        continue;
      }
      step += static_cast<std::uint64_t>(std::countr_zero(word));
      if (step >= ahead) break;
      return (position + step) << shift;
    }
  }
  return std::nullopt;
}

std::optional<TimePoint> TimerWheel::next() const noexcept {
  const auto tick = isEmpty(due_) ? nextTick() : tick_;
  if (!tick) return std::nullopt;
  return start_ + Milliseconds(*tick);
}

void TimerWheel::advance(TimePoint now) {
  const auto elapsed = std::chrono::floor<Milliseconds>(now - start_).count();
  const std::uint64_t target = elapsed <= 0 ? 0 : static_cast<std::uint64_t>(elapsed);
  while (tick_ < target) {
    const auto next = nextTick();
    if (!next || *next > target) {
      tick_ = target;
      break;
    }
    tick_ = *next;
    const std::size_t slot = tick_ & (slots - 1);
    if (slot == 0) cascade(1);
    rings_[0].occupied[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    moveAll(rings_[0].slot[slot], due_);
  }
  runDue();
}

void TimerWheel::runDue() {
  // A mark at the end of the list: what is set while these run comes behind it.
  struct Mark : Link {
    ~Mark() { unlink(*this); }
  } mark;
  append(due_, mark);
  while (due_.next != &mark) {
    auto& timer = static_cast<Timer&>(*due_.next);
    unlink(timer);
    if (timer.tick_ > tick_) {
      insert(timer);  // farther off than the wheel reaches
    } else {
      timer.onTimer();
    }
  }
}

}  // namespace duplex::net
