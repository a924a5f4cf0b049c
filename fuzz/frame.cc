#include "protocol/frame.h"

#include <algorithm>
#include <array>
#include <vector>

#include "input.h"
#include "protocol/mask.h"
#include "targets.h"

namespace duplex::fuzz {
namespace {

using namespace protocol;

// A part of a header says what the whole one says, or nothing yet.
void checkParts(Bytes bytes, const DecodedHeader& whole) {
  for (std::size_t size = 0; size <= std::min(bytes.size(), maxHeaderSize); ++size) {
    Piece part(bytes.first(size));
    const DecodedHeader decoded = decodeHeader(part.bytes());
    if (decoded.size == 0 && decoded.error == Errc{}) {
      require(size < maxHeaderSize, "14 bytes are enough for a header");
      require(whole.size == 0 || size < whole.size, "a whole header is read");
    } else {
      require(decoded.size == whole.size && decoded.error == whole.error,
              "what follows a header changes it not");
    }
  }
}

void checkMask(Bytes payload, const MaskKey& key, std::size_t cut) {
  std::vector<std::byte> wanted(payload.begin(), payload.end());
  for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] ^= key[i % key.size()];

  Piece copy(payload);
  copyMasked(payload, copy.bytes().data(), key);
  require(std::ranges::equal(copy.bytes(), wanted), "copyMasked masks");

  Piece inPlace(payload);
  const std::size_t first = payload.empty() ? 0 : cut % payload.size();
  applyMask(inPlace.bytes().first(first), key);
  applyMask(inPlace.bytes().subspan(first), key, first);
  require(std::ranges::equal(inPlace.bytes(), wanted), "applyMask masks, in parts too");
  applyMaskShort(inPlace.bytes(), key);
  require(std::ranges::equal(inPlace.bytes(), payload), "masking twice is nothing");
}

}  // namespace

void frame(Bytes bytes) {
  const DecodedHeader whole = decodeHeader(bytes);
  checkParts(bytes, whole);
  if (whole.size == 0) return;

  const FrameHeader& header = whole.header;
  require(header.length >> 63 == 0, "a length has 63 bits");
  require(whole.size == headerSize(header.length, header.masked),
          "a length takes no more bytes than it needs");
  std::array<std::byte, maxHeaderSize> again;
  const std::size_t size = encodeHeader(header, again.data());
  require(std::ranges::equal(Bytes(again).first(size), bytes.first(whole.size)), "encode(decode(x)) is x");
  checkMask(bytes.subspan(whole.size), header.mask, static_cast<std::size_t>(header.length));
}

}  // namespace duplex::fuzz
