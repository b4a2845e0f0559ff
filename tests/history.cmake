# What a worker keeps on disk of its results, and what clients are told of it.
bulkhead_test(sqlite_sink_test LABEL unit
  SOURCES
    unit/worker/sqlite_sink_disk_test.cpp
    unit/worker/sqlite_sink_test.cpp
  LINK bulkhead::sink_sqlite SQLiteCpp)
bulkhead_test(history_test LABEL unit
  SOURCES
    unit/history/history_folder_test.cpp
    unit/history/history_reader_test.cpp
    unit/history/hostile_history_test.cpp
    unit/history/snapshot_file_test.cpp
  LINK bulkhead::history bulkhead::sink_sqlite SQLiteCpp)

add_executable(fixture_writes_history fixtures/writes_history.cpp)
target_link_libraries(fixture_writes_history PRIVATE bulkhead::sink_sqlite)
set_target_properties(fixture_writes_history PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fixtures)
set(history_environment "BULKHEAD_CONTROL_FIXTURE=$<TARGET_FILE:control_server_fixture>"
  "BULKHEAD_HISTORY_WRITER=$<TARGET_FILE:fixture_writes_history>"
  "BULKHEAD_CLI=$<TARGET_FILE:bulkhead>")
add_test(NAME control.history
  COMMAND /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/tests/process/control/test_history.py -v)
set_tests_properties(control.history PROPERTIES LABELS process TIMEOUT 300
  ENVIRONMENT "${history_environment}")
