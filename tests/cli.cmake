bulkhead_test(cli_text_test LABEL unit ONE_THREAD
  SOURCES
    unit/supervisor/cli/session_text_test.cpp
    unit/supervisor/cli/text_test.cpp
  LINK bulkhead::cli
)
bulkhead_test(cli_process_test LABEL process
  SOURCES
    process/supervisor/cli/program_test.cpp
    process/supervisor/cli/rpc_client_test.cpp
    process/supervisor/cli/watch_test.cpp
  LINK bulkhead::cli
)
target_compile_definitions(cli_process_test PRIVATE BULKHEAD_CLI="$<TARGET_FILE:bulkhead>")
add_dependencies(cli_process_test bulkhead)
