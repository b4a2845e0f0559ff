bulkhead_test(supervisor_frame_test LABEL unit
  SOURCES unit/supervisor/instance_lock_test.cpp
  LINK bulkhead::supervisor_frame
)
bulkhead_test(supervisor_frame_process_test LABEL process
  SOURCES
    process/supervisor/signals_test.cpp
  LINK bulkhead::supervisor_frame
)
