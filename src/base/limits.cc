#include "base/limits.h"

#include <array>

namespace duplex {
namespace {

constexpr std::array<Limit, limitCount> table{{
    {Errc::TooManyConnections, "maxConnections", &Metrics::maxConnections},
    {Errc::TooManyFromAddress, "maxConnectionsPerAddress", &Metrics::maxConnectionsPerAddress},
    {Errc::TooManyHandshakes, "maxHandshakes", &Metrics::maxHandshakes},
    {Errc::TooManyHandshakesFromAddress, "maxHandshakesPerAddress", &Metrics::maxHandshakesPerAddress},
    {Errc::HeaderTooLarge, "maxHeaderSize", &Metrics::maxHeaderSize},
    {Errc::TooManyHeaders, "maxHeaders", &Metrics::maxHeaders},
    {Errc::BodyTooLarge, "maxBodySize", &Metrics::maxBodySize},
    {Errc::RequestTimeout, "headerTimeout", &Metrics::headerTimeout},
    {Errc::RequestTooSlow, "minHeaderRate", &Metrics::minHeaderRate},
    {Errc::BodyTimeout, "bodyTimeout", &Metrics::bodyTimeout},
    {Errc::SendTimeout, "sendTimeout", &Metrics::sendTimeout},
    {Errc::MessageTooBig, "maxMessageSize", &Metrics::maxMessageSize},
    {Errc::TooManyFragments, "maxFragments", &Metrics::maxFragments},
    {Errc::TooManyFrames, "maxFramesPerSecond", &Metrics::maxFramesPerSecond},
    {Errc::BufferFull, "maxBufferedAmount", &Metrics::maxBufferedAmount},
    {Errc::IdleTimeout, "idleTimeout", &Metrics::idleTimeout},
    {Errc::CloseTimeout, "closeTimeout", &Metrics::closeTimeout},
}};

constexpr std::array others{
    MetricField{"connections", &Metrics::connections, false},
    MetricField{"handshakes", &Metrics::handshakes, false},
    MetricField{"sockets", &Metrics::sockets, false},
    MetricField{"accepted", &Metrics::accepted, false},
    MetricField{"acceptFailures", &Metrics::acceptFailures, false},
    MetricField{"requests", &Metrics::requests, false},
    MetricField{"upgrades", &Metrics::upgrades, false},
    MetricField{"messagesReceived", &Metrics::messagesReceived, false},
    MetricField{"bytesReceived", &Metrics::bytesReceived, false},
    MetricField{"messagesSent", &Metrics::messagesSent, false},
    MetricField{"bytesSent", &Metrics::bytesSent, false},
};

constexpr auto fields = [] {
  std::array<MetricField, others.size() + limitCount> all{};
  for (std::size_t i = 0; i < others.size(); ++i) all[i] = others[i];
  for (std::size_t i = 0; i < limitCount; ++i)
    all[others.size() + i] = {table[i].name, table[i].counter, true};
  return all;
}();
static_assert(sizeof(Metrics) == fields.size() * sizeof(std::uint64_t), "a member of Metrics has no name");

}  // namespace

std::span<const Limit, limitCount> limits() noexcept {
  return table;
}

std::span<const MetricField> metricFields() noexcept {
  return fields;
}

int limitOf(const std::error_code& code) noexcept {
  // That of TLS has the time of a request's headers.
  if (code == Errc::HandshakeTimeout) return limitOf(Errc::RequestTimeout);
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (code == table[i].error) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace duplex
