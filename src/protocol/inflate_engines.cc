#include "protocol/inflate_engines.h"

#include <isa-l/igzip_lib.h>
#include <zlib.h>

#include <algorithm>
#include <new>

namespace duplex::protocol {
namespace {

// Both count in 32 bits.
constexpr std::size_t mostAtOnce = std::size_t{1} << 30;

// Neither changes its input, but they are C.
std::uint8_t* inputOf(Bytes bytes) noexcept {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(bytes.data()));
}
std::uint8_t* outputOf(MutableBytes bytes) noexcept {
  return reinterpret_cast<std::uint8_t*>(bytes.data());
}
std::uint32_t sizeOf(std::size_t size) noexcept {
  return static_cast<std::uint32_t>(std::min(size, mostAtOnce));
}

}  // namespace

// --- zlib

ZlibInflate::ZlibInflate() noexcept = default;

ZlibInflate::~ZlibInflate() {
  release();
}

void* ZlibInflate::allocate(void* self, unsigned count, unsigned size) noexcept {
  try {
    const std::size_t bytes = std::size_t{count} * size;
    void* const memory = ::operator new(bytes);
    static_cast<ZlibInflate*>(self)->memory_ += bytes;
    return memory;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

// Only all of it is freed.
void ZlibInflate::free(void* self, void* memory) noexcept {
  static_cast<ZlibInflate*>(self)->memory_ = 0;
  ::operator delete(memory);
}

void ZlibInflate::release() noexcept {
  if (stream_ == nullptr) return;
  inflateEnd(stream_.get());
  stream_.reset();
}

void ZlibInflate::start(Bytes history) {
  if (stream_ == nullptr) {
    auto made = std::make_unique<z_stream>();
    made->opaque = this;
    made->zalloc = &allocate;
    made->zfree = &free;
    // Of the largest window: a smaller one is a part of it. Negative: without zlib's own header.
    if (inflateInit2(made.get(), -MAX_WBITS) != Z_OK) throw std::bad_alloc();
    stream_ = std::move(made);
  } else {
    inflateReset(stream_.get());
  }
  betweenBlocks_ = ended_ = false;
  if (history.empty()) return;
  if (inflateSetDictionary(stream_.get(), inputOf(history), sizeOf(history.size())) != Z_OK)
    throw std::bad_alloc();
}

void ZlibInflate::history(std::vector<std::byte>& bytes) const {
  unsigned size = 0;
  inflateGetDictionary(stream_.get(), nullptr, &size);
  bytes.resize(size);
  inflateGetDictionary(stream_.get(), reinterpret_cast<Bytef*>(bytes.data()), &size);
}

Inflated ZlibInflate::run(Bytes& input, MutableBytes& room) {
  z_stream& stream = *stream_;
  const std::uint32_t given = sizeOf(input.size());
  const std::uint32_t free = sizeOf(room.size());
  stream.next_in = inputOf(input);
  stream.avail_in = given;
  stream.next_out = outputOf(room);
  stream.avail_out = free;
  const int result = inflate(&stream, Z_SYNC_FLUSH);
  input = input.subspan(given - stream.avail_in);
  room = room.subspan(free - stream.avail_out);
  // There was nothing to do, and zlib does not tell again where it is.
  if (result == Z_BUF_ERROR) return Inflated::More;
  // It tells the bits of the last byte that are not used yet, and by 128 that a block has just ended.
  betweenBlocks_ = (stream.data_type & 128) != 0 && (stream.data_type & 63) == 0;
  switch (result) {
    case Z_OK:
      return Inflated::More;
    case Z_STREAM_END:
      ended_ = true;
      return Inflated::End;
    case Z_MEM_ERROR:
      throw std::bad_alloc();
    default:
      return Inflated::Corrupt;
  }
}

// --- ISA-L

IsalInflate::IsalInflate() noexcept = default;
IsalInflate::~IsalInflate() = default;

void IsalInflate::start(Bytes history) {
  if (state_ == nullptr) {
    state_.reset(new inflate_state);
    isal_inflate_init(state_.get());
  } else {
    isal_inflate_reset(state_.get());
  }
  isal_inflate_set_dict(state_.get(), inputOf(history), sizeOf(history.size()));
}

Inflated IsalInflate::run(Bytes& input, MutableBytes& room) {
  inflate_state& state = *state_;
  const std::uint32_t given = sizeOf(input.size());
  const std::uint32_t free = sizeOf(room.size());
  state.next_in = inputOf(input);
  state.avail_in = given;
  state.next_out = outputOf(room);
  state.avail_out = free;
  const int result = isal_inflate(&state);
  room = room.subspan(free - state.avail_out);
  if (result != ISAL_DECOMP_OK) return Inflated::Corrupt;
  std::uint32_t taken = given - state.avail_in;
  // Behind the last block, all of which may not be in `room` yet. It has read some bytes ahead.
  if (state.block_state == ISAL_BLOCK_INPUT_DONE || state.block_state == ISAL_BLOCK_FINISH) {
    taken -= std::min(taken, static_cast<std::uint32_t>(state.read_in_length) / 8);
    state.read_in = 0;
    state.read_in_length = 0;
  }
  input = input.subspan(taken);
  return state.block_state == ISAL_BLOCK_FINISH ? Inflated::End : Inflated::More;
}

// At the end of the input it has looked for the next block's header, and found nothing of it.
bool IsalInflate::betweenBlocks() const noexcept {
  const bool atHeader = state_->block_state == ISAL_BLOCK_NEW_HDR || state_->block_state == ISAL_BLOCK_HDR;
  return atHeader && state_->tmp_in_size == 0 && state_->read_in_length == 0;
}

}  // namespace duplex::protocol
