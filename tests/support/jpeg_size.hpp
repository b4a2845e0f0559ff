#pragma once

#include <turbojpeg.h>

#include <string>
#include <utility>

namespace bulkhead::test {

/// Width and height of a JPEG that a viewer can read to its end; 0 and 0 of what is none.
inline std::pair<int, int> jpeg_size(const std::string& jpeg) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(jpeg.data());
  std::pair<int, int> size{0, 0};
  int subsampling = 0;
  int colours = 0;
  tjhandle handle = tjInitDecompress();
  std::string rgb;
  if (tjDecompressHeader3(handle, bytes, jpeg.size(), &size.first, &size.second, &subsampling,
                          &colours) == 0) {
    rgb.resize(static_cast<std::size_t>(size.first) * static_cast<std::size_t>(size.second) * 3);
    auto* out = reinterpret_cast<unsigned char*>(rgb.data());
    if (tjDecompress2(handle, bytes, jpeg.size(), out, size.first, 0, size.second, TJPF_RGB, 0) !=
        0) {
      size = {0, 0};
    }
  }
  tjDestroy(handle);
  return size;
}

}  // namespace bulkhead::test
