#include <string>

#include "input.h"
#include "targets.h"
#include "transport/proxy_header.h"

namespace duplex::fuzz {
namespace {

using transport::ProxyHeader;

struct Read {
  ProxyHeader::Result result = ProxyHeader::Result::NeedMore;
  std::size_t taken = 0;
  Address source;
  Address destination;

  friend bool operator==(const Read&, const Read&) = default;
};

Read read(Bytes bytes, std::uint8_t cut) {
  Read read;
  ProxyHeader header;
  for (Cutter cutter(cut, bytes); !cutter.done() && read.result == ProxyHeader::Result::NeedMore;) {
    Piece piece = cutter.next();
    MutableBytes input = piece.bytes();
    const std::size_t size = input.size();
    read.result = header.feed(input);
    read.taken += size - input.size();
    require(read.result != ProxyHeader::Result::NeedMore || input.empty(), "all of the input is taken");
  }
  // What is wrong with a header may show sooner or later.
  if (read.result == ProxyHeader::Result::Malformed) read.taken = 0;
  if (read.result != ProxyHeader::Result::Complete) return read;
  read.source = header.source();
  read.destination = header.destination();
  return read;
}

bool isNone(const Address& address) {
  return address.family() == Address::Family::None;
}

// As version 1 writes it.
std::string written(const Address& source, const Address& destination) {
  const char* family = source.family() == Address::Family::V4 ? "PROXY TCP4 " : "PROXY TCP6 ";
  return family + source.ip() + ' ' + destination.ip() + ' ' + std::to_string(source.port()) + ' ' +
         std::to_string(destination.port()) + "\r\n";
}

}  // namespace

void proxy(Bytes bytes) {
  Input input(bytes);
  const std::uint8_t cut = input.byte();
  const Bytes wire = input.rest();
  const Read whole = read(wire, 0);
  require(read(wire, cut) == whole, "how the bytes are cut changes nothing");
  if (whole.result != ProxyHeader::Result::Complete) return;
  require(asText(wire).starts_with("PROXY ") ? whole.taken <= ProxyHeader::maxLine : whole.taken >= 16,
          "a header is as long as it may be");
  require(isNone(whole.source) == isNone(whole.destination), "both ends are known, or none");
  require(read(wire.first(whole.taken), cut) == whole, "what follows a header changes it not");
  if (isNone(whole.source)) return;
  require(whole.source.family() == whole.destination.family(), "both ends are of a kind");
  // An IPv4 address mapped into IPv6 is written as IPv4, which TCP6 may not have.
  if (whole.source.family() == Address::Family::V6 && (whole.source.ip().find(':') == std::string::npos ||
                                                       whole.destination.ip().find(':') == std::string::npos))
    return;
  const std::string again = written(whole.source, whole.destination);
  const Read second = read(asBytes(again), cut);
  require(second.result == ProxyHeader::Result::Complete && second.source == whole.source &&
              second.destination == whole.destination,
          "what is written out is the same header");
}

}  // namespace duplex::fuzz
