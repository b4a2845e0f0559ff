# The history of a session in a file of its own.
find_package(SQLiteCpp REQUIRED)

add_library(bulkhead_sink_sqlite STATIC)
add_library(bulkhead::sink_sqlite ALIAS bulkhead_sink_sqlite)
target_sources(bulkhead_sink_sqlite
  PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES
    history_keys.hpp
    history_writer.hpp
    sqlite_error.hpp
    sqlite_sink.hpp
  PRIVATE
    history_keys.cpp
    history_writer.cpp
    sqlite_error.cpp
    sqlite_sink.cpp
)
target_link_libraries(bulkhead_sink_sqlite PUBLIC bulkhead::ipc PRIVATE SQLiteCpp)
set_target_properties(bulkhead_sink_sqlite PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
