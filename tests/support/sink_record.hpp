#pragma once

#include <memory>
#include <string>
#include <vector>

#include "worker/sink/sink.hpp"
#include "worker/sink/spool_entry.hpp"

namespace bulkhead::test {

inline worker::SinkRecord sink_record(Sequence sequence,
                                      ipc::PriorityClass priority = ipc::PriorityClass::Important,
                                      std::size_t json_bytes = 100) {
  return {.generation = 1,
          .sequence = sequence,
          .kind = worker::RecordKind::Detection,
          .priority = priority,
          .time_ns = static_cast<std::int64_t>(sequence * 1000),
          .expires_ns = 0,
          .json = std::string(json_bytes, 'x')};
}

inline worker::SpoolEntry spool_entry(std::uint64_t index,
                                      ipc::PriorityClass priority = ipc::PriorityClass::Important,
                                      std::size_t json_bytes = 100) {
  return {index,
          std::make_shared<const worker::SinkRecord>(sink_record(index, priority, json_bytes))};
}

template <class Records>
std::vector<Sequence> sequences_of(const Records& records) {
  std::vector<Sequence> sequences;
  for (const auto& record : records) {
    if constexpr (requires { record.sequence; }) {
      sequences.push_back(record.sequence);
    } else {
      sequences.push_back(record.record->sequence);
    }
  }
  return sequences;
}

}  // namespace bulkhead::test
