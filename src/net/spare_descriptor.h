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
  /// does not wake the loop for ever. False and errno if that failed too: EAGAIN if nobody waits, which the
  /// kernel does not look at before it wants for a descriptor.
  bool dropConnection(int listener) noexcept;

 private:
  int descriptor_;
};

}  // namespace duplex::net
