bulkhead_test(worker_publish_test LABEL unit
  SOURCES
    unit/worker/camera_report_test.cpp
    unit/worker/preview_publisher_test.cpp
    unit/worker/result_publisher_test.cpp
  LINK bulkhead::publish PkgConfig::turbojpeg)

bulkhead_test(worker_pipeline_test LABEL unit
  SOURCES
    unit/worker/confinement_test.cpp
    unit/worker/crash_report_test.cpp
    unit/worker/dark_picture_test.cpp
    unit/worker/detect_loop_test.cpp
    unit/worker/frame_inference_test.cpp
    unit/worker/frame_rate_gate_test.cpp
    unit/worker/frame_ring_test.cpp
    unit/worker/frozen_picture_test.cpp
    unit/worker/gst_log_test.cpp
    unit/worker/log_throttle_test.cpp
    unit/worker/motion_gate_test.cpp
    unit/worker/picture_part_test.cpp
    unit/worker/result_context_test.cpp
    unit/worker/session_secrets_test.cpp
  LINK bulkhead::worker)

bulkhead_test(canary_test LABEL unit
  SOURCES
    unit/worker/canary/agreement_test.cpp
    unit/worker/canary/canary_test.cpp
  LINK bulkhead::canary)

bulkhead_test(track_test LABEL unit ONE_THREAD
  SOURCES
    unit/worker/assignment_test.cpp
    unit/worker/association_test.cpp
    unit/worker/kalman_box_test.cpp
    unit/worker/track_stage_test.cpp
    unit/worker/tracker_test.cpp
  LINK bulkhead::track)

bulkhead_test(zone_test LABEL unit ONE_THREAD
  SOURCES
    unit/worker/scene_stage_test.cpp
    unit/worker/zone_watch_test.cpp
  LINK bulkhead::zone)

# The real program as a child, with what a supervisor has of it.
add_library(bulkhead_worker_harness STATIC support/worker_harness.cpp)
target_link_libraries(bulkhead_worker_harness PUBLIC bulkhead::process bulkhead::ipc)
target_compile_definitions(bulkhead_worker_harness PUBLIC
  BULKHEAD_WORKER="$<TARGET_FILE:bulkhead-worker>"
  BULKHEAD_TEST_CACHE_DIR="${PROJECT_BINARY_DIR}/tests/cache"
)
add_dependencies(bulkhead_worker_harness bulkhead-worker)

bulkhead_test(worker_start_test LABEL process WHOLE_STACKS
  SOURCES process/worker/start_test.cpp
  LINK bulkhead_worker_harness)

bulkhead_test(sandbox_rules_test LABEL unit ONE_THREAD
  SOURCES
    unit/worker/landlock_test.cpp
    unit/worker/sandbox_rules_test.cpp
  LINK bulkhead::sandbox)

# Its kernel is made to lack something by libseccomp, as the worker's confinement is made by it.
set(BULKHEAD_FIXTURE_DIR ${PROJECT_BINARY_DIR}/fixtures)
add_executable(fixture_breaks_out fixtures/breaks_out.cpp)
target_link_libraries(fixture_breaks_out PRIVATE bulkhead::sandbox PkgConfig::SECCOMP)
set_target_properties(fixture_breaks_out PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${BULKHEAD_FIXTURE_DIR})
bulkhead_test(sandbox_test LABEL process
  SOURCES process/worker/sandbox_test.cpp
  LINK bulkhead::sandbox)
target_compile_definitions(sandbox_test PRIVATE
  BULKHEAD_FIXTURE_DIR="${BULKHEAD_FIXTURE_DIR}"
  BULKHEAD_TEST_CACHE_DIR="${PROJECT_BINARY_DIR}/tests/cache")
add_dependencies(sandbox_test fixture_breaks_out)

bulkhead_test(worker_test LABEL e2e
  SOURCES e2e/worker/worker_test.cpp
  LINK bulkhead_worker_harness bulkhead_test_capture)
