bulkhead_test(ipc_test LABEL unit
  SOURCES
    unit/ipc/command_test.cpp
    unit/ipc/control_socket_test.cpp
    unit/ipc/doorbell_test.cpp
    unit/ipc/event_record_test.cpp
    unit/ipc/preview_slot_test.cpp
    unit/ipc/priority_channel_test.cpp
    unit/ipc/record_hostile_test.cpp
    unit/ipc/record_test.cpp
    unit/ipc/shm_segment_test.cpp
    unit/ipc/spsc_ring_hostile_test.cpp
    unit/ipc/spsc_ring_test.cpp
    unit/ipc/start_message_test.cpp
  LINK bulkhead::ipc
)

# One program per misbehaviour; tests start them by their path.
set(BULKHEAD_FIXTURE_DIR ${PROJECT_BINARY_DIR}/fixtures)
foreach(fixture answer_commands attach_segment push_for_ever rewrite_ring shrink_segment
        stuff_doorbell)
  add_executable(fixture_${fixture} EXCLUDE_FROM_ALL fixtures/${fixture}.cpp)  # built with the test that starts it
  target_link_libraries(fixture_${fixture} PRIVATE bulkhead::ipc)
  set_target_properties(fixture_${fixture} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${BULKHEAD_FIXTURE_DIR})
  list(APPEND ipc_fixtures fixture_${fixture})
endforeach()

bulkhead_test(ipc_process_test LABEL process ONE_THREAD
  SOURCES
    process/ipc/hostile_worker_test.cpp
    process/ipc/killed_worker_test.cpp
    process/ipc/wake_up_test.cpp
  LINK bulkhead::ipc
)
target_compile_definitions(ipc_process_test PRIVATE BULKHEAD_FIXTURE_DIR="${BULKHEAD_FIXTURE_DIR}")
add_dependencies(ipc_process_test ${ipc_fixtures})
