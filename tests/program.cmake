bulkhead_test(supervisor_frame_test LABEL unit ONE_THREAD
  SOURCES unit/supervisor/instance_lock_test.cpp unit/supervisor/service_notifier_test.cpp
    unit/supervisor/worker_user_test.cpp
  LINK bulkhead::supervisor_frame
)
bulkhead_test(upgrade_test LABEL unit
  SOURCES unit/supervisor/inheritance_test.cpp
  LINK bulkhead::upgrade
)
bulkhead_test(supervisor_process_test LABEL process
  SOURCES
    process/supervisor/dry_run_test.cpp
    process/supervisor/program_test.cpp
    process/supervisor/signals_test.cpp
    process/supervisor/tls_test.cpp
  LINK bulkhead::supervisor_frame bulkhead::upgrade
)
target_compile_definitions(supervisor_process_test PRIVATE
  BULKHEAD_CERTIFICATES="${PROJECT_SOURCE_DIR}/tests/support/certificates.py"
  BULKHEAD_CLI="$<TARGET_FILE:bulkhead>"
  BULKHEAD_SUPERVISOR="$<TARGET_FILE:bulkhead-supervisor>"
)
add_dependencies(supervisor_process_test bulkhead bulkhead-supervisor bulkhead-worker)
