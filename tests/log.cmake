# Log files read for clients, as another process writes, rotates and removes them.
bulkhead_test(log_test LABEL unit
  SOURCES
    unit/supervisor/log_cursor_test.cpp
    unit/supervisor/log_file_test.cpp
    unit/supervisor/log_filter_test.cpp
    unit/supervisor/log_tail_test.cpp
    unit/supervisor/tail_queue_test.cpp
  LINK bulkhead::log
)
