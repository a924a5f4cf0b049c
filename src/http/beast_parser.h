#pragma once

#include <boost/beast/http/basic_parser.hpp>

namespace duplex::http {

/// Beast's parser, the same whichever Boost it comes with: from 1.90 on it has a function for the fields of
/// trailers, before that it gives them to on_field_impl.
template <bool isRequest>
class BeastParser : public boost::beast::http::basic_parser<isRequest> {
 private:
  virtual void on_trailer_field_impl(boost::beast::http::field name, boost::beast::string_view nameAsSent,
                                     boost::beast::string_view value, boost::beast::error_code& failure) = 0;
};

}  // namespace duplex::http
