# Pictures of events, from the detect thread to files.
bulkhead_test(snapshot_test LABEL unit
  SOURCES
    unit/worker/snapshot/boxed_picture_test.cpp
    unit/worker/snapshot/snapshot_folder_test.cpp
    unit/worker/snapshot/snapshot_stage_test.cpp
    unit/worker/snapshot/snapshot_writer_test.cpp
  LINK bulkhead::snapshot PkgConfig::turbojpeg)
