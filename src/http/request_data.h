#pragma once

#include <cstdint>
#include <forward_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/address.h>
#include <duplex/request.h>

#include "base/ref.h"
#include "http/request_head.h"
#include "protocol/handshake.h"

namespace duplex::http {

struct Exchange;

/// Something that middleware keeps with a request; see `Request::set`.
class ValueTable final : public RefCounted<ValueTable> {
 public:
  ValueTable() = default;
  ~ValueTable() { clear(); }

  /// Takes `object` over, in the place of one of that name.
  void set(std::string_view name, void* object, const void* tag, void (*destroy)(void*));
  void* get(std::string_view name, const void* tag) const noexcept;
  bool empty() const noexcept { return values_.empty(); }
  void clear() noexcept;

 private:
  struct Value {
    std::string name;
    void* object;
    const void* tag;
    void (*destroy)(void*);
  };
  std::vector<Value> values_;
};

/// What a Request refers to: the head, where it stands among the routes, and what was read or set on
/// the way. It is an Exchange, or what a WebSocket has kept of one; see KeptRequest.
struct RequestData : RefCounted<RequestData> {
  RequestData() = default;
  virtual ~RequestData();
  /// The exchange that this is a part of; null if it is gone.
  virtual Exchange* exchange() noexcept { return nullptr; }

  Address remote;
  bool secure = false;
  /// The subject of the client's certificate; empty if it has none.
  std::string certificate;
  /// Of several connections that never ask for it; see KeptRequests.
  bool shared = false;
  /// The length of the path's part that has been matched as a prefix.
  std::uint32_t base = 0;
  RequestHead request;
  /// Of the route's pattern, and of those it is mounted in.
  std::vector<Field> params;
  /// Text that a view was taken of; lives as long as this.
  std::forward_list<std::string> texts;

  /// What was set by that name; null if there is none, or one of another type.
  void* value(std::string_view name, const void* tag) const noexcept;
  void setValue(std::string_view name, void* object, const void* tag, void (*destroy)(void*));
  /// Null if none has been set.
  Ref<ValueTable> values;

  /// Of the query and the Cookie headers; read at the first use.
  const std::vector<Field>& query();
  const std::vector<Field>& cookies();
  /// A header, lines of the same name joined.
  std::string_view header(std::string_view name);
  /// The headers as the handshake's judges want them.
  std::vector<protocol::HeaderField> headerFields() const;

  /// Makes it as new, but keeps the memory; nobody else may refer to it.
  void clear() noexcept;

 private:
  struct Lists {
    std::vector<Field> query;
    std::vector<Field> cookies;
    std::vector<Field> joined;
    bool queryRead = false;
    bool cookiesRead = false;
  };

  Lists& lists();
  std::string_view join(std::string_view name, std::string_view separator);

  std::unique_ptr<Lists> lists_;
};

}  // namespace duplex::http
