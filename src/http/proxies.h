#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <duplex/address.h>
#include <duplex/proxies.h>
#include <duplex/request.h>

#include "base/address_range.h"

namespace duplex::http {

/// Where a request comes from, as far as those who passed it on are believed.
struct ClientOf {
  Address address;
  /// Whether the client speaks TLS to the first of them.
  bool secure;
};

/// The proxies that an app trusts, and what they are believed. Constant: any thread may ask.
class Proxies {
 public:
  /// Throws std::invalid_argument for what is no address, no range and not "unix".
  Proxies(const std::vector<std::string>& trusted, ForwardedHeader header);

  bool empty() const noexcept { return trusted_.empty() && !local_; }
  bool trusts(const Address& address) const noexcept;

  /// Follows the header's list from its end, which the nearest proxy has written, as long as those in it
  /// are trusted, to the first that is not: the client. `direct` is the peer, which is trusted. What is
  /// malformed ends the way where it stands.
  ClientOf client(const std::vector<Field>& fields, const ClientOf& direct) const;

 private:
  ClientOf clientOfX(const std::vector<Field>& fields, const ClientOf& direct) const;
  ClientOf clientOfForwarded(const std::vector<Field>& fields, const ClientOf& direct) const;

  std::vector<AddressRange> trusted_;
  bool local_ = false;
  ForwardedHeader header_;
};

}  // namespace duplex::http
