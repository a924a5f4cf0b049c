#include "http/kept_request.h"

#include <doctest/doctest.h>

#include <string>

using namespace duplex;
using http::KeptRequests;
using http::RequestData;

namespace {

/// A request for "/rooms/<room>?x=1" by the route "/rooms/:room", as the chain leaves it.
Ref<RequestData> make(const std::string& room, const std::string& authority = "a:80") {
  auto data = Ref<RequestData>::adopt(new RequestData);
  http::RequestHead& head = data->request;
  const std::string target = "/rooms/" + room + "?x=1";
  head.text = "GET" + target + authority + "X-Header: y";
  const std::string_view text = head.text;
  head.method = text.substr(0, 3);
  head.target = text.substr(3, target.size());
  head.path = head.target.substr(0, target.size() - 4);
  head.query = "x=1";
  head.authority = text.substr(3 + target.size(), authority.size());
  head.fields.push_back({text.substr(text.size() - 11, 8), text.substr(text.size() - 1)});
  head.upgrade = true;
  data->params.push_back({"room", head.path.substr(7)});
  data->remote = Address::parse("10.0.0.1", 1);
  return data;
}

const Address peer = Address::parse("10.0.0.2", 2);

}  // namespace

TEST_CASE("what is kept of a request outlives it, without its headers") {
  KeptRequests requests;
  Request kept;
  {
    const Request whole(make("tea").get());
    kept = requests.keep(whole);
    CHECK(kept.data() != whole.data());
  }
  requests.own(kept, peer);
  CHECK(kept.method() == "GET");
  CHECK(kept.url() == "/rooms/tea?x=1");
  CHECK(kept.path() == "/rooms/tea");
  CHECK(kept.query("x") == "1");
  CHECK(kept.params("room") == "tea");
  CHECK(kept.host() == "a:80");
  CHECK(kept.protocol() == "http");
  CHECK(kept.remoteAddress() == peer);
  CHECK(kept.isUpgrade());
  CHECK(kept.headers().empty());
  CHECK(kept.header("X-Header") == "");
  CHECK(kept.cookies().empty());
  CHECK(kept.text() == "");
  CHECK(kept.exchange() == nullptr);
}

TEST_CASE("requests that are the same are kept once, until one is asked for") {
  KeptRequests requests;
  Request one = requests.keep(Request(make("tea").get()));
  Request two = requests.keep(Request(make("tea").get()));
  CHECK(one.data() == two.data());
  CHECK(requests.size() == 1);
  requests.own(one, peer);
  CHECK(one.data() != two.data());
  one.set("name", "one");
  requests.own(two, Address());
  CHECK(two.value<std::string>("name") == nullptr);
  CHECK(two.remoteAddress() == Address());
  CHECK(requests.size() == 0);
  // Its own already.
  const auto* before = one.data();
  requests.own(one, Address());
  CHECK(one.data() == before);
  CHECK(one.remoteAddress() == peer);
}

TEST_CASE("requests that differ are kept apart, and none longer than its connections") {
  KeptRequests requests;
  Request tea = requests.keep(Request(make("tea").get()));
  Request otherRoom = requests.keep(Request(make("coffee").get()));
  Request otherHost = requests.keep(Request(make("tea", "b:80").get()));
  const Ref<RequestData> data = make("tea");
  data->secure = true;
  Request secure = requests.keep(Request(data.get()));
  data->secure = false;
  data->params[0].name = "name";
  Request otherParam = requests.keep(Request(data.get()));
  CHECK(requests.size() == 5);
  Request again = requests.keep(Request(make("tea").get()));
  requests.drop(tea);
  CHECK(tea.data() == nullptr);
  CHECK(requests.size() == 5);
  for (Request* request : {&again, &otherRoom, &otherHost, &secure, &otherParam}) requests.drop(*request);
  CHECK(requests.size() == 0);
  Request none;
  requests.own(none, peer);
  requests.drop(none);
  CHECK(none.data() == nullptr);
}

TEST_CASE("a request with values is its connection's own, and shares them with copies of the whole") {
  KeptRequests requests;
  const Request whole(make("tea").get());
  whole.set("user", "ann");
  Request kept = requests.keep(whole);
  CHECK(requests.size() == 0);
  CHECK(kept.remoteAddress() == whole.remoteAddress());
  CHECK(kept.value<std::string>("user") == whole.value<std::string>("user"));
  whole.set("user", "bob");
  CHECK(*kept.value<std::string>("user") == "bob");
}
