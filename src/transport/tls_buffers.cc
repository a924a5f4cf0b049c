#include "transport/tls_buffers.h"

#include <utility>

namespace duplex::transport {
namespace {

constexpr std::size_t arrivedSize = 256 * 1024 + 2 * maxTlsRecord;
constexpr std::size_t keptQueues = 16;
constexpr std::size_t keptQueueSize = 64 * 1024;

}  // namespace

MutableBytes TlsBuffers::arrived() {
  if (arrived_ == nullptr) arrived_.reset(new std::byte[arrivedSize]);
  return {arrived_.get(), arrivedSize};
}

MutableBytes TlsBuffers::record() {
  if (record_ == nullptr) record_.reset(new std::byte[maxTlsRecord]);
  return {record_.get(), maxTlsRecord};
}

std::unique_ptr<OutputQueue> TlsBuffers::takeQueue() {
  if (queues_.empty()) return std::make_unique<OutputQueue>();
  std::unique_ptr<OutputQueue> queue = std::move(queues_.back());
  queues_.pop_back();
  return queue;
}

void TlsBuffers::giveBack(std::unique_ptr<OutputQueue> queue) {
  if (queues_.size() >= keptQueues) return;
  queue->shrink(keptQueueSize);
  queues_.push_back(std::move(queue));
}

}  // namespace duplex::transport
