bulkhead_test(session_test LABEL unit ONE_THREAD
  SOURCES
    unit/supervisor/activation_test.cpp
    unit/supervisor/canary_rule_test.cpp
    unit/supervisor/cgroup_hierarchy_test.cpp
    unit/supervisor/connection_queue_test.cpp
    unit/supervisor/frame_rates_test.cpp
    unit/supervisor/handover_test.cpp
    unit/supervisor/pending_commands_test.cpp
    unit/supervisor/process_memory_test.cpp
    unit/supervisor/progress_watchdog_test.cpp
    unit/supervisor/reconfiguration_test.cpp
    unit/supervisor/recycling_test.cpp
    unit/supervisor/restart_policy_test.cpp
    unit/supervisor/schedule_test.cpp
    unit/supervisor/session_state_test.cpp
    unit/supervisor/session_view_test.cpp
    unit/supervisor/track_ids_test.cpp
    unit/supervisor/unknown_generations_test.cpp
    unit/supervisor/waiting_events_test.cpp
    unit/supervisor/worker_end_test.cpp
    unit/supervisor/worker_readings_test.cpp
  LINK bulkhead::session
)

bulkhead_test(registry_test LABEL unit
  SOURCES unit/supervisor/registry_test.cpp
  LINK bulkhead::session SQLiteCpp
)

add_library(bulkhead_stand_in_worker STATIC fixtures/stand_in_worker.cpp)
target_link_libraries(bulkhead_stand_in_worker PUBLIC bulkhead::ipc)

# Workers with one misbehaviour each; named fixture_* so that a process list says what they are.
set(BULKHEAD_FIXTURE_DIR ${PROJECT_BINARY_DIR}/fixtures)
foreach(fixture
    asks_without_end camera_comes_and_goes confines_itself_twice crashes_at_start dies_after_publishing
    exits_without_reason fills_its_ring frames_stop gives_alerts hangs_in_inference healthy_worker ignores_stop
    leaks_descriptors leaks_memory leaves_a_child leaves_its_session loses_its_camera model_is_unusable never_answers
    never_says_hello publishes_late_results repeats_itself speaks_out_of_turn starts_too_many
    tells_its_surroundings
    watches_a_camera     writes_garbage wrong_layout_version)
  add_executable(fixture_${fixture} EXCLUDE_FROM_ALL fixtures/${fixture}.cpp)  # built with the test that starts it
  target_link_libraries(fixture_${fixture} PRIVATE bulkhead_stand_in_worker)
  set_target_properties(fixture_${fixture} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${BULKHEAD_FIXTURE_DIR})
  list(APPEND session_fixtures fixture_${fixture})
endforeach()

bulkhead_test(session_process_test LABEL process ONE_THREAD
  SOURCES
    process/session/alert_test.cpp
    process/session/availability_test.cpp
    process/session/camera_state_test.cpp
    process/session/canary_test.cpp
    process/session/connection_admission_test.cpp
    process/session/context_test.cpp
    process/session/left_session_test.cpp
    process/session/reconfigure_test.cpp
    process/session/recycling_test.cpp
    process/session/resource_limits_test.cpp
    process/session/restart_test.cpp
    process/session/declared_list_test.cpp
    process/session/session_table_test.cpp
    process/session/succession_test.cpp
    process/session/warm_spares_test.cpp
    process/session/worker_death_test.cpp
    process/session/worker_process_test.cpp
  LINK bulkhead::session
)
target_compile_definitions(session_process_test PRIVATE
  BULKHEAD_FIXTURE_DIR="${BULKHEAD_FIXTURE_DIR}")
add_dependencies(session_process_test ${session_fixtures})
