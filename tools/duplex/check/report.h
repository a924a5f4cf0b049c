#pragma once

#include <map>
#include <string>
#include <vector>

#include "check/case.h"
#include "check/record.h"

namespace duplex::check {

/// A whole check, for people and for programs.
struct Report {
  /// What was checked: a server's URL, or what a client called itself.
  std::string subject;
  Role role = Role::Server;
  /// "2026-01-31 12:00:00 UTC".
  std::string date;
  std::vector<Result> results{};
  /// What limits the check as a whole; empty if nothing does.
  std::string remark{};

  std::map<Verdict, std::size_t> count() const;
  bool hasFailed() const;
  /// By id, as numbers.
  void sort();
};

/// A line a family and the sum; before them what is not as it should be. `colour`: for a terminal.
std::string toText(const Report& report, bool colour);
std::string toJson(const Report& report);
/// One page that needs nothing but itself.
std::string toHtml(const Report& report);
/// One result in a few lines.
std::string describe(const Result& result, bool colour);

}  // namespace duplex::check
