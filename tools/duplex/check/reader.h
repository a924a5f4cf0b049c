#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "check/case.h"
#include "check/deflate.h"
#include "check/extension.h"
#include "check/record.h"
#include "protocol/frame.h"
#include "protocol/utf8.h"

namespace duplex::check {

/// Reads what the other end sends into a Record, and notes there the first rule that it breaks. It takes
/// nothing for granted that is asked here: of the protocol's code only the frame header's is used.
class Reader {
 public:
  Reader(Role checked, const std::optional<DeflateParameters>& deflate, Record& record);

  /// Takes the next bytes. What comes behind a broken rule is not read any more.
  void feed(std::string_view bytes);
  /// Bytes of a frame that is not whole.
  std::size_t rest() const noexcept { return buffer_.size(); }

 private:
  bool readFrame();
  bool allowsHeader(const protocol::FrameHeader& header);
  void control(const protocol::FrameHeader& header, std::string payload);
  void data(const protocol::FrameHeader& header, std::string payload);
  void readClose(const std::string& payload);
  void finishMessage();
  void keep(Heard heard);
  bool broken(std::string what, std::string section);

  const bool masked_;
  std::optional<Inflater> inflater_;
  Record& record_;
  std::string buffer_;
  // Of these, those that have been read.
  std::size_t read_ = 0;
  // Bytes of all that has been heard.
  std::size_t heard_ = 0;
  std::string message_;
  bool inMessage_ = false;
  bool isText_ = false;
  bool compressed_ = false;
};

}  // namespace duplex::check
