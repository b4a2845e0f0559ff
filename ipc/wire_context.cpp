#include "ipc/wire_context.hpp"

namespace bulkhead::ipc {

void write_context(WireWriter& writer, const SessionContext& context) {
  writer.text(context.id, limits::kContextBytes);
  writer.text(context.stage, limits::kContextStageBytes);
}

SessionContext read_context(WireReader& reader) {
  SessionContext context{.id = reader.text("context", limits::kContextBytes),
                         .stage = reader.text("stage", limits::kContextStageBytes)};
  if (const auto checked = check(context); !checked) {
    reader.fail(checked.error().field, checked.error().message);
  }
  return context;
}

}  // namespace bulkhead::ipc
