# What tests of the capture side need besides it: a real camera, and clips made on the spot.
pkg_get_variable(BULKHEAD_GST_PLUGINS_DIR gstreamer-1.0 pluginsdir)
add_library(bulkhead_test_capture STATIC
  support/attempt.cpp
  support/demo_camera.cpp
  support/made_clip.cpp
  support/scripted_rtsp_server.cpp
)
target_link_libraries(bulkhead_test_capture PUBLIC bulkhead::source GTest::gtest)
target_compile_definitions(bulkhead_test_capture PUBLIC
  BULKHEAD_DEMO_CAMERA="$<TARGET_FILE:bulkhead-demo-camera>"
  BULKHEAD_TEST_CACHE_DIR="${PROJECT_BINARY_DIR}/tests/cache"
  BULKHEAD_GST_PLUGINS_DIR="${BULKHEAD_GST_PLUGINS_DIR}"
)
if(BULKHEAD_HAS_DATA)
  target_compile_definitions(bulkhead_test_capture PUBLIC
    BULKHEAD_TEST_CLIPS="${BULKHEAD_DATA_DIR}")
endif()
add_dependencies(bulkhead_test_capture bulkhead-demo-camera)

bulkhead_test(rtsp_source_test LABEL e2e
  SOURCES e2e/source/rtsp_source_test.cpp
  LINK bulkhead_test_capture
)
bulkhead_test(camera_clock_test LABEL e2e
  SOURCES e2e/source/camera_clock_test.cpp
  LINK bulkhead_test_capture
)
bulkhead_test(address_guard_test LABEL e2e
  SOURCES e2e/source/address_guard_test.cpp
  LINK bulkhead_test_capture
)
bulkhead_test(rtsp_teardown_test LABEL e2e
  SOURCES e2e/source/rtsp_teardown_test.cpp
  LINK bulkhead_test_capture
)
bulkhead_test(rtsp_trouble_test LABEL e2e
  SOURCES e2e/source/rtsp_trouble_test.cpp
  LINK bulkhead_test_capture
)
bulkhead_test(file_source_test LABEL e2e
  SOURCES e2e/source/file_source_test.cpp
  LINK bulkhead_test_capture
)
bulkhead_test(pipeline_run_test LABEL e2e
  SOURCES e2e/source/pipeline_run_test.cpp
  LINK bulkhead_test_capture
)
bulkhead_test(capture_loop_test LABEL unit
  SOURCES
    unit/worker/capture_loop_test.cpp
    unit/worker/connect_permit_test.cpp
    unit/worker/short_fragment_test.cpp
  LINK bulkhead::source
)
bulkhead_test(stream_error_test LABEL unit ONE_THREAD
  SOURCES unit/worker/stream_error_test.cpp
  LINK bulkhead::source
)
