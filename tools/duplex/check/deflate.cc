#include "check/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>

namespace duplex::check {
namespace {

// What an empty stored block is; it ends each message and is not sent (RFC 7692 §7.2.1).
constexpr std::string_view tail("\x00\x00\xff\xff", 4);

unsigned char* input(std::string_view bytes) {
  // zlib takes what it only reads by a pointer to what may be written.
  return reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
}

}  // namespace

struct Deflater::State {
  z_stream stream{};
  bool noTakeover = false;
};

Deflater::Deflater(int windowBits, bool noTakeover) : state_(std::make_unique<State>()) {
  state_->noTakeover = noTakeover;
  const int strategy = windowBits < 9 ? Z_HUFFMAN_ONLY : Z_DEFAULT_STRATEGY;
  if (::deflateInit2(&state_->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -std::max(windowBits, 9), 8,
                     strategy) != Z_OK) {
    throw std::bad_alloc();
  }
}

Deflater::~Deflater() {
  ::deflateEnd(&state_->stream);
}

std::string Deflater::message(std::string_view payload) {
  z_stream& stream = state_->stream;
  std::string out;
  std::array<char, 16 * 1024> room;
  stream.next_in = input(payload);
  stream.avail_in = static_cast<uInt>(payload.size());
  do {
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = room.size();
    ::deflate(&stream, Z_SYNC_FLUSH);
    out.append(room.data(), room.size() - stream.avail_out);
  } while (stream.avail_out == 0);
  if (state_->noTakeover) ::deflateReset(&stream);
  if (out.ends_with(tail)) out.resize(out.size() - tail.size());
  // Of a message of no bytes zlib makes nothing at all; one byte stands for it (RFC 7692 §7.2.3.6).
  if (out.empty()) out += '\0';
  return out;
}

struct Inflater::State {
  z_stream stream{};
  // What zlib can look back to beside its window is what it has written in the same call.
  std::size_t step = 0;
  bool noTakeover = false;
};

namespace {

/// Begins another stream behind the one that has ended.
void restart(z_stream& stream) {
  std::array<Bytef, 32 * 1024> window;
  uInt size = 0;
  ::inflateGetDictionary(&stream, window.data(), &size);
  ::inflateReset(&stream);
  if (size != 0) ::inflateSetDictionary(&stream, window.data(), size);
}

}  // namespace

Inflater::Inflater(int windowBits, bool noTakeover) : state_(std::make_unique<State>()) {
  state_->noTakeover = noTakeover;
  state_->step = windowBits < 15 ? 64 : 16 * 1024;
  if (::inflateInit2(&state_->stream, -windowBits) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() {
  ::inflateEnd(&state_->stream);
}

std::optional<std::string> Inflater::message(std::string_view payload, std::size_t limit) {
  z_stream& stream = state_->stream;
  std::string out;
  std::array<char, 16 * 1024> room;
  for (std::string_view part : {payload, tail}) {
    stream.next_in = input(part);
    stream.avail_in = static_cast<uInt>(part.size());
    for (;;) {
      stream.next_out = reinterpret_cast<Bytef*>(room.data());
      stream.avail_out = static_cast<uInt>(state_->step);
      const int result = ::inflate(&stream, Z_SYNC_FLUSH);
      out.append(room.data(), state_->step - stream.avail_out);
      if (out.size() > limit) return std::nullopt;
      // A block that says it is the last one ends the stream, and another may begin, which refers to the same
      // window (RFC 7692 §7.2.3.4).
      if (result == Z_STREAM_END) {
        restart(stream);
        if (stream.avail_in == 0) break;
        continue;
      }
      if (result == Z_BUF_ERROR) break;
      if (result != Z_OK) return std::nullopt;
      if (stream.avail_in == 0 && stream.avail_out != 0) break;
    }
  }
  if (state_->noTakeover) ::inflateReset(&stream);
  return out;
}

}  // namespace duplex::check
