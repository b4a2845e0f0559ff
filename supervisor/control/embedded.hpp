#pragma once

#include <string_view>

namespace bulkhead::supervisor {

/// Files built into the program, so that it needs no folder at run time.
extern const std::string_view kOpenRpcText;   // config/openrpc.json
extern const std::string_view kOperatorPage;  // supervisor/web/index.html

}  // namespace bulkhead::supervisor
