#pragma once

#include "check/case.h"
#include "check/record.h"

namespace duplex::check {

/// What `record` shows of the end that was asked, by the text of the RFC that the case names.
Result judge(const Case& asked, Role checked, const Record& record);

}  // namespace duplex::check
