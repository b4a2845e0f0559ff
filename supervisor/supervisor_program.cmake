# What the program is besides its parts: start, stop, signals, and the lock of its state directory.
add_library(bulkhead_supervisor_frame STATIC)
add_library(bulkhead::supervisor_frame ALIAS bulkhead_supervisor_frame)
target_sources(bulkhead_supervisor_frame
  PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES
    instance_lock.hpp
    program_exit.hpp
    service_notifier.hpp
    signals.hpp
    worker_user.hpp
  PRIVATE
    instance_lock.cpp
    service_notifier.cpp
    signals.cpp
    worker_user.cpp
)
target_link_libraries(bulkhead_supervisor_frame PUBLIC bulkhead::common Threads::Threads)
set_target_properties(bulkhead_supervisor_frame PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)

add_executable(bulkhead-supervisor
  main.cpp supervisor.cpp supervisor.hpp supervisor_parts.hpp supervisor_upgrade.cpp
)
target_link_libraries(bulkhead-supervisor
  PRIVATE bulkhead::bundle bulkhead::config bulkhead::control bulkhead::hub bulkhead::session
          bulkhead::supervisor_frame bulkhead::upgrade CLI11::CLI11
)
