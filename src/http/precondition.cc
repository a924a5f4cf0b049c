#include "http/precondition.h"

#include "http/date.h"
#include "http/etag.h"

namespace duplex::http {

Precondition evaluate(const RequestHead& request, const Validators& validators) noexcept {
  const auto& modified = validators.lastModified;
  if (const Field* match = request.find("If-Match")) {
    if (!hasEtag(match->value, validators.etag)) return Precondition::Failed;
  } else if (const Field* since = request.find("If-Unmodified-Since"); since != nullptr && modified) {
    if (const auto date = parseDate(since->value); date && *modified > *date) return Precondition::Failed;
  }
  if (const Field* match = request.find("If-None-Match")) {
    return hasEtag(match->value, validators.etag) ? Precondition::NotModified : Precondition::Send;
  }
  if (const Field* since = request.find("If-Modified-Since"); since != nullptr && modified) {
    if (const auto date = parseDate(since->value); date && *modified <= *date)
      return Precondition::NotModified;
  }
  return Precondition::Send;
}

bool rangeApplies(const RequestHead& request, const Validators& validators) noexcept {
  const Field* condition = request.find("If-Range");
  if (condition == nullptr) return true;
  if (const auto date = parseDate(condition->value)) return validators.lastModified == date;
  // The strong comparison that is asked for here would never succeed with weak tags; a file's tag
  // changes with every write to it, which is as much as its date can promise.
  return !validators.etag.empty() && hasEtag(condition->value, validators.etag) && condition->value != "*";
}

}  // namespace duplex::http
