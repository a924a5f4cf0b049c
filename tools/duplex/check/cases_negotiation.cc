#include <string>
#include <vector>

#include "check/catalogue.h"

namespace duplex::check {
namespace {

const std::string name = "permessage-deflate";

void addOffers(Family& family) {
  family.group("An offer that can be accepted", "RFC 7692 §7.1", Level::Must, Roles::Server);
  std::vector<std::string> offers = {"",
                                     "; server_no_context_takeover",
                                     "; client_no_context_takeover",
                                     "; server_no_context_takeover; client_no_context_takeover",
                                     "; client_max_window_bits",
                                     "; server_max_window_bits=\"10\"",
                                     "; client_max_window_bits; server_max_window_bits=10",
                                     ";server_no_context_takeover;client_max_window_bits=12"};
  for (int bits = 8; bits <= 15; ++bits) {
    offers.push_back("; server_max_window_bits=" + std::to_string(bits));
    offers.push_back("; client_max_window_bits=" + std::to_string(bits));
  }
  for (const std::string& offer : offers) {
    family.add(name + offer, {text("open")}, {textItem("open")}).opening.deflate = name + offer;
  }
  family.group("Of several offers one that is right may be accepted", "RFC 7692 §5.1, §7.1", Level::Must,
               Roles::Server);
  for (const char* offers2 :
       {"permessage-deflate; server_no_context_takeover; client_max_window_bits=10, permessage-deflate",
        "permessage-deflate; x-unknown, permessage-deflate",
        "permessage-deflate; server_max_window_bits=16, permessage-deflate; server_no_context_takeover",
        "x-unknown; a=b, permessage-deflate"}) {
    Case& made = family.add(offers2, {text("open")}, {textItem("open")});
    made.opening.deflate = offers2;
    // To decline an offer is not to refuse the handshake; but who sees nonsense may go away.
    made.opening.otherwise = Verdict::NonStrict;
  }
}

void addBadOffers(Family& family) {
  family.group("An offer that is none is declined", "RFC 7692 §7.1", Level::Must, Roles::Server);
  for (const char* offer :
       {"; x-unknown", "; x-unknown=1", "; server_no_context_takeover=1", "; client_no_context_takeover=true",
        "; server_no_context_takeover; server_no_context_takeover",
        "; client_max_window_bits; client_max_window_bits",
        "; server_max_window_bits=10; server_max_window_bits=10", "; server_max_window_bits",
        "; server_max_window_bits=7", "; server_max_window_bits=16", "; server_max_window_bits=0",
        "; server_max_window_bits=08", "; server_max_window_bits=+9", "; server_max_window_bits=1e1",
        "; server_max_window_bits=99999999999", "; client_max_window_bits=7", "; client_max_window_bits=16",
        "; client_max_window_bits=010", "; client_max_window_bits=ten"}) {
    Case& made = family.add(name + offer, {text("open")}, {textItem("open")});
    made.opening.head = goodRequest().adding("Sec-WebSocket-Extensions", name + offer);
    made.opening.otherwise = Verdict::NonStrict;
  }
}

void addBadAnswers(Family& family) {
  family.group("An answer that is none fails the connection", "RFC 7692 §7.1", Level::Must, Roles::Client);
  for (const char* answer :
       {"; x-unknown", "; x-unknown=1", "; server_no_context_takeover=1", "; client_no_context_takeover=1",
        "; server_no_context_takeover; server_no_context_takeover",
        "; server_max_window_bits=10; server_max_window_bits=10", "; server_max_window_bits",
        "; server_max_window_bits=7", "; server_max_window_bits=16", "; server_max_window_bits=0",
        "; server_max_window_bits=08", "; server_max_window_bits=99999999999", "; client_max_window_bits",
        "; client_max_window_bits=7", "; client_max_window_bits=16"}) {
    Ending ending = failure(1010);
    ending.silent = ending.other = Verdict::Pass;
    Case& made = family.add(name + answer, {}, {}, ending);
    made.opening.head = goodResponse().adding("Sec-WebSocket-Extensions", name + answer);
  }
  // No other extension may use RSV1 as well; of the same one twice nothing is said.
  family.group("permessage-deflate is agreed to once", "RFC 7692 §5, §6", Level::Should, Roles::Client);
  {
    Ending ending = failure(1010);
    ending.silent = ending.other = Verdict::Pass;
    ending.goesOn = Verdict::NonStrict;
    Case& made = family.add("An answer that has it twice", {}, {}, ending);
    made.opening.head = goodResponse().adding("Sec-WebSocket-Extensions", name + ", " + name);
  }
  family.group("An answer that is right", "RFC 7692 §7.1", Level::Must, Roles::Client);
  std::vector<std::string> answers = {"", "; server_no_context_takeover", "; client_no_context_takeover",
                                      "; server_no_context_takeover; client_no_context_takeover",
                                      "; server_max_window_bits=\"10\""};
  for (int bits = 8; bits <= 15; ++bits) {
    answers.push_back("; server_max_window_bits=" + std::to_string(bits));
    if (bits > 8) answers.push_back("; client_max_window_bits=" + std::to_string(bits));
  }
  for (const std::string& answer : answers) {
    family.add(name + answer, {text("open")}, {textItem("open")}).opening.deflate = name + answer;
  }
}

}  // namespace

void addNegotiation(std::vector<Case>& cases) {
  Family family(cases, 11);
  addOffers(family);
  addBadOffers(family);
  addBadAnswers(family);
}

}  // namespace duplex::check
