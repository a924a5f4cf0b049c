#include "check/reader.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "base/bytes.h"
#include "protocol/mask.h"

namespace duplex::check {
namespace {

// Of one message, also before it is inflated: more than any case asks for.
constexpr std::size_t maxMessage = 256 * 1024 * 1024;
// Of all together.
constexpr std::size_t maxHeard = 2 * maxMessage;

// What zlib may look back to of what the other end compresses.
int windowOf(Role checked, const DeflateParameters& deflate) {
  return checked == Role::Server ? deflate.serverBits : deflate.clientBits;
}

bool forgets(Role checked, const DeflateParameters& deflate) {
  return checked == Role::Server ? deflate.serverNoTakeover : deflate.clientNoTakeover;
}

}  // namespace

Reader::Reader(Role checked, const std::optional<DeflateParameters>& deflate, Record& record)
    : masked_(checked == Role::Client), record_(record) {
  if (deflate) inflater_.emplace(windowOf(checked, *deflate), forgets(checked, *deflate));
}

void Reader::feed(std::string_view bytes) {
  if (!record_.malformed.empty()) return;
  buffer_.append(bytes);
  while (readFrame()) {
  }
  buffer_.erase(0, std::exchange(read_, 0));
}

bool Reader::readFrame() {
  const std::string_view rest = std::string_view(buffer_).substr(read_);
  const protocol::DecodedHeader decoded = protocol::decodeHeader(asBytes(rest));
  if (decoded.error == Errc::LengthNotMinimal)
    return broken("a length in more bytes than it needs", "RFC 6455 §5.2");
  if (decoded.error != Errc{}) return broken("a length with its highest bit set", "RFC 6455 §5.2");
  if (decoded.size == 0) return false;
  const protocol::FrameHeader& header = decoded.header;
  if (!allowsHeader(header)) return false;
  if (rest.size() - decoded.size < header.length) return false;

  std::string payload(rest.substr(decoded.size, header.length));
  read_ += decoded.size + header.length;
  if (header.masked) {
    protocol::applyMask(std::as_writable_bytes(std::span(payload.data(), payload.size())), header.mask);
    record_.masks.push_back(header.mask);
  }
  if (protocol::isControl(header.opcode)) {
    control(header, std::move(payload));
  } else {
    data(header, std::move(payload));
  }
  return record_.malformed.empty();
}

bool Reader::allowsHeader(const protocol::FrameHeader& header) {
  const std::string name = nameOf(static_cast<std::uint8_t>(header.opcode));
  if (header.masked != masked_) {
    return broken(masked_ ? "a frame without a mask" : "a frame with a mask", "RFC 6455 §5.1");
  }
  if (!protocol::isKnown(header.opcode)) return broken("a frame with " + name, "RFC 6455 §5.2");
  const bool isFirst = header.opcode == Opcode::Text || header.opcode == Opcode::Binary;
  if (header.rsv != 0 && !(header.rsv == 0b100 && inflater_ && isFirst)) {
    const char* section = inflater_ ? "RFC 7692 §6" : "RFC 6455 §5.2";
    return broken(fmt::format("RSV {:03b} on a frame of {}", header.rsv, name), section);
  }
  if (protocol::isControl(header.opcode)) {
    if (!header.fin) return broken("a " + name + " in fragments", "RFC 6455 §5.5");
    if (header.length > protocol::maxControlPayload) {
      return broken(fmt::format("a {} of {} bytes", name, header.length), "RFC 6455 §5.5");
    }
    return true;
  }
  if (record_.heardClose) return broken("a message after the Close", "RFC 6455 §5.5.1");
  if (isFirst && inMessage_) return broken("a message inside another", "RFC 6455 §5.4");
  if (!isFirst && !inMessage_) return broken("a continuation of nothing", "RFC 6455 §5.4");
  const std::size_t before = isFirst ? 0 : message_.size();
  if (header.length > maxMessage - before) {
    return broken("a message of more bytes than any case asks for", "RFC 6455 §10.4");
  }
  return true;
}

void Reader::control(const protocol::FrameHeader& header, std::string payload) {
  if (header.opcode == Opcode::Close) return readClose(payload);
  const Heard::Kind kind = header.opcode == Opcode::Ping ? Heard::Kind::Ping : Heard::Kind::Pong;
  keep({.kind = kind, .payload = std::move(payload)});
}

void Reader::readClose(const std::string& payload) {
  if (record_.heardClose) return;
  if (payload.size() == 1) {
    broken("a Close with a body of one byte", "RFC 6455 §5.5.1");
    return;
  }
  record_.heardClose = true;
  record_.closedFirst = !record_.weSaidClose;
  Heard close{.kind = Heard::Kind::Close};
  if (payload.size() >= 2) {
    close.code = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                            static_cast<unsigned char>(payload[1]));
    close.payload = payload.substr(2);
  }
  record_.closeCode = close.code;
  keep(close);
  if (payload.empty()) return;
  if (close.code == 1005 || close.code == 1006 || close.code == 1015) {
    broken(fmt::format("a Close with code {}, which must not stand there", close.code), "RFC 6455 §7.4.1");
  } else if (!protocol::isValidUtf8(asBytes(close.payload))) {
    broken("a Close with a reason that is not UTF-8", "RFC 6455 §5.5.1");
  } else if (close.code < 1000 || close.code == 1004 || (close.code > 1014 && close.code < 3000) ||
             close.code > 4999) {
    record_.doubtful = fmt::format("a Close with code {}, to which nobody has given a meaning", close.code);
  }
}

void Reader::data(const protocol::FrameHeader& header, std::string payload) {
  if (!inMessage_) {
    inMessage_ = true;
    isText_ = header.opcode == Opcode::Text;
    compressed_ = header.rsv != 0;
    message_ = std::move(payload);
  } else {
    message_ += payload;
  }
  if (header.fin) finishMessage();
}

void Reader::finishMessage() {
  inMessage_ = false;
  if (compressed_) {
    auto inflated = inflater_->message(message_, maxMessage);
    if (!inflated) {
      broken("a message that cannot be inflated with the window agreed on", "RFC 7692 §7.2.1");
      return;
    }
    message_ = std::move(*inflated);
  }
  if (isText_ && !protocol::isValidUtf8(asBytes(message_))) {
    broken("text that is not UTF-8", "RFC 6455 §5.6");
    return;
  }
  keep({.kind = isText_ ? Heard::Kind::Text : Heard::Kind::Binary,
        .payload = std::exchange(message_, {}),
        .compressed = compressed_});
}

void Reader::keep(Heard heard) {
  heard_ += sizeof heard + heard.payload.size();
  if (heard_ > maxHeard) {
    broken("more messages than any case asks for", "RFC 6455 §10.4");
    return;
  }
  record_.heard.push_back(std::move(heard));
}

bool Reader::broken(std::string what, std::string section) {
  record_.malformed = std::move(what);
  record_.malformedSection = std::move(section);
  return false;
}

}  // namespace duplex::check
