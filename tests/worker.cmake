bulkhead_test(worker_publish_test LABEL unit
  SOURCES
    unit/worker/camera_report_test.cpp
    unit/worker/preview_publisher_test.cpp
    unit/worker/result_publisher_test.cpp
  LINK bulkhead::publish PkgConfig::turbojpeg)

bulkhead_test(worker_pipeline_test LABEL unit
  SOURCES
    unit/worker/detect_loop_test.cpp
    unit/worker/frame_rate_gate_test.cpp
    unit/worker/frame_ring_test.cpp
    unit/worker/log_throttle_test.cpp
    unit/worker/session_secrets_test.cpp
  LINK bulkhead::worker)
