#pragma once

namespace duplex::net {

/// A descriptor held back for the moment in which no other is to be had.
class SpareDescriptor {
 public:
  SpareDescriptor() noexcept;
  SpareDescriptor(const SpareDescriptor&) = delete;
  SpareDescriptor& operator=(const SpareDescriptor&) = delete;
  ~SpareDescriptor();

  /// Takes one connection from the backlog of `listener` and closes it, so that its peer knows and it
  /// does not wake the loop for ever. False if that failed too.
  bool dropConnection(int listener) noexcept;

 private:
  int descriptor_;
};

}  // namespace duplex::net
