# Who a client is and what it may do.
bulkhead_test(access_test LABEL unit
  SOURCES
    unit/supervisor/access_scope_test.cpp
    unit/supervisor/authenticator_test.cpp
    unit/supervisor/token_store_test.cpp
  LINK bulkhead::access)

# What a client meets: streams and their bounds, the hub's messages, the control channel.
bulkhead_test(outbox_test LABEL unit ONE_THREAD
  SOURCES
    unit/supervisor/flow_control_test.cpp
    unit/supervisor/outbox_test.cpp
    unit/supervisor/stream_test.cpp
  LINK bulkhead::stream)
bulkhead_test(hub_test LABEL unit ONE_THREAD
  SOURCES
    unit/supervisor/alert_history_test.cpp
    unit/supervisor/hub_test.cpp
    unit/supervisor/notification_test.cpp
    unit/supervisor/result_history_test.cpp
    unit/supervisor/prometheus_text_test.cpp
  LINK bulkhead::hub)
bulkhead_test(control_test LABEL unit
  SOURCES
    unit/supervisor/access_methods_test.cpp
    unit/supervisor/canary_methods_test.cpp
    unit/supervisor/changed_spec_test.cpp
    unit/supervisor/credentials_test.cpp
    unit/supervisor/connection_sessions_test.cpp
    unit/supervisor/connections_test.cpp
    unit/supervisor/json_rpc_test.cpp
    unit/supervisor/list_methods_test.cpp
    unit/supervisor/methods_test.cpp
    unit/supervisor/http_routes_test.cpp
    unit/supervisor/subscriber_resume_test.cpp
    unit/supervisor/subscriber_test.cpp
    unit/supervisor/write_pace_test.cpp
  LINK bulkhead::control)

# The real server over real sockets, met by another WebSocket library than ours (Debian's
# python3-websockets) and by bare sockets where a library would not misbehave.
add_executable(control_server_fixture fixtures/control_server.cpp)
target_link_libraries(control_server_fixture PRIVATE bulkhead::control)
# bench/streams.py measures it: also what it takes from headers is compiled as it ships.
target_compile_options(control_server_fixture PRIVATE $<$<CONFIG:Release>:-O3>)
set_target_properties(control_server_fixture PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
# ASan would keep what was freed for a while; one test bounds the memory that is held.
set(control_environment "BULKHEAD_CONTROL_FIXTURE=$<TARGET_FILE:control_server_fixture>"
  "ASAN_OPTIONS=quarantine_size_mb=0:thread_local_quarantine_size_kb=0")
set(control_tests access logs)
if(NOT BULKHEAD_SANITIZE STREQUAL thread)  # to the others no thread but the channel's own is known
  list(APPEND control_tests compression conformance hostile http limits ownership slow_readers tls websocket)
endif()
foreach(name IN LISTS control_tests)
  add_test(NAME control.${name}
    COMMAND /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/tests/process/control/test_${name}.py -v)
  set_tests_properties(control.${name} PROPERTIES LABELS process TIMEOUT 300
    ENVIRONMENT "${control_environment}")
endforeach()
