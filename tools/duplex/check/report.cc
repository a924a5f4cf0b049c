#include "check/report.h"

#include <fmt/color.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>

#include "check/catalogue.h"
#include "embedded_check_page.h"

namespace duplex::check {
namespace {

using Json = nlohmann::ordered_json;

std::vector<unsigned> numbersOf(const std::string& id) {
  std::vector<unsigned> numbers;
  for (std::size_t at = 0; at < id.size();) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(id.data() + at, id.data() + id.size(), number);
    numbers.push_back(number);
    at = static_cast<std::size_t>(end - id.data()) + 1;
  }
  return numbers;
}

fmt::text_style styleOf(Verdict verdict, bool colour) {
  if (!colour) return {};
  switch (verdict) {
    case Verdict::Pass:
      return fmt::fg(fmt::terminal_color::green);
    case Verdict::NonStrict:
      return fmt::fg(fmt::terminal_color::yellow);
    case Verdict::Fail:
      return fmt::fg(fmt::terminal_color::red) | fmt::emphasis::bold;
    case Verdict::Info:
      return fmt::fg(fmt::terminal_color::cyan);
    case Verdict::NotRun:
      break;
  }
  return fmt::emphasis::faint;
}

std::map<Verdict, std::size_t> countOf(const std::vector<const Result*>& results) {
  std::map<Verdict, std::size_t> count;
  for (const Result* result : results) ++count[result->verdict];
  return count;
}

constexpr Verdict order[] = {Verdict::Pass, Verdict::NonStrict, Verdict::Info, Verdict::Fail,
                             Verdict::NotRun};

std::string row(const std::string& name, const std::map<Verdict, std::size_t>& count, bool colour) {
  std::string line = fmt::format("{:<30}", name);
  for (const Verdict verdict : order) {
    const auto found = count.find(verdict);
    const std::size_t number = found == count.end() ? 0 : found->second;
    const std::string cell = number == 0 ? fmt::format("{:>12}", "·") : fmt::format("{:>12}", number);
    line += number == 0 ? cell : fmt::format(styleOf(verdict, colour), "{}", cell);
  }
  return line + '\n';
}

Json toObject(const Result& result) {
  const Case& asked = *result.asked;
  return {{"id", asked.id},
          {"family", nameOfFamily(asked.family())},
          {"group", asked.group},
          {"title", asked.title},
          {"rule", asked.section},
          {"section", result.section},
          {"level", nameOf(asked.level)},
          {"verdict", nameOf(result.verdict)},
          {"why", result.why},
          {"sent", result.sent},
          {"expected", result.expected},
          {"got", result.got},
          {"milliseconds", result.milliseconds}};
}

Json toObject(const Report& report) {
  Json all{{"subject", report.subject},
           {"role", report.role == Role::Server ? "server" : "client"},
           {"date", report.date},
           {"remark", report.remark}};
  const auto count = report.count();
  for (const Verdict verdict : order) {
    const auto found = count.find(verdict);
    all["count"][nameOf(verdict)] = found == count.end() ? 0 : found->second;
  }
  all["cases"] = Json::array();
  for (const Result& result : report.results) all["cases"].push_back(toObject(result));
  return all;
}

std::string_view embedded(std::string_view name) {
  for (const EmbeddedFile& file : check_page_files::all) {
    if (file.name == name) return file.text();
  }
  return {};
}

void replace(std::string& text, std::string_view mark, std::string_view with) {
  const std::size_t at = text.find(mark);
  if (at != std::string::npos) text.replace(at, mark.size(), with);
}

}  // namespace

std::map<Verdict, std::size_t> Report::count() const {
  std::map<Verdict, std::size_t> sum;
  for (const Result& result : results) ++sum[result.verdict];
  return sum;
}

bool Report::hasFailed() const {
  return std::any_of(results.begin(), results.end(),
                     [](const Result& result) { return result.verdict == Verdict::Fail; });
}

void Report::sort() {
  std::sort(results.begin(), results.end(),
            [](const Result& a, const Result& b) { return numbersOf(a.asked->id) < numbersOf(b.asked->id); });
}

std::string describe(const Result& result, bool colour) {
  const Case& asked = *result.asked;
  std::string text = fmt::format(styleOf(result.verdict, colour), "{:<11}", nameOf(result.verdict));
  text += fmt::format("{:<9} {}: {}\n", asked.id, asked.group, asked.title);
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += fmt::format("{:<11}{:<9} {}\n", "", name, value);
  };
  line("why", result.why + "  [" + result.section + ']');
  line("sent", result.sent);
  line("expected", result.expected);
  line("got", result.got);
  return text;
}

std::string toText(const Report& report, bool colour) {
  std::string text;
  std::map<unsigned, std::vector<const Result*>> families;
  for (const Result& result : report.results) {
    families[result.asked->family()].push_back(&result);
    if (result.verdict == Verdict::Fail || result.verdict == Verdict::NonStrict) {
      text += describe(result, colour) + '\n';
    }
  }
  text += fmt::format("{:<30}", "");
  for (const Verdict verdict : order) text += fmt::format("{:>12}", nameOf(verdict));
  text += '\n';
  std::vector<const Result*> all;
  for (const auto& [family, results] : families) {
    text += row(fmt::format("{:>2}  {}", family, nameOfFamily(family)), countOf(results), colour);
    all.insert(all.end(), results.begin(), results.end());
  }
  text += row("    all", countOf(all), colour);
  if (!report.remark.empty()) text += '\n' + report.remark + '\n';
  return text;
}

std::string toJson(const Report& report) {
  return toObject(report).dump(2) + '\n';
}

std::string toHtml(const Report& report) {
  // Nothing in the data ends the element that it stands in.
  std::string data = toObject(report).dump();
  for (std::size_t at = 0; (at = data.find("</", at)) != std::string::npos; at += 3)
    data.replace(at, 2, "<\\/");
  std::string page(embedded("page.html"));
  replace(page, "/*STYLE*/", embedded("page.css"));
  replace(page, "/*SCRIPT*/", embedded("page.js"));
  replace(page, "/*DATA*/", data);
  return page;
}

}  // namespace duplex::check
