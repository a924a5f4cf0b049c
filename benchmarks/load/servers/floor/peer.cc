#include "floor/peer.h"

#include <malloc.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <string_view>
#include <utility>

#include "floor/frames.h"
#include "floor/handshake.h"

namespace floorServer {
namespace {

constexpr std::size_t minCapacity = 64 * 1024;
constexpr std::size_t maxHead = 16 * 1024;
/// With the date (RFC 9110 §6.6.1), which is written anew each second and never changes its length.
std::string_view hello() {
  static std::time_t made = -1;
  static std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != made) {
    char date[32];
    std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&now));
    text = std::string("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: ") + date +
           "\r\nContent-Length: 13\r\n\r\nHello, World!";
    made = now;
  }
  return text;
}

std::unique_ptr<std::byte[]> copyOf(std::span<const std::byte> bytes, std::size_t capacity) {
  auto copy = std::make_unique_for_overwrite<std::byte[]>(capacity);
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  return copy;
}

Answer answerWith(std::string_view text) {
  Answer answer;
  answer.owner = copyOf(std::as_bytes(std::span(text)), text.size());
  answer.bytes = {answer.owner.get(), text.size()};
  return answer;
}

}  // namespace

void keepMemory() noexcept {
  ::mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024);  // the most it takes
  ::mallopt(M_TRIM_THRESHOLD, 1024 * 1024 * 1024);
}

void Buffer::append(std::span<const std::byte> more) {
  if (more.size() > space().size()) {
    capacity = 2 * (size + more.size());
    bytes = copyOf({bytes.get(), size}, capacity);
  }
  std::memcpy(space().data(), more.data(), more.size());
  size += more.size();
}

Answer Peer::receive(std::span<std::byte> input, std::vector<std::byte>* everyone,
                     std::span<std::byte> output) {
  return upgraded_ ? receiveFrames(input, everyone, output) : receiveRequests(input);
}

Answer Peer::receiveFrames(std::span<std::byte> input, std::vector<std::byte>* everyone,
                           std::span<std::byte> output) {
  using Found = FrameRewriter::Found;
  FrameRewriter frames(input, output.size() < input.size() ? nullptr : output.data());
  Answer answer;
  for (Found found = frames.next(); found != Found::Partial; found = frames.next()) {
    if (found == Found::Message && everyone != nullptr) {
      everyone->insert(everyone->end(), frames.frame().begin(), frames.frame().end());
    } else if (found == Found::Pong) {
      continue;
    } else if (found != Found::Violation) {
      frames.keep();
    }
    if (found == Found::Violation || found == Found::Close) {
      answer.ends = true;
      break;
    }
  }
  answer.bytes = frames.answer();
  keep(answer.ends ? std::span<const std::byte>() : frames.left(), frames.frameSize(), answer);
  return answer;
}

Answer Peer::receiveRequests(std::span<std::byte> input) {
  constexpr std::string_view endOfHead = "\r\n\r\n";
  std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  std::string answers;
  Answer answer;
  std::size_t end;
  while ((end = text.find(endOfHead)) != std::string_view::npos) {
    const std::string_view head = text.substr(0, end + endOfHead.size());
    text.remove_prefix(head.size());
    const std::string_view key = header(head, "Sec-WebSocket-Key");
    if (key.empty()) {
      answers += hello();
      continue;
    }
    answer = answerWith(answers + switchingProtocols(key));
    upgraded_ = true;
    break;
  }
  // A client has no frames to send before it has read the 101, so nothing is lost by looking at what
  // follows the head only when more has come.
  const bool tooMuch = !upgraded_ && text.size() > maxHead;
  if (!upgraded_ && !answers.empty()) {
    answer = answerWith(answers);
  }
  answer.ends = tooMuch;
  keep(std::as_bytes(std::span(text)), 0, answer);
  return answer;
}

// Keeps what is left for the next call, in memory that has room for all that is needed. If the input was
// the connection's own memory, that goes to the answer, which may lie in it.
void Peer::keep(std::span<const std::byte> left, std::size_t needed, Answer& answer) {
  const bool isWhole = partial.bytes != nullptr && left.data() == partial.bytes.get();
  if (isWhole && needed <= partial.capacity && left.size() < partial.capacity) {
    partial.size = left.size();
    return;
  }
  Buffer old = std::move(partial);
  partial = Buffer{};
  if (!left.empty()) {
    const std::size_t capacity = std::max({needed, 2 * left.size(), minCapacity});
    partial = {copyOf(left, capacity), left.size(), capacity};
  }
  if (answer.owner == nullptr) answer.owner = std::move(old.bytes);
}

}  // namespace floorServer
